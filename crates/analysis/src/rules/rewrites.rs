//! Rules on other statements that write or read a whole table while others wait.

use report::{Effect, Lock, Safer, Verdict, Work};
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};
use squawk_syntax::{SyntaxNode, SyntaxToken};

use super::blocked::where_long;
use super::rule::{Context, Found, Rule};
use super::safer::safer;
use super::suggest::{Altered, Scripts, alone, edited, plain};
use crate::catalog::Relation;
use crate::effects::{Effects, World, name_of};
use crate::name::Name;

pub(super) const REFRESH: Rule = Rule {
    name: "refresh",
    about: "REFRESH MATERIALIZED VIEW keeps readers of the view out until it is filled.",
    setup: "CREATE MATERIALIZED VIEW big AS SELECT 1::bigint AS id, 2 AS a; CREATE UNIQUE INDEX big_id ON big (id)",
    bad: "REFRESH MATERIALIZED VIEW big",
    good: "REFRESH MATERIALIZED VIEW CONCURRENTLY big",
    judge: |context| {
        let ast::Stmt::Refresh(refresh) = context.statement else { return None };
        let reads = context.effects.of.iter().any(|effect| effect.lock.blocks_reads());
        let advice =
            "Use CONCURRENTLY: the view has to be filled already, and needs a unique index on columns, without WHERE";
        reads.then(|| where_long(context, || safer(advice, concurrently(context, refresh))))?
    },
};

/// Returns the SQL with CONCURRENTLY. For that the view needs an index on columns that covers every row.
fn concurrently(context: &Context, refresh: &ast::Refresh) -> Option<Scripts> {
    let view = context.world.relation(&name_of(refresh.view_ref()?.syntax()))?;
    let is_partial = |name: &str| view.indexes.iter().any(|known| known.name.name == name && known.computed);
    let has_key = view.facts.indexes.iter().any(|index| index.unique && index.valid && !is_partial(&index.name));
    let behind = refresh.view_token()?;
    let keyword = |token: &SyntaxToken| (*token == behind).then(|| " CONCURRENTLY".to_owned());
    has_key.then(|| alone(edited(refresh.syntax(), |_| true, keyword)))
}

pub(super) const ATTACH_PARTITION: Rule = Rule {
    name: "attach-partition",
    about: "ATTACH PARTITION reads the new partition, and the default one, unless a validated CHECK proves that all rows belong there.",
    setup: "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id); CREATE TABLE big (id bigint)",
    bad: "ALTER TABLE parts ATTACH PARTITION big FOR VALUES FROM (1) TO (100)",
    good: "ALTER TABLE big ADD CONSTRAINT big_range CHECK (id IS NOT NULL AND id >= 1 AND id < 100) NOT VALID;\n\n\
           ALTER TABLE big VALIDATE CONSTRAINT big_range;\n\n\
           ALTER TABLE parts ATTACH PARTITION big FOR VALUES FROM (1) TO (100)",
    judge: |context| {
        let (_, actions) = context.altered()?;
        if !actions.iter().any(|action| matches!(action, AlterTableAction::AttachPartition(_))) {
            return None;
        }
        let advice = "First add a CHECK of the partition's bounds NOT VALID, validate it, and create the indexes that the other \
                      partitions have. Then attaching does not read it. A default partition is read unless a CHECK of its own \
                      excludes the bounds";
        let mut found = where_long(context, || safer(advice, None))?;
        if may_be_proved(context.statement, context.effects, context.world) {
            found.verdict = Verdict::Caution;
            found.text = format!("If its CHECK proves the bounds, it takes a moment; otherwise: {}", found.text);
        }
        Some(found)
    },
};

/// Whether each relation that ATTACH PARTITION would read has a validated CHECK that contains the partition's bounds.
/// Such a CHECK may prove that every row belongs there: only the server can find out what it proves.
pub(crate) fn may_be_proved(statement: &ast::Stmt, effects: &Effects, world: &World) -> bool {
    let ast::Stmt::AlterTable(alter) = statement else { return false };
    let attached = alter.actions().find_map(|action| match action {
        AlterTableAction::AttachPartition(it) => it.partition_type(),
        _ => None,
    });
    let bounds = attached.map_or_else(Vec::new, |bounds| values(bounds.syntax()));
    let working: Vec<_> = effects.of.iter().filter(|effect| !effect.is_new && !effect.work.is_empty()).collect();
    let is_checked = |table: &Relation| {
        let checks = table.constraints.iter().filter(|it| it.kind == 'c' && it.validated);
        let checks: Vec<_> = checks.map(|check| check.definition.as_str()).collect();
        bounds.iter().all(|bound| checks.iter().any(|check| says(check, bound)))
    };
    let may_be = |effect: &Effect| {
        let table = world.relation(&Name::parse(&effect.relation));
        effect.work == [Work::Scan] && effect.lock == Lock::AccessExclusive && table.is_some_and(is_checked)
    };
    !bounds.is_empty() && !working.is_empty() && working.into_iter().all(may_be)
}

/// Returns the numbers and strings in a partition's bounds.
fn values(bounds: &SyntaxNode) -> Vec<String> {
    let tokens = bounds.descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    tokens
        .map(|token| token.text().to_owned())
        .filter(|text| text.starts_with(|c: char| c == '\'' || c.is_ascii_digit()))
        .collect()
}

/// Whether a CHECK contains the value. PostgreSQL adds a time to a date, and a type.
fn says(check: &str, value: &str) -> bool {
    match value.strip_prefix('\'') {
        Some(text) => check.contains(&format!("'{}", text.trim_end_matches('\''))),
        None => check.split(|c: char| !c.is_ascii_digit() && c != '.').any(|number| number == value),
    }
}

pub(super) const DETACH_PARTITION: Rule = Rule {
    name: "detach-partition",
    about: "DETACH PARTITION waits for the transactions that use the partitioned table, and new queries on it wait behind it.",
    setup: "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id); CREATE TABLE big PARTITION OF parts FOR VALUES FROM (1) TO (9)",
    bad: "ALTER TABLE parts DETACH PARTITION big",
    good: "ALTER TABLE parts DETACH PARTITION big CONCURRENTLY",
    judge: |context| {
        let (table, actions) = context.altered()?;
        let detaches = |action: &AlterTableAction| match action {
            AlterTableAction::DetachPartition(it) => it.detach_partition_option().is_none(),
            _ => false,
        };
        if !actions.iter().any(detaches) {
            return None;
        }
        context.is_large().then(|| Found {
            verdict: Verdict::Caution,
            text: format!(
                "DETACH PARTITION waits until the transactions that use {table} have ended, and new queries on all of {table} wait \
                 behind it. The work itself takes a moment"
            ),
            safer: detached(context),
        })
    },
};

fn detached(context: &Context) -> Option<Safer> {
    let altered = Altered::of(context)?;
    if altered.before.default_partition.is_some() {
        return safer(
            "A partition cannot be detached CONCURRENTLY beside a default partition: run it at a quiet time",
            None,
        );
    }
    if context.effects.of.iter().any(|effect| !effect.work.is_empty()) {
        return safer(
            "PostgreSQL reads the tables that refer to it, with CONCURRENTLY too: run it at a quiet time",
            None,
        );
    }
    let text = "Use CONCURRENTLY, as the only statement of a migration. The partition keeps a CHECK of its bounds";
    safer(text, Some(alone(format!("{} CONCURRENTLY", plain(context.statement.syntax())))))
}

pub(super) const TABLE_REWRITTEN: Rule = Rule {
    name: "table-rewritten",
    about: "VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET ACCESS METHOD and SET TABLESPACE rewrite the table while no session can use it.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big SET UNLOGGED",
    good: "ALTER TABLE big SET (fillfactor = 90)",
    judge: |context| {
        let is_kind = match context.statement {
            ast::Stmt::Vacuum(_) | ast::Stmt::Cluster(_) => true,
            ast::Stmt::AlterTable(alter) => alter.actions().any(|action| {
                matches!(
                    action,
                    AlterTableAction::SetLogged(_)
                        | AlterTableAction::SetUnlogged(_)
                        | AlterTableAction::SetAccessMethod(_)
                        | AlterTableAction::SetTablespace(_)
                )
            }),
            _ => false,
        };
        let rewrites = context.effects.of.iter().any(|effect| effect.work.contains(&Work::Rewrite));
        (is_kind && rewrites).then(|| where_long(context, || safer(in_a_window(context.statement), None)))?
    },
};

fn in_a_window(statement: &ast::Stmt) -> &'static str {
    let is_unlogged = match statement {
        ast::Stmt::AlterTable(alter) => {
            alter.actions().any(|action| matches!(action, AlterTableAction::SetUnlogged(_)))
        }
        _ => false,
    };
    if is_unlogged {
        "Run it in a maintenance window. After it, a crash of the server empties the table, and replicas do not have its rows"
    } else {
        "Run it in a maintenance window: no session can use the table meanwhile"
    }
}
