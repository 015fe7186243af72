//! A statement that cannot run in a transaction: recorded as started, run alone, recorded as finished.
//!
//! If it is cut off in between, the row stays open with our mark, and the catalog is asked for
//! evidence before anything is done again.

use std::time::Instant;

use crate::apply::Attempt;
use crate::history::ledger::{Row, Statements};
use crate::message::RESET;
use crate::plan::Planned;
use crate::quote::literal;
use crate::script::Evidence;
use crate::session::{Session, is_closed};
use crate::{Error, Result};

/// What the catalog says of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Index {
    Absent,
    Invalid,
    Valid,
}

/// Applies `planned` outside of a transaction, or completes what `cut_off` began.
pub(crate) async fn run(
    session: &mut Session,
    ledger: &Statements,
    planned: &Planned,
    evidence: &Evidence,
    id: &str,
    cut_off: Option<&Row>,
    deadline: Instant,
) -> Result<Attempt> {
    let row_id = if let Some(row) = cut_off {
        if is_finished(session, planned, evidence, row).await? {
            tracing::info!(migration = planned.name, "a statement that was cut off had finished");
            finish(session, ledger, &row.id).await?;
            return Ok(Attempt::Applied);
        }
        row.id.as_str()
    } else {
        let sql = ledger.insert_started(id, &planned.name, &planned.checksum);
        session.run("recording a start", &sql).await?;
        id
    };

    drop_invalid(session, evidence, deadline).await?;
    // A lock timeout would leave the index invalid; the deadline bounds the statement instead.
    session.run("lifting the lock timeout", "SET lock_timeout = 0").await?;
    let result = session.send(planned.script.text.clone(), deadline).await;
    match result {
        Ok(_) => {
            session.run("resetting the session", RESET).await?;
            finish(session, ledger, row_id).await?;
            Ok(Attempt::Applied)
        }
        Err(error) if is_closed(&error.source) => Err(session.error(&running(planned), &error.source)),
        Err(error) => {
            session.run("resetting the session", RESET).await?;
            // PostgreSQL said no: apart from an invalid index, nothing of the statement is left.
            drop_invalid(session, evidence, deadline).await?;
            session.run("forgetting a start", &ledger.forget_started(row_id)).await?;
            Ok(Attempt::Failed(error))
        }
    }
}

fn running(planned: &Planned) -> String {
    format!("migration {}", planned.name)
}

async fn finish(session: &mut Session, ledger: &Statements, id: &str) -> Result<()> {
    session.run("recording an end", &ledger.finish_started(id)).await
}

/// Whether the statement that left `row` open did its work.
async fn is_finished(session: &mut Session, planned: &Planned, evidence: &Evidence, row: &Row) -> Result<bool> {
    match evidence {
        Evidence::IndexCreated { index, table } => Ok(created(session, index, table).await? == Index::Valid),
        Evidence::IndexDropped { index } => {
            let sql = format!("SELECT pg_catalog.to_regclass({}) IS NULL", literal(index));
            session.value("looking for the index", &sql).await
        }
        Evidence::Repeatable => Ok(false),
        Evidence::None => Err(Error::InDoubt {
            migration: planned.name.clone(),
            started_at: row.started_at.clone(),
            evidence: "its statement is one that the catalog keeps no trace of".into(),
            way_out: format!(
                "Look at what it changed, then run `prisma migrate resolve --applied {name}` if it is complete, \
                 or `--rolled-back {name}` if nothing of it is left",
                name = planned.name
            ),
        }),
    }
}

/// The state of the index `index` on `table`, both as the script writes them.
async fn created(session: &mut Session, index: &str, table: &str) -> Result<Index> {
    let sql = format!(
        "SELECT i.indisvalid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         WHERE i.indrelid = pg_catalog.to_regclass({}) AND c.relname = (pg_catalog.parse_ident({}))[1]",
        literal(table),
        literal(index)
    );
    let valid = session.values::<bool>("looking for the index", &sql).await?;
    Ok(match valid.first() {
        None => Index::Absent,
        Some(false) => Index::Invalid,
        Some(true) => Index::Valid,
    })
}

/// Drops the invalid index that an earlier CREATE INDEX CONCURRENTLY left, which `IF NOT EXISTS`
/// would take for the real one.
async fn drop_invalid(session: &mut Session, evidence: &Evidence, deadline: Instant) -> Result<()> {
    let Evidence::IndexCreated { index, table } = evidence else { return Ok(()) };
    if created(session, index, table).await? != Index::Invalid {
        return Ok(());
    }
    if let Some(builder) = builder(session, index, table).await? {
        return Err(Error::LockHeld { waited_s: 0, holder: format!("{builder}, which is building the index {index}") });
    }
    tracing::warn!(index, "dropping an invalid index that an earlier attempt left");
    let sql = format!(
        "SELECT n.nspname || '' FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
         WHERE t.oid = pg_catalog.to_regclass({})",
        literal(table)
    );
    let schema: String = session.value("looking for the index's schema", &sql).await?;
    let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{index}", crate::quote::identifier(&schema));
    session.run("lifting the lock timeout", "SET lock_timeout = 0").await?;
    // It waits for every transaction that may still use the index.
    let dropped = session.send(drop, deadline).await;
    dropped.map_err(|error| session.error("dropping an invalid index", &error.source))?;
    session.run("resetting the session", RESET).await
}

/// The session that is building the index at this moment: then it is not a leftover.
async fn builder(session: &mut Session, index: &str, table: &str) -> Result<Option<String>> {
    let sql = format!(
        "SELECT 'pid ' || p.pid FROM pg_catalog.pg_stat_progress_create_index p \
         JOIN pg_catalog.pg_class c ON c.oid = p.index_relid \
         WHERE p.relid = pg_catalog.to_regclass({}) AND c.relname = (pg_catalog.parse_ident({}))[1]",
        literal(table),
        literal(index)
    );
    Ok(session.values::<String>("looking for who builds the index", &sql).await?.into_iter().next())
}
