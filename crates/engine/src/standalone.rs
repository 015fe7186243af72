//! Runs a statement that cannot run in a transaction: records its start, runs it alone, records its end.
//!
//! If it is cut off in between, its row stays open with our mark. The next attempt asks the catalog for evidence before
//! it does anything again.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::deadline::Deadline;
use crate::error::Left;
use crate::ledger::{Entry, Recorded, Row, Statements};
use crate::lookup::regclass;
use crate::message::Message;
use crate::name::{LONGEST, Name};
use crate::plan::{Planned, resolve};
use crate::quote::literal;
use crate::script::{Evidence, Reindexed};
use crate::session::{Session, THIS_DATABASE, code_of, is_broken};
use crate::tried::Tried;
use crate::{Error, Result, blockers, durability, lock, sqlstate};

/// The state of a statement's work, according to the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing of it exists.
    NotDone,
    /// A part exists that has to be completed or removed first.
    Half,
    /// All of it is done.
    Done,
}

impl State {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(match row.try_get::<Option<&str>, _>(0)? {
            Some("done") => Self::Done,
            Some(_) => Self::Half,
            None => Self::NotDone,
        })
    }
}

/// A standalone migration's turn.
pub(crate) struct Standalone<'a> {
    pub(crate) ledger: &'a Statements,
    pub(crate) planned: &'a Planned,
    pub(crate) evidence: &'a Evidence,
    /// The row to write, if none is open.
    pub(crate) entry: Entry<'a>,
    pub(crate) deadline: Deadline,
}

impl Standalone<'_> {
    /// Applies the migration outside of a transaction, or completes what `cut_off` began.
    pub(crate) async fn run(&self, session: &mut Session, cut_off: Option<&Row>) -> Result<Tried> {
        // Where PostgreSQL chooses an index's name, the earlier invalid indexes tell which one the statement leaves.
        let before = match self.evidence {
            Evidence::IndexCreated { index: None, table } => invalid_indexes(session, table).await?,
            _ => Vec::new(),
        };
        let (state, id) = if let Some(row) = cut_off {
            let state = self.state(session).await?;
            self.check_namesake(session, row, state).await?;
            if self.had_finished(row, state)? {
                tracing::info!(migration = self.planned.name, "a statement that was cut off had finished");
                let finish = self.ledger.finish_started(&row.id, "true");
                let recorded = Recorded::one(session, "recording an end", &finish).await?;
                return self.applied(session, recorded).await;
            }
            (state, row.id.as_str())
        } else {
            let state = self.start(session).await?;
            if *self.evidence == Evidence::None {
                // Its effects elsewhere could survive a crash that its row does not survive.
                session.reset("", "").await?;
                durability::flush(session, "true", None).await?;
            }
            (state, self.entry.id)
        };

        // An invalid index of such a name is another session's, unless our statement was cut off.
        let others = matches!(self.evidence, Evidence::Reindexed { .. }) && cut_off.is_none();
        let clears = state == State::Half && !others;
        if clears {
            self.clear(session, &[]).await?;
        }
        if clears || cut_off.is_some() || *self.evidence == Evidence::None {
            session.as_a_script("preparing the session for a script", "").await?;
        }
        let message = Message::alone(self.statement(state));
        let result = session.send(message.text.clone(), self.deadline).await;
        let error = match result {
            Ok(answer) if answer.completed > 1 => {
                return Err(Error::RanSomethingElse {
                    migration: self.planned.name.clone(),
                    planned: 1,
                    ran: answer.completed,
                });
            }
            Ok(_) => return self.finish(session, id).await,
            Err(error) if is_broken(&error.source) => {
                return Err(session.error(&format!("migration {}", self.planned.name), &error.source));
            }
            Err(error) => error,
        };
        // Only a script that was not read correctly leaves a transaction open.
        session.reset("ROLLBACK; ", "").await?;
        if self.deadline.has_passed() {
            // There is no time to check: the row stays open, and the next attempt checks.
            return Ok(Tried::Failed(Box::new((error, message, Left::Unknown))));
        }
        let leaves_unnamed = matches!(self.evidence, Evidence::IndexCreated { index: None, .. });
        let removed = if leaves_unnamed || self.state(session).await? == State::Half {
            self.clear(session, &before).await?
        } else {
            Vec::new()
        };
        self.expect_one(session, "forgetting a start", &self.ledger.forget_started(id)).await?;
        // Other statements leave more than that, or indexes that only a superuser may remove.
        let is_all = !removed.is_empty() || matches!(self.evidence, Evidence::IndexCreated { .. });
        let left = if is_all { Left::Removed(removed) } else { Left::Unknown };
        Ok(Tried::Failed(Box::new((error, message, left))))
    }

    /// Returns the statement to send: the script, or the statement that completes a half of its work.
    fn statement(&self, state: State) -> String {
        match (self.evidence, state) {
            (Evidence::PartitionDetached { parent, partition }, State::Half) => {
                format!("ALTER TABLE {parent} DETACH PARTITION {partition} FINALIZE")
            }
            _ => self.planned.script.text.clone(),
        }
    }

    /// Records that the statement is about to run, and prepares the session for it. Returns the state of its work.
    async fn start(&self, session: &mut Session) -> Result<State> {
        let insert = self.ledger.insert_started(self.entry);
        // The catalog is asked first. It may not even know the names: then nothing is recorded.
        let sql = format!("SELECT ({}); {insert}; ", state_sql(self.evidence, session.path()));
        let rows = session.as_a_script("recording a start", &sql).await?;
        match rows.as_slice() {
            [state, _recorded] => State::of(state).map_err(|error| session.error("looking at what is there", &error)),
            _ => Err(self.why_not_recorded(session).await?),
        }
    }

    /// Records the end of a statement that succeeded, if its work exists. It does not where `IF NOT EXISTS` found
    /// another relation of that name.
    async fn finish(&self, session: &mut Session, id: &str) -> Result<Tried> {
        let named = match self.evidence {
            Evidence::IndexCreated { index: Some(index), table } => Some((index, table)),
            _ => None,
        };
        let state = named.map_or_else(|| "'done'".to_owned(), |_| state_sql(self.evidence, session.path()));
        let finish = self.ledger.finish_started(id, &format!("({state}) = 'done'"));
        let rows = session.reset("", &format!("SELECT ({state}); {finish}")).await?;
        let doing = "recording an end";
        let read = || -> Result<_, sqlx::Error> {
            let (state, recorded) = rows.split_first().ok_or(sqlx::Error::RowNotFound)?;
            Ok((State::of(state)?, recorded.first().map(Recorded::of).transpose()?))
        };
        let (state, recorded) = read().map_err(|error| session.error(doing, &error))?;
        if state == State::Done {
            return self.applied(session, recorded).await;
        }
        let in_the_way = match named {
            Some((index, table)) => in_the_way(session, index, table).await?,
            None => None,
        };
        self.expect_one(session, "forgetting a start", &self.ledger.forget_started(id)).await?;
        let reason =
            in_the_way.unwrap_or_else(|| "the server said that it is done, but the catalog does not show it".into());
        Err(Error::NothingDone { migration: self.planned.name.clone(), reason })
    }

    async fn applied(&self, session: &mut Session, recorded: Option<Recorded>) -> Result<Tried> {
        match recorded {
            Some(recorded) => Ok(Tried::Applied(recorded)),
            None => Err(self.why_not_recorded(session).await?),
        }
    }

    /// Runs a write to the ledger that has no effect unless our session still holds the lock.
    async fn expect_one(&self, session: &mut Session, doing: &str, sql: &str) -> Result<()> {
        match session.change(doing, sql).await? {
            1 => Ok(()),
            _ => Err(self.why_not_recorded(session).await?),
        }
    }

    async fn why_not_recorded(&self, session: &mut Session) -> Result<Error> {
        lock::why_not_recorded(session, self.ledger, &format!("migration {}", self.planned.name)).await
    }

    /// Whether the statement that left `row` open did its work.
    fn had_finished(&self, row: &Row, state: State) -> Result<bool> {
        match self.evidence {
            Evidence::Repeatable => Ok(false),
            Evidence::None => Err(self.in_doubt(row, "the catalog keeps no trace of what its statement does")),
            Evidence::IndexCreated { index: None, .. } => {
                Err(self
                    .in_doubt(row, "PostgreSQL chose the name of its index, so the catalog does not tell which it is"))
            }
            _ => Ok(state == State::Done),
        }
    }

    /// Returns an error if an index that was to be dropped by its bare name is found in a later schema of the search
    /// path: that may be another index.
    async fn check_namesake(&self, session: &mut Session, row: &Row, state: State) -> Result<()> {
        let Evidence::IndexDropped { index } = self.evidence else { return Ok(()) };
        if state == State::Done || index.schema.is_some() {
            return Ok(());
        }
        let index = regclass(index, session.path());
        let sql = format!(
            "SELECT n.nspname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE c.oid = {index} AND i.indisvalid"
        );
        // A drop that was cut off leaves an invalid index.
        let found: Vec<String> = session.values("looking where the index is", &sql).await?;
        if found.is_empty() || found.first() == session.path().first() {
            return Ok(());
        }
        Err(self.in_doubt(
            row,
            "an index of that name is in a later schema of the search path: it may be the one to drop, or another one",
        ))
    }

    fn in_doubt(&self, row: &Row, why: &str) -> Error {
        Error::InDoubt {
            migration: self.planned.name.clone(),
            evidence: format!("it was started {} and never recorded as finished, and {why}", row.started_at),
            way_out: resolve(&self.planned.key, &self.planned.name),
        }
    }

    async fn state(&self, session: &mut Session) -> Result<State> {
        state_of(session, self.evidence).await
    }

    /// Removes the invalid indexes that an attempt left, except those in `others`, and returns their names. `IF NOT
    /// EXISTS` would take an invalid index for the real one, and every write would have to maintain it.
    async fn clear(&self, session: &mut Session, others: &[String]) -> Result<Vec<String>> {
        let left = match self.evidence {
            Evidence::IndexCreated { index, table } => invalid_index(index.as_deref(), table, session.path()),
            Evidence::Reindexed { what } => leftovers(what, session.path()),
            _ => return Ok(Vec::new()),
        };
        // Of another role's progress only the pid is visible, but the locks of all roles are.
        let building = format!(
            "SELECT l.name, p.pid FROM ({left}) l \
             JOIN pg_catalog.pg_locks k ON k.relation = l.indrelid AND k.granted AND k.mode = 'ShareUpdateExclusiveLock' \
             JOIN pg_catalog.pg_stat_progress_create_index p ON p.pid = k.pid \
             WHERE p.pid <> pg_catalog.pg_backend_pid() AND k.database = {THIS_DATABASE}"
        );
        let doing = "looking for a session that builds the index";
        if let Some(row) = session.rows(doing, &building).await?.first() {
            let read = || -> Result<_, sqlx::Error> { Ok((row.try_get(0)?, row.try_get(1)?)) };
            let (index, pid) = read().map_err(|error| session.error(doing, &error))?;
            return Err(Error::IndexBeingBuilt { migration: self.planned.name.clone(), index, pid });
        }
        let mut found: Vec<String> =
            session.values("looking for invalid indexes", &format!("SELECT name FROM ({left}) l")).await?;
        found.retain(|index| !others.contains(index));
        for index in &found {
            self.drop_index(session, index).await?;
        }
        Ok(found)
    }

    async fn drop_index(&self, session: &mut Session, index: &str) -> Result<()> {
        tracing::warn!(index, "dropping an invalid index that an attempt left");
        session.as_a_script("preparing the session for a script", "").await?;
        // The statement waits for every transaction that may still use the index.
        let drop = format!("DROP INDEX CONCURRENTLY IF EXISTS {index}");
        let dropped = session.send(drop, self.deadline).await;
        match dropped {
            Ok(_) => session.reset("", "").await.map(|_| ()),
            Err(error) if code_of(&error.source).as_deref() == Some(sqlstate::QUERY_CANCELED) => {
                Err(Error::LockTimeout {
                    what: format!("the removal of the invalid index {index}"),
                    tries: 1,
                    waited_s: 0,
                    code: sqlstate::QUERY_CANCELED.to_owned(),
                    blockers: blockers::blockers(session, self.ledger).await?,
                })
            }
            Err(error) => Err(session.error("dropping an invalid index", &error.source)),
        }
    }
}

/// Returns a query for the table (`indrelid`) and the qualified `name` of each invalid index on this table; if `index`
/// is given, only of those of this name.
fn invalid_index(index: Option<&str>, table: &Name, path: &[String]) -> String {
    let is_named = index.map(|index| format!(" AND c.relname = {}", kept(index))).unwrap_or_default();
    format!("{INVALID} AND i.indrelid = {}{is_named}", regclass(table, path))
}

/// Returns the qualified names of the invalid indexes on a table.
async fn invalid_indexes(session: &mut Session, table: &Name) -> Result<Vec<String>> {
    let sql = format!("SELECT name FROM ({}) l", invalid_index(None, table, session.path()));
    session.values("looking for invalid indexes", &sql).await
}

/// Returns which relation has the name of an index that was not made on `table`, as a sentence without its full stop.
async fn in_the_way(session: &mut Session, index: &str, table: &Name) -> Result<Option<String>> {
    let sql = format!(
        "SELECT pg_catalog.format('%I.%I is %s', n.nspname, c.relname, CASE WHEN i.indrelid IS NULL THEN 'a relation of another kind' \
         ELSE pg_catalog.format('an index of %s', i.indrelid::pg_catalog.regclass) END) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_class t ON t.oid = {} AND t.relnamespace = c.relnamespace \
         LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid WHERE c.relname = {}",
        regclass(table, session.path()),
        kept(index)
    );
    let found = session.values::<String>("looking for the object with the index's name", &sql).await?;
    Ok(found.into_iter().next().map(|what| format!("its name is taken, so IF NOT EXISTS made no index: {what}")))
}

/// Returns a query as [`invalid_index`] does, for the indexes that a REINDEX CONCURRENTLY left when it was cut off.
fn leftovers(what: &Reindexed, path: &[String]) -> String {
    let table = match what {
        Reindexed::Index(index) => {
            format!("(SELECT r.indrelid FROM pg_catalog.pg_index r WHERE r.indexrelid = {})", regclass(index, path))
        }
        Reindexed::Table(table) => regclass(table, path),
        Reindexed::Many => "i.indrelid".to_owned(),
    };
    // For a partitioned table, the partitions' indexes are built.
    format!(
        "{INVALID} AND c.relname ~ '_cc(new|old)[0-9]*$' AND pg_catalog.pg_has_role(c.relowner, 'USAGE') \
         AND (i.indrelid = {table} OR i.indrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree({table})))"
    )
}

/// Invalid indexes. Left out are those of TOAST tables, which only a superuser may drop, and those of partitioned
/// tables, which are invalid by design until each partition has one.
const INVALID: &str = "SELECT i.indrelid, pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_index i \
                       JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                       WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname <> 'pg_toast'";

/// Returns a query for at most one row: 'done', 'half' or null.
fn state_sql(evidence: &Evidence, path: &[String]) -> String {
    match evidence {
        Evidence::Repeatable | Evidence::None | Evidence::IndexCreated { index: None, .. } => "NULL::text".to_owned(),
        Evidence::Reindexed { what } => format!("SELECT 'half' WHERE EXISTS ({})", leftovers(what, path)),
        Evidence::IndexCreated { index: Some(index), table } => format!(
            "SELECT CASE WHEN i.indisvalid THEN 'done' WHEN c.relkind = 'i' THEN 'half' END FROM pg_catalog.pg_index i \
             JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             WHERE i.indrelid = {} AND c.relname = {}",
            regclass(table, path),
            kept(index)
        ),
        Evidence::IndexDropped { index } => {
            format!("SELECT 'done' WHERE {} IS NULL", regclass(index, path))
        }
        Evidence::PartitionDetached { parent, partition } => format!(
            "SELECT CASE WHEN h.inhdetachpending THEN 'half' WHEN h.inhrelid IS NULL THEN 'done' END \
             FROM (SELECT 1) one LEFT JOIN pg_catalog.pg_inherits h \
             ON h.inhparent = {} AND h.inhrelid = {}",
            regclass(parent, path),
            regclass(partition, path)
        ),
    }
}

/// Returns the state of a statement's work, according to the catalog.
async fn state_of(session: &mut Session, evidence: &Evidence) -> Result<State> {
    let doing = "looking at what is there";
    let rows = session.rows(doing, &format!("SELECT ({})", state_sql(evidence, session.path()))).await?;
    let state = rows.first().ok_or(sqlx::Error::RowNotFound).and_then(State::of);
    state.map_err(|error| session.error(doing, &error))
}

/// Returns the state of a statement's work as text, for a person who has to decide.
pub(crate) async fn fact(session: &mut Session, evidence: &Evidence) -> Result<String> {
    let what = match evidence {
        Evidence::Repeatable | Evidence::Reindexed { .. } => {
            return Ok("A second run of its statement repairs whatever the first run left".into());
        }
        Evidence::None => return Ok("The catalog keeps no trace of what its statement does".into()),
        Evidence::IndexCreated { index: None, table } => return unnamed_fact(session, table).await,
        Evidence::IndexCreated { index: Some(index), .. } => format!("The index {index}"),
        Evidence::IndexDropped { index } => format!("The removal of the index {index}"),
        Evidence::PartitionDetached { partition, .. } => format!("The detaching of {partition}"),
    };
    let state = match state_of(session, evidence).await? {
        State::NotDone => "is not done",
        State::Half => "is half done (an invalid index, or a pending detach)",
        State::Done => "is done",
    };
    Ok(format!("{what} {state}, as the catalog shows"))
}

async fn unnamed_fact(session: &mut Session, table: &Name) -> Result<String> {
    let invalid = invalid_indexes(session, table).await?;
    let told = if invalid.is_empty() { "none".to_owned() } else { invalid.join(", ") };
    Ok(format!("PostgreSQL chooses the name of its index. Invalid indexes of {table}, which it may have left: {told}"))
}

/// Returns a name as PostgreSQL keeps it, as SQL.
fn kept(name: &str) -> String {
    debug_assert!(name.len() <= LONGEST, "a name that was read is cut");
    format!("{}::pg_catalog.name", literal(name))
}
