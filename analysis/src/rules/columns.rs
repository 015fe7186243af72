//! Columns: added with a value for each row, or of another type.

use report::Work;
use squawk_syntax::ast::{AlterColumnOption, AlterTableAction, AstNode as _, Constraint};

use super::blocked::where_long;
use super::{Context, Found, Rule, safer};
use crate::name::{Name, identifier, quoted};

fn rewrites(context: &Context) -> bool {
    context.effects.of.iter().any(|effect| !effect.is_new && effect.work.contains(&Work::Rewrite))
}

pub(super) const COLUMN_TYPE: Rule = Rule {
    name: "column-type",
    about: "A new type that stores its values otherwise writes the table and all its indexes anew.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ALTER COLUMN a TYPE bigint",
    good: "ALTER TABLE big ADD COLUMN a_new bigint",
    judge: |context| {
        let (table, actions) = context.altered()?;
        let (column, of_type) = actions.iter().find_map(|action| match action {
            AlterTableAction::AlterColumn(it) => match it.option() {
                Some(AlterColumnOption::SetType(set)) => Some((it.column_name_ref()?, set.ty()?)),
                _ => None,
            },
            _ => None,
        })?;
        let column = identifier(&column.syntax().text().to_string());
        where_long(context, || {
            safer(
                "Add a column of the new type, have the application write both, fill it in batches, and change over to it later",
                Some(add(&table, &format!("{column}_new"), &of_type.syntax().text().to_string())),
            )
        })
    },
};

fn add(table: &Name, column: &str, of_type: &str) -> String {
    format!("ALTER TABLE {table} ADD COLUMN {} {of_type};", quoted(column))
}

pub(super) const COLUMN_FILLED: Rule = Rule {
    name: "column-filled",
    about: "A new column whose value differs from row to row writes the table anew: a volatile default, a sequence, GENERATED STORED.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    good: "ALTER TABLE big ADD COLUMN token uuid;\n\nALTER TABLE big ALTER COLUMN token SET DEFAULT gen_random_uuid()",
    judge: filled,
};

fn filled(context: &Context) -> Option<Found> {
    let (table, actions) = context.altered()?;
    let added = actions.iter().find_map(|action| match action {
        AlterTableAction::AddColumn(it) => Some(it.clone()),
        _ => None,
    })?;
    if !rewrites(context) {
        return None;
    }
    let column = quoted(&identifier(&added.column_name()?.syntax().text().to_string()));
    let default = added.constraints().find_map(|constraint| match constraint {
        Constraint::DefaultConstraint(it) => it.expr().map(|expr| expr.syntax().text().to_string()),
        _ => None,
    });
    let of_type = added.ty().map(|ty| ty.syntax().text().to_string());
    where_long(context, || {
        let sql = default.zip(of_type).map(|(default, of_type)| {
            format!(
                "ALTER TABLE {table} ADD COLUMN {column} {of_type};\n\
                 ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default};"
            )
        });
        safer("Add the column without a value, set the default for new rows, and fill the old ones in batches", sql)
    })
}

pub(super) const REQUIRED_COLUMN: Rule = Rule {
    name: "required-column",
    about: "A new column that is NOT NULL and has no default fails where there are rows.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "ALTER TABLE big ADD COLUMN a integer NOT NULL",
    good: "ALTER TABLE big ADD COLUMN a integer NOT NULL DEFAULT 0",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let is_required = actions.iter().any(|action| match action {
            AlterTableAction::AddColumn(it) => {
                let constraints: Vec<_> = it.constraints().collect();
                let has = |wanted: fn(&Constraint) -> bool| constraints.iter().any(wanted);
                let is_serial =
                    it.ty().is_some_and(|ty| ty.syntax().text().to_string().to_lowercase().contains("serial"));
                has(|it| matches!(it, Constraint::NotNullConstraint(_) | Constraint::PrimaryKeyConstraint(_)))
                    && !has(|it| matches!(it, Constraint::DefaultConstraint(_) | Constraint::GeneratedConstraint(_)))
                    && !is_serial
            }
            _ => false,
        });
        let has_rows = context.rows().is_some_and(|rows| rows > 0);
        (is_required && has_rows).then(|| Found {
            verdict: report::Verdict::Caution,
            text: "The table seems to have rows, and PostgreSQL refuses a column that would be null in them".to_owned(),
            safer: safer("Give it a default, which costs nothing, or add it without NOT NULL and fill it first", None),
        })
    },
};
