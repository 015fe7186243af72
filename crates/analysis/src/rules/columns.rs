//! Rules on columns that are added with a value for each row, or change their type.

use report::{Verdict, Work};
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AlterColumnOption, AlterTableAction, AstNode as _, Constraint};

use super::blocked::where_long;
use super::rule::{Context, Found, Rule};
use super::safer::safer;
use super::suggest::{Altered, Scripts, alone, edited, is_domain_with_constraint, plain, script};
use crate::effects::expression::{Volatility, volatility};
use crate::effects::{is_serial, name_of};
use crate::name::{identifier, quoted};

pub(super) const COLUMN_TYPE: Rule = Rule {
    name: "column-type",
    about: "Changing a column to a type whose values are stored in another form rewrites the table and all its indexes.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ALTER COLUMN a TYPE bigint",
    good: "ALTER TABLE big ADD COLUMN a_new bigint",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let is_changed = |action: &AlterTableAction| match action {
            AlterTableAction::AlterColumn(it) => matches!(it.option(), Some(AlterColumnOption::SetType(_))),
            _ => false,
        };
        actions.iter().any(is_changed).then(|| {
            where_long(context, || {
                let first = another_column(context);
                let which = if first.is_some() { ". The SQL is the first of these steps" } else { "" };
                safer(&format!("{ANOTHER_COLUMN}{which}"), first)
            })
        })?
    },
};

const ANOTHER_COLUMN: &str = "Add a column of the new type. Deploy code that writes both. Copy the old values in batches. Then \
    use the new column";

/// Returns the SQL for a column of the new type beside the old one.
fn another_column(context: &Context) -> Option<Scripts> {
    let altered = Altered::of(context)?;
    let AlterTableAction::AlterColumn(alter) = altered.only_action()? else { return None };
    let Some(AlterColumnOption::SetType(set)) = alter.option() else { return None };
    let name = format!("{}_new", identifier(&plain(alter.column_name_ref()?.syntax())));
    let is_free = identifier(&quoted(&name)) == name && !altered.before.columns.iter().any(|known| known.name == name);
    if !is_free || is_domain_with_constraint(&set.ty()?, context.world) {
        return None;
    }
    let collation = set.collate().map_or_else(String::new, |collate| format!(" {}", plain(collate.syntax())));
    let of_type = plain(set.ty()?.syntax());
    Some(alone(format!("{} ADD COLUMN {} {of_type}{collation}", altered.head, quoted(&name))))
}

pub(super) const COLUMN_FILLED: Rule = Rule {
    name: "column-filled",
    about: "A new column whose value differs from row to row rewrites the table: a volatile default, a sequence, GENERATED STORED.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD COLUMN token uuid DEFAULT gen_random_uuid()",
    good: "ALTER TABLE big ADD COLUMN token uuid;\n\nALTER TABLE big ALTER COLUMN token SET DEFAULT gen_random_uuid()",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let writes = |effect: &report::Effect| !effect.is_new && effect.work.contains(&Work::Rewrite);
        let fills = |action: &AlterTableAction| match action {
            AlterTableAction::AddColumn(it) => Some(filled_by(it, context)?),
            _ => None,
        };
        let with = actions.iter().find_map(fills).filter(|_| context.effects.of.iter().any(writes))?;
        where_long(context, || safer(with.advice(), default_later(context)))
    },
};

/// Why adding a column writes every row.
#[derive(Clone, Copy)]
enum FilledBy {
    Default,
    Domain,
    Generated,
}

impl FilledBy {
    fn advice(self) -> &'static str {
        match self {
            Self::Default => {
                "Add the column without a default. Set the default for new rows. Fill the old rows in batches. Then add NOT \
                 NULL or UNIQUE"
            }
            Self::Domain => {
                "Add the column with the type that the domain is made of, and the domain's condition as a CHECK of the table: \
                 NOT VALID first, validated in a later migration"
            }
            Self::Generated => {
                "Add an ordinary column, let a trigger compute it for new rows, and fill the old rows in batches"
            }
        }
    }
}

fn filled_by(add: &ast::AddColumn, context: &Context) -> Option<FilledBy> {
    let of_type = add.ty()?;
    let constraints: Vec<_> = add.constraints().collect();
    if constraints.iter().any(|it| matches!(it, Constraint::GeneratedConstraint(_)) && !is_identity(it)) {
        return Some(FilledBy::Generated);
    }
    let is_volatile =
        default_of(&constraints).is_some_and(|expr| volatility(expr.syntax(), context.world) == Volatility::Volatile);
    if is_volatile || is_serial(&name_of(of_type.syntax())) || constraints.iter().any(is_identity) {
        return Some(FilledBy::Default);
    }
    is_domain_with_constraint(&of_type, context.world).then_some(FilledBy::Domain)
}

/// Returns the SQL for a column without its default, and for a default of later rows; only where nothing else is said
/// of the column.
fn default_later(context: &Context) -> Option<Scripts> {
    let altered = Altered::of(context)?;
    let AlterTableAction::AddColumn(add) = altered.only_action()? else { return None };
    let constraints: Vec<_> = add.constraints().collect();
    let [default @ Constraint::DefaultConstraint(written)] = &constraints[..] else { return None };
    // With IF NOT EXISTS the column may exist, and then the second statement would change it. A domain's constraint
    // would be checked in every row, even without a value.
    if add.if_not_exists().is_some() || is_domain_with_constraint(&add.ty()?, context.world) {
        return None;
    }
    let range = default.syntax().text_range();
    let added = edited(add.syntax(), |token| !range.contains_range(token.text_range()), |_| None);
    let column = plain(add.column_name()?.syntax());
    let value = plain(written.expr()?.syntax());
    let head = &altered.head;
    Some(script([format!("{head} {added}"), format!("{head} ALTER COLUMN {column} SET DEFAULT {value}")]))
}

fn default_of(constraints: &[Constraint]) -> Option<ast::Expr> {
    constraints.iter().find_map(|constraint| match constraint {
        Constraint::DefaultConstraint(it) => it.expr(),
        _ => None,
    })
}

fn is_identity(constraint: &Constraint) -> bool {
    let mut tokens = constraint.syntax().descendants_with_tokens();
    matches!(constraint, Constraint::GeneratedConstraint(_))
        && tokens.any(|element| element.kind() == SyntaxKind::IDENTITY_KW)
}

pub(super) const REQUIRED_COLUMN: Rule = Rule {
    name: "required-column",
    about: "A new column that is NOT NULL and has no default fails where there are rows.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "ALTER TABLE big ADD COLUMN a integer NOT NULL",
    good: "ALTER TABLE big ADD COLUMN a integer NOT NULL DEFAULT 0",
    judge: |context| {
        let (table, actions) = context.altered()?;
        let added = |action: &AlterTableAction| match action {
            AlterTableAction::AddColumn(it) if is_required(it, context) => Some(plain(it.column_name()?.syntax())),
            _ => None,
        };
        let column = actions.iter().find_map(added)?;
        let rows = most_rows(context)?;
        // Values that the plan itself has removed before do not count.
        let (verdict, text) = if rows > 0 && !context.had_changed_rows {
            (
                Verdict::Danger,
                format!(
                    "The run fails, if the statistics are right: {table} has rows, and the column {column} would be null in \
                     them"
                ),
            )
        } else {
            (
                Verdict::Caution,
                format!("The run fails if {table} has rows by then: the column {column} would be null in them"),
            )
        };
        let advice = "Give the column a default that is the same for all rows, which takes a moment (a default that differs \
                      from row to row rewrites the table). Or add the column without NOT NULL, fill it, and then set NOT NULL";
        Some(Found { verdict, text, safer: safer(advice, None) })
    },
};

fn is_required(add: &ast::AddColumn, context: &Context) -> bool {
    let constraints: Vec<_> = add.constraints().collect();
    let has = |wanted: fn(&Constraint) -> bool| constraints.iter().any(wanted);
    let is_null = |expr: ast::Expr| plain(expr.syntax()).eq_ignore_ascii_case("null");
    let has_value = default_of(&constraints).is_some_and(|expr| !is_null(expr))
        || has(|it| matches!(it, Constraint::GeneratedConstraint(_)))
        || add.ty().is_some_and(|of_type| is_serial(&name_of(of_type.syntax())) || context.world.is_domain(&of_type));
    let is_there = || {
        let name = add.column_name().map(|name| identifier(&plain(name.syntax())));
        let known = context.target().into_iter().flat_map(|table| &table.columns);
        add.if_not_exists().is_some() && known.into_iter().any(|column| Some(&column.name) == name.as_ref())
    };
    has(|it| matches!(it, Constraint::NotNullConstraint(_) | Constraint::PrimaryKeyConstraint(_)))
        && !has_value
        && !is_there()
}

/// Returns the highest number of rows of the table or one of its children; `Some(0)` if the number is not known and the
/// table is not known to be empty. Returns `None` if the table is new, or known to be empty.
fn most_rows(context: &Context) -> Option<u64> {
    let before = context.target()?;
    let tables = context.world.family(&before.name);
    let effects =
        context.effects.of.iter().filter(|effect| tables.iter().any(|name| name.to_string() == effect.relation));
    let effects: Vec<_> = effects.collect();
    let facts: Vec<_> = effects.iter().filter_map(|effect| context.world.facts(effect)).collect();
    let most = facts.iter().filter_map(|facts| facts.rows).max().unwrap_or(0);
    let is_uncounted = || facts.iter().any(|facts| facts.rows.is_none() && facts.bytes > 0);
    // Without a database there are no facts at all.
    let is_unknown = || is_uncounted() || effects.iter().any(|it| !it.is_new && context.world.facts(it).is_none());
    (most > 0 || is_unknown()).then_some(most)
}
