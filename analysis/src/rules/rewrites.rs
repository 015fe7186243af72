//! Whatever else writes or reads a whole table while others wait.

use report::Work;
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};

use super::blocked::where_long;
use super::{Rule, safer};

pub(super) const REFRESH: Rule = Rule {
    name: "refresh",
    about: "REFRESH MATERIALIZED VIEW keeps readers of the view out until it is filled.",
    setup: "CREATE MATERIALIZED VIEW big AS SELECT 1::bigint AS id, 2 AS a; CREATE UNIQUE INDEX big_id ON big (id)",
    bad: "REFRESH MATERIALIZED VIEW big",
    good: "REFRESH MATERIALIZED VIEW CONCURRENTLY big",
    judge: |context| {
        let ast::Stmt::Refresh(refresh) = context.statement else { return None };
        let view = refresh.view_ref()?.syntax().text().to_string();
        let found = where_long(context, || {
            safer(
                "Refresh it CONCURRENTLY, which needs a unique index of it",
                Some(format!("REFRESH MATERIALIZED VIEW CONCURRENTLY {view};")),
            )
        })?;
        context.effects.of.iter().any(|effect| effect.lock.blocks_reads()).then_some(found)
    },
};

pub(super) const ATTACH_PARTITION: Rule = Rule {
    name: "attach-partition",
    about: "ATTACH PARTITION reads the new partition, and the default one, unless a validated CHECK proves that all rows belong there.",
    setup: "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id); CREATE TABLE big (id bigint)",
    bad: "ALTER TABLE parts ATTACH PARTITION big FOR VALUES FROM (1) TO (100)",
    good: "ALTER TABLE big ADD CONSTRAINT big_range CHECK (id IS NOT NULL AND id >= 1 AND id < 100) NOT VALID;\n\n\
           ALTER TABLE big VALIDATE CONSTRAINT big_range",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let attaches = actions.iter().any(|action| matches!(action, AlterTableAction::AttachPartition(_)));
        let advice =
            "Add a CHECK of the partition's bounds NOT VALID and validate it first: then attaching reads nothing";
        attaches.then(|| where_long(context, || safer(advice, None)))?
    },
};

pub(super) const DETACH_PARTITION: Rule = Rule {
    name: "detach-partition",
    about: "DETACH PARTITION takes the whole partitioned table away from everybody, though for a moment.",
    setup: "CREATE TABLE parts (id bigint) PARTITION BY RANGE (id); CREATE TABLE big PARTITION OF parts FOR VALUES FROM (1) TO (9)",
    bad: "ALTER TABLE parts DETACH PARTITION big",
    good: "ALTER TABLE parts DETACH PARTITION big CONCURRENTLY",
    judge: |context| {
        let (table, actions) = context.altered()?;
        let detached = actions.iter().find_map(|action| match action {
            AlterTableAction::DetachPartition(it) if it.detach_partition_option().is_none() => it.table_name_ref(),
            _ => None,
        })?;
        let is_busy = context.rows().is_some_and(|rows| rows >= super::MANY);
        is_busy.then(|| super::Found {
            verdict: report::Verdict::Caution,
            text: format!(
                "Readers and writers of all of {table} wait for those who use it now, though only for a moment"
            ),
            safer: safer(
                "Detach it CONCURRENTLY, alone in a migration of its own; there must be no default partition",
                Some(format!("ALTER TABLE {table} DETACH PARTITION {} CONCURRENTLY;", detached.syntax().text())),
            ),
        })
    },
};

pub(super) const TABLE_REWRITTEN: Rule = Rule {
    name: "table-rewritten",
    about: "VACUUM FULL, CLUSTER, SET LOGGED, SET UNLOGGED, SET ACCESS METHOD and SET TABLESPACE write the table anew while nobody can use it.",
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
        (is_kind && rewrites).then(|| where_long(context, || safer("Do it when nobody uses the table", None)))?
    },
};
