//! Constraints: most can be declared first and checked later, while everybody goes on.

use report::Safer;
use squawk_syntax::ast::{AlterColumnOption, AlterTableAction, AstNode as _, Constraint, ConstraintOption};

use super::blocked::where_long;
use super::{Context, Found, Rule, safer};
use crate::name::{Name, identifier, quoted};

const IN_TWO: &str = "Add it NOT VALID, which reads no row, and validate it in a later migration, which blocks nobody";

fn text(node: &impl squawk_syntax::ast::AstNode) -> String {
    node.syntax().text().to_string()
}

fn added(context: &Context) -> Option<(Name, Constraint)> {
    let (table, actions) = context.altered()?;
    actions.into_iter().find_map(|action| match action {
        AlterTableAction::AddConstraint(it) => it.constraint().map(|constraint| (table.clone(), constraint)),
        _ => None,
    })
}

fn is_valid(constraint: &Constraint) -> bool {
    let mut options = constraint.syntax().children().filter_map(ConstraintOption::cast);
    !options.any(|option| matches!(option, ConstraintOption::NotValid(_) | ConstraintOption::NotEnforced(_)))
}

fn name_of(constraint: &Constraint) -> Option<String> {
    let named =
        constraint.syntax().descendants().find(|node| node.kind() == squawk_syntax::SyntaxKind::CONSTRAINT_NAME)?;
    Some(quoted(&identifier(&named.text().to_string())))
}

/// `ADD … NOT VALID`, and its validation.
fn in_two(table: &Name, constraint: &Constraint) -> Option<Safer> {
    let definition = text(constraint);
    let sql = name_of(constraint).map(|name| {
        format!("ALTER TABLE {table} ADD {definition} NOT VALID;\n\nALTER TABLE {table} VALIDATE CONSTRAINT {name};")
    });
    safer(IN_TWO, sql)
}

pub(super) const SET_NOT_NULL: Rule = Rule {
    name: "set-not-null",
    about: "SET NOT NULL reads every row while nobody can read or write the table, unless a validated CHECK proves it.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ALTER COLUMN a SET NOT NULL",
    good: "ALTER TABLE big ADD CONSTRAINT big_a_not_null CHECK (a IS NOT NULL) NOT VALID;\n\n\
           ALTER TABLE big VALIDATE CONSTRAINT big_a_not_null;\n\n\
           ALTER TABLE big ALTER COLUMN a SET NOT NULL;\n\
           ALTER TABLE big DROP CONSTRAINT big_a_not_null",
    judge: set_not_null,
};

fn set_not_null(context: &Context) -> Option<Found> {
    let (table, actions) = context.altered()?;
    let column = actions.iter().find_map(|action| match action {
        AlterTableAction::AlterColumn(it) if matches!(it.option(), Some(AlterColumnOption::SetNotNull(_))) => {
            it.column_name_ref()
        }
        _ => None,
    })?;
    let column = identifier(&text(&column));
    let name = quoted(&format!("{}_{column}_not_null", table.name));
    let column = quoted(&column);
    where_long(context, || {
        safer(
            "Have a CHECK prove it first: add it NOT VALID, validate it in a later migration, and then SET NOT NULL reads no row",
            Some(format!(
                "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({column} IS NOT NULL) NOT VALID;\n\n\
                 ALTER TABLE {table} VALIDATE CONSTRAINT {name};\n\n\
                 ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\n\
                 ALTER TABLE {table} DROP CONSTRAINT {name};"
            )),
        )
    })
}

pub(super) const ADD_CHECK: Rule = Rule {
    name: "add-check",
    about: "A new CHECK is tried on every row while nobody can read or write the table.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0)",
    good: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;\n\nALTER TABLE big VALIDATE CONSTRAINT positive",
    judge: |context| {
        let (table, constraint) = added(context)?;
        let is_check = matches!(constraint, Constraint::CheckConstraint(_)) && is_valid(&constraint);
        is_check.then(|| where_long(context, || in_two(&table, &constraint)))?
    },
};

pub(super) const ADD_FOREIGN_KEY: Rule = Rule {
    name: "add-foreign-key",
    about: "A new foreign key is looked up for every row while nobody can write either table.",
    setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE big (id bigint, customer bigint)",
    bad: "ALTER TABLE big ADD CONSTRAINT big_customer FOREIGN KEY (customer) REFERENCES customers (id)",
    good: "ALTER TABLE big ADD CONSTRAINT big_customer FOREIGN KEY (customer) REFERENCES customers (id) NOT VALID;\n\n\
           ALTER TABLE big VALIDATE CONSTRAINT big_customer",
    judge: |context| {
        let (table, constraint) = added(context)?;
        let is_key = matches!(constraint, Constraint::ForeignKeyConstraint(_)) && is_valid(&constraint);
        is_key.then(|| where_long(context, || in_two(&table, &constraint)))?
    },
};

pub(super) const ADD_INDEXED_CONSTRAINT: Rule = Rule {
    name: "add-indexed-constraint",
    about: "UNIQUE, PRIMARY KEY and EXCLUDE build their index while nobody can read or write the table.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD CONSTRAINT big_a_key UNIQUE (a)",
    good: "CREATE UNIQUE INDEX CONCURRENTLY big_a_key ON big (a);\n\n\
           ALTER TABLE big ADD CONSTRAINT big_a_key UNIQUE USING INDEX big_a_key",
    judge: indexed,
};

fn indexed(context: &Context) -> Option<Found> {
    let (table, constraint) = added(context)?;
    let (kind, columns) = match &constraint {
        Constraint::UniqueConstraint(it) if it.using_index().is_none() => {
            ("UNIQUE", it.index_parameters()?.column_list())
        }
        Constraint::PrimaryKeyConstraint(it) if it.using_index().is_none() => {
            ("PRIMARY KEY", it.index_parameters()?.column_list())
        }
        Constraint::ExcludeConstraint(_) => {
            return where_long(context, || {
                safer("An exclusion constraint cannot be built beside its users: do it when nobody writes", None)
            });
        }
        _ => return None,
    };
    where_long(context, || {
        let columns = columns.map(|list| text(&list))?;
        let name = name_of(&constraint).unwrap_or_else(|| quoted(&format!("{}_key", table.name)));
        safer(
            "Build the unique index CONCURRENTLY in a migration of its own, and make the constraint of it in the next",
            Some(format!(
                "CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} {columns};\n\n\
                 ALTER TABLE {table} ADD CONSTRAINT {name} {kind} USING INDEX {name};"
            )),
        )
    })
}

pub(super) const VALIDATE_WITH_LOCK: Rule = Rule {
    name: "validate-apart",
    about: "VALIDATE CONSTRAINT blocks nobody, but a stronger lock that the same script took before it stays until the end.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;\nALTER TABLE big VALIDATE CONSTRAINT positive",
    good: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;\n\nALTER TABLE big VALIDATE CONSTRAINT positive",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let validates = actions.iter().any(|action| matches!(action, AlterTableAction::ValidateConstraint(_)));
        if !validates || !context.earlier_locks {
            return None;
        }
        let time = crate::estimate::Time::of(context.effects, context.world);
        let verdict = super::blocked::verdict(time.how_long(), false);
        (verdict > report::Verdict::Safe).then(|| Found {
            verdict,
            text: "It reads every row while a stronger lock of the same script keeps others out".to_owned(),
            safer: safer("Put VALIDATE CONSTRAINT into a migration of its own", None),
        })
    },
};
