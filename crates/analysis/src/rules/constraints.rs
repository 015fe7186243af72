//! Rules on constraints: most can be declared first and checked later, while other sessions go on.

use report::Verdict;
use squawk_syntax::ast::{AlterColumnOption, AlterTableAction, AstNode as _, Constraint, ConstraintOption};

use super::blocked::where_long;
use super::rule::{Context, Found, Rule};
use super::safer::safer;
use super::suggest::{Altered, PARTITIONED_NOT_VALID, in_steps, is_valid, options, plain};
use crate::estimate::Time;
use crate::size::is_large;

/// Whether ALTER TABLE adds a constraint for which `is` holds.
fn adds(context: &Context, is: impl Fn(&Constraint) -> bool) -> bool {
    let actions = context.altered().map(|(_, actions)| actions).unwrap_or_default();
    actions.iter().any(|action| match action {
        AlterTableAction::AddConstraint(it) => it.constraint().is_some_and(|constraint| is(&constraint)),
        _ => false,
    })
}

/// Returns `found` where the statement blocks for long. `way` says what to do, together with SQL for the whole
/// statement if there is some; `otherwise` says what to do if there is none.
fn stepwise(context: &Context, way: &str, otherwise: impl FnOnce(&Altered) -> Option<&'static str>) -> Option<Found> {
    where_long(context, || {
        let Some(altered) = Altered::of(context) else { return safer(way, None) };
        let sql = in_steps(&altered);
        let text = match (&sql, otherwise(&altered)) {
            (None, Some(otherwise)) => otherwise.to_owned(),
            (None, None) if altered.actions.len() > 1 => {
                format!("{way}; put the other actions into a statement of their own")
            }
            _ => way.to_owned(),
        };
        safer(&text, sql)
    })
}

pub(super) const SET_NOT_NULL: Rule = Rule {
    name: "set-not-null",
    about: "SET NOT NULL reads every row while no session can read or write the table, unless a validated CHECK proves it.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ALTER COLUMN a SET NOT NULL",
    good: "ALTER TABLE big ADD CONSTRAINT big_a_present CHECK (a IS NOT NULL) NOT VALID;\n\n\
           ALTER TABLE big VALIDATE CONSTRAINT big_a_present;\n\n\
           ALTER TABLE big ALTER COLUMN a SET NOT NULL;\n\
           ALTER TABLE big DROP CONSTRAINT big_a_present",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let columns: Vec<_> = actions.iter().filter_map(kept_from_null).collect();
        let way = "Add a CHECK that the column is not null, NOT VALID. Validate it in a later migration: reads and writes \
                   continue. Then SET NOT NULL reads no row";
        let found = (!columns.is_empty()).then(|| stepwise(context, way, |_| None))??;
        // The sentence says for how long, and for which table.
        Some(Found { text: format!("{}, to look for a NULL in {}", found.text, columns.join(", ")), ..found })
    },
};

/// Returns the column that must hold no NULL from now on, if the action says that.
fn kept_from_null(action: &AlterTableAction) -> Option<String> {
    let column = match action {
        AlterTableAction::AlterColumn(it) => {
            matches!(it.option()?, AlterColumnOption::SetNotNull(_)).then(|| it.column_name_ref())?
        }
        AlterTableAction::AddConstraint(it) => match it.constraint().filter(is_valid)? {
            Constraint::NotNullConstraint(it) => it.column_name_ref(),
            _ => None,
        },
        _ => None,
    };
    Some(plain(column?.syntax()))
}

const IN_TWO: &str =
    "Add it NOT VALID, which reads no row. Validate it in a later migration: reads and writes continue";

pub(super) const ADD_CHECK: Rule = Rule {
    name: "add-check",
    about: "A new CHECK is tried on every row while no session can read or write the table.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0)",
    good: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;\n\nALTER TABLE big VALIDATE CONSTRAINT positive",
    judge: |context| {
        let adds = adds(context, |it| matches!(it, Constraint::CheckConstraint(_)) && is_valid(it));
        adds.then(|| stepwise(context, IN_TWO, |_| None))?
    },
};

pub(super) const ADD_FOREIGN_KEY: Rule = Rule {
    name: "add-foreign-key",
    about: "A new foreign key is looked up for every row while no session can write either table.",
    setup: "CREATE TABLE customers (id bigint PRIMARY KEY); CREATE TABLE big (id bigint, customer bigint)",
    bad: "ALTER TABLE big ADD CONSTRAINT big_customer FOREIGN KEY (customer) REFERENCES customers (id)",
    good: "ALTER TABLE big ADD CONSTRAINT big_customer FOREIGN KEY (customer) REFERENCES customers (id) NOT VALID;\n\n\
           ALTER TABLE big VALIDATE CONSTRAINT big_customer",
    judge: |context| {
        let adds = adds(context, |it| matches!(it, Constraint::ForeignKeyConstraint(_)) && is_valid(it));
        adds.then(|| stepwise(context, IN_TWO, foreign_key_of_partitions))?
    },
};

pub(super) const ADD_INDEXED_CONSTRAINT: Rule = Rule {
    name: "add-indexed-constraint",
    about: "UNIQUE, PRIMARY KEY and EXCLUDE build their index while no session can read or write the table.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD CONSTRAINT big_a_key UNIQUE (a)",
    good: "CREATE UNIQUE INDEX CONCURRENTLY big_a_key ON big (a);\n\n\
           ALTER TABLE big ADD CONSTRAINT big_a_key UNIQUE USING INDEX big_a_key",
    judge: indexed,
};

/// Returns the way for a partitioned table: its partitions can have the foreign key NOT VALID, and the table takes over
/// the keys of its partitions.
fn foreign_key_of_partitions(altered: &Altered) -> Option<&'static str> {
    let is_refused = altered.is_partitioned() && altered.context.world.version < PARTITIONED_NOT_VALID;
    is_refused.then_some(
        "Before PostgreSQL 18 a partitioned table cannot have it NOT VALID: add it to each partition NOT VALID, validate it \
         there in a later migration, and add it to the partitioned table last, which takes over what its partitions have",
    )
}

fn indexed(context: &Context) -> Option<Found> {
    if adds(context, |it| matches!(it, Constraint::ExcludeConstraint(_))) {
        return where_long(context, || {
            safer(
                "An exclusion constraint cannot be built while other sessions write: run it in a maintenance window",
                None,
            )
        });
    }
    let adds = adds(context, |it| match it {
        Constraint::UniqueConstraint(it) => it.using_index().is_none(),
        Constraint::PrimaryKeyConstraint(it) => it.using_index().is_none(),
        _ => false,
    });
    let way = "Build the unique index CONCURRENTLY, as the only statement of a migration. In the next migration, add the constraint \
         with USING INDEX";
    // An index alone cannot wait until the transaction's end.
    let meanwhile = if waits(context) { "; until then the index refuses a duplicate value at once" } else { "" };
    adds.then(|| stepwise(context, &format!("{way}{meanwhile}"), unique_of_partitions))?
}

/// Whether the added constraint may wait until the end of a transaction.
fn waits(context: &Context) -> bool {
    let may_wait = |option| {
        use ConstraintOption::{DeferrableConstraintOption, InitiallyDeferredConstraintOption};
        matches!(option, DeferrableConstraintOption(_) | InitiallyDeferredConstraintOption(_))
    };
    adds(context, |it| options(it).any(may_wait))
}

fn unique_of_partitions(altered: &Altered) -> Option<&'static str> {
    altered.is_partitioned().then_some(
        "A partitioned table's constraint cannot be made of an index: build the unique index on each partition \
         CONCURRENTLY, each in a migration of its own, make each partition's constraint of it, and add it to the \
         partitioned table last, which takes over what its partitions have",
    )
}

pub(super) const VALIDATE_WITH_LOCK: Rule = Rule {
    name: "validate-apart",
    about: "VALIDATE CONSTRAINT itself lets other sessions read and write, but a stronger lock that the same script took before it stays until the end.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;\nALTER TABLE big VALIDATE CONSTRAINT positive",
    good: "ALTER TABLE big ADD CONSTRAINT positive CHECK (a > 0) NOT VALID;\n\nALTER TABLE big VALIDATE CONSTRAINT positive",
    judge: |context| {
        let (table, actions) = context.altered()?;
        let validates = actions.iter().any(|action| matches!(action, AlterTableAction::ValidateConstraint(_)));
        if !validates || !context.earlier_locks {
            return None;
        }
        // On a large table even a moment's block is longer than necessary.
        let least = if is_large(context.target().map(|table| &table.facts)) { Verdict::Caution } else { Verdict::Safe };
        let time = Time::of(context.effects, context.world);
        let verdict = time.verdict(false).max(least);
        (verdict > Verdict::Safe).then(|| Found {
            verdict,
            text: format!(
                "Other sessions wait for {}: an earlier statement of the script has locked tables until the script ends, and \
                 VALIDATE CONSTRAINT reads every row of {table} first",
                time.length()
            ),
            safer: safer("Move VALIDATE CONSTRAINT into a migration of its own", None),
        })
    },
};
