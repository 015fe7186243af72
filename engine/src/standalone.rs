//! A statement that cannot run in a transaction: recorded as started, run alone, recorded as finished.
//!
//! If it is cut off in between, the row stays open with our mark, and the catalog is asked for
//! evidence before anything is done again.

use std::time::Instant;

use crate::apply::Attempt;
use crate::history::ledger::{Row, Statements};
use crate::message::RESET;
use crate::plan::{Planned, resolve};
use crate::quote::{identifier, literal};
use crate::script::Evidence;
use crate::session::{Session, code_of, is_closed};
use crate::{Error, Result, lock, sqlstate};

/// What the catalog says of a statement's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is there.
    NotDone,
    /// Something is there that has to be completed or removed first.
    Half,
    /// It is done.
    Done,
}

/// A standalone migration's turn.
pub(crate) struct Standalone<'a> {
    pub(crate) ledger: &'a Statements,
    pub(crate) planned: &'a Planned,
    pub(crate) evidence: &'a Evidence,
    /// The row to write, if none is open.
    pub(crate) id: &'a str,
    pub(crate) deadline: Instant,
}

impl Standalone<'_> {
    /// Applies the migration outside of a transaction, or completes what `cut_off` began.
    pub(crate) async fn run(&self, session: &mut Session, cut_off: Option<&Row>) -> Result<Attempt> {
        // Before anything is recorded: the catalog may not even know the names.
        let state = self.state(session).await?;
        let id = if let Some(row) = cut_off {
            if self.had_finished(row, state)? {
                tracing::info!(migration = self.planned.name, "a statement that was cut off had finished");
                self.finish(session, &row.id).await?;
                return Ok(Attempt::Applied);
            }
            row.id.as_str()
        } else {
            let sql = self.ledger.insert_started(self.id, &self.planned.name, &self.planned.checksum);
            self.expect_one(session, "recording a start", &sql).await?;
            self.id
        };

        if state == State::Half {
            self.clear(session).await?;
        }
        // A lock timeout would leave an index invalid; the deadline bounds the statement instead.
        session.run("lifting the lock timeout", "SET lock_timeout = 0").await?;
        let result = session.send(self.statement(state), self.deadline).await;
        let error = match result {
            Ok(_) => {
                session.run("resetting the session", RESET).await?;
                self.check_done(session).await?;
                self.finish(session, id).await?;
                return Ok(Attempt::Applied);
            }
            Err(error) if is_closed(&error.source) => {
                return Err(session.error(&format!("migration {}", self.planned.name), &error.source));
            }
            Err(error) => error,
        };
        session.run("resetting the session", RESET).await?;
        if Instant::now() >= self.deadline {
            // No time to look: the row stays open, and the next attempt does.
            return Ok(Attempt::Failed(error));
        }
        match self.state(session).await? {
            State::Half => self.clear(session).await?,
            State::NotDone | State::Done => {}
        }
        self.expect_one(session, "forgetting a start", &self.ledger.forget_started(id)).await?;
        Ok(Attempt::Failed(error))
    }

    /// The statement to send: the script, or what completes a half of it.
    fn statement(&self, state: State) -> String {
        match (self.evidence, state) {
            (Evidence::PartitionDetached { parent, partition }, State::Half) => {
                format!("ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE")
            }
            _ => self.planned.script.text.clone(),
        }
    }

    async fn finish(&self, session: &mut Session, id: &str) -> Result<()> {
        self.expect_one(session, "recording an end", &self.ledger.finish_started(id)).await
    }

    /// Runs a write to the ledger that has no effect unless our session still holds the lock.
    async fn expect_one(&self, session: &mut Session, doing: &str, sql: &str) -> Result<()> {
        if session.change(doing, sql).await? == 1 {
            return Ok(());
        }
        let holder = lock::holder(session).await?.unwrap_or_else(|| "nobody: the statement released it".to_owned());
        Err(Error::LockHeld { waited_s: 0, holder })
    }

    /// Whether the statement that left `row` open did its work.
    fn had_finished(&self, row: &Row, state: State) -> Result<bool> {
        match self.evidence {
            Evidence::Repeatable => Ok(false),
            Evidence::None => Err(Error::InDoubt {
                migration: self.planned.name.clone(),
                started_at: row.started_at.clone(),
                evidence: "its statement is one that the catalog keeps no trace of".into(),
                way_out: resolve(&self.planned.name),
            }),
            _ => Ok(state == State::Done),
        }
    }

    /// An error if the server took the statement and its work is not there, as when `IF NOT EXISTS`
    /// met another index of that name.
    async fn check_done(&self, session: &mut Session) -> Result<()> {
        if matches!(self.evidence, Evidence::Repeatable | Evidence::None) || self.state(session).await? == State::Done {
            return Ok(());
        }
        Err(Error::InDoubt {
            migration: self.planned.name.clone(),
            started_at: "just now".into(),
            evidence: "the server reported success, but its work is not in the catalog".into(),
            way_out: resolve(&self.planned.name),
        })
    }

    async fn state(&self, session: &mut Session) -> Result<State> {
        state_of(session, self.evidence).await
    }

    /// Removes the invalid index that an earlier CREATE INDEX CONCURRENTLY left, which
    /// `IF NOT EXISTS` would take for the real one.
    async fn clear(&self, session: &mut Session) -> Result<()> {
        let Evidence::IndexCreated { index, table } = self.evidence else { return Ok(()) };
        if let Some(builder) = builder(session, index, table).await? {
            return Err(Error::LockHeld {
                waited_s: 0,
                holder: format!("{builder}, which is building the index {index}"),
            });
        }
        tracing::warn!(index, "dropping an invalid index that an earlier attempt left");
        let sql = format!(
            "SELECT n.nspname::text FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
             WHERE t.oid = pg_catalog.to_regclass({})",
            literal(table)
        );
        let schema: String = session.value("looking for the index's schema", &sql).await?;
        session.run("lifting the lock timeout", "SET lock_timeout = 0").await?;
        // It waits for every transaction that may still use the index.
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {}.{index}", identifier(&schema));
        let dropped = session.send(drop, self.deadline).await;
        match dropped {
            Ok(_) => session.run("resetting the session", RESET).await,
            Err(error) if code_of(&error.source).as_deref() == Some(sqlstate::QUERY_CANCELED) => {
                Err(Error::LockTimeout {
                    what: format!("the removal of the invalid index {index}"),
                    tries: 1,
                    waited_s: 0,
                    code: sqlstate::QUERY_CANCELED.to_owned(),
                    blockers: lock::blockers(session).await?,
                })
            }
            Err(error) => Err(session.error("dropping an invalid index", &error.source)),
        }
    }
}

/// What the catalog says of a statement's work.
async fn state_of(session: &mut Session, evidence: &Evidence) -> Result<State> {
    // 'done', 'half' or nothing.
    let sql = match evidence {
        Evidence::Repeatable | Evidence::None => return Ok(State::NotDone),
        Evidence::IndexCreated { index, table } => format!(
            "SELECT CASE WHEN i.indisvalid THEN 'done' ELSE 'half' END FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indrelid = pg_catalog.to_regclass({}) AND c.relname = {}",
            literal(table),
            last_name(index)
        ),
        Evidence::IndexDropped { index } => {
            format!("SELECT 'done' WHERE pg_catalog.to_regclass({}) IS NULL", literal(index))
        }
        Evidence::PartitionDetached { parent, partition } => format!(
            "SELECT CASE WHEN h.inhdetachpending THEN 'half' WHEN h.inhrelid IS NULL THEN 'done' END \
             FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_inherits h \
             ON h.inhparent = pg_catalog.to_regclass({}) AND h.inhrelid = pg_catalog.to_regclass({})",
            literal(parent),
            literal(partition)
        ),
    };
    let found = session.values::<Option<String>>("looking at what is there", &sql).await?;
    Ok(match found.first().and_then(|state| state.as_deref()) {
        Some("done") => State::Done,
        Some(_) => State::Half,
        None => State::NotDone,
    })
}

/// The same, for a person who has to decide.
pub(crate) async fn fact(session: &mut Session, evidence: &Evidence) -> Result<String> {
    let what = match evidence {
        Evidence::Repeatable => return Ok("Its statement changes nothing that a second run would not make good".into()),
        Evidence::None => return Ok("Its statement is one that the catalog keeps no trace of".into()),
        Evidence::IndexCreated { index, .. } => format!("The index {index}"),
        Evidence::IndexDropped { index } => format!("The removal of the index {index}"),
        Evidence::PartitionDetached { partition, .. } => format!("The detaching of {partition}"),
    };
    let state = match state_of(session, evidence).await? {
        State::NotDone => "is not done",
        State::Half => "is half done (an invalid index, or a pending detach)",
        State::Done => "is done",
    };
    Ok(format!("{what} {state}, says the catalog"))
}

/// The last part of a name as a script writes it, as SQL: unquoted, and as long as PostgreSQL keeps it.
fn last_name(name: &str) -> String {
    format!(
        "(SELECT parts[pg_catalog.cardinality(parts)]::pg_catalog.name FROM pg_catalog.parse_ident({}) parts)",
        literal(name)
    )
}

/// The session that is building the index at this moment: then it is not a leftover.
async fn builder(session: &mut Session, index: &str, table: &str) -> Result<Option<String>> {
    let sql = format!(
        "SELECT 'pid ' || p.pid FROM pg_catalog.pg_stat_progress_create_index p \
         JOIN pg_catalog.pg_class c ON c.oid = p.index_relid \
         WHERE p.relid = pg_catalog.to_regclass({}) AND c.relname = {} AND p.pid <> pg_catalog.pg_backend_pid()",
        literal(table),
        last_name(index)
    );
    Ok(session.values::<String>("looking for who builds the index", &sql).await?.into_iter().next())
}
