//! Applies an approved plan: takes the lock, reconciles, applies one migration after the other, stops in time.

use std::time::{Duration, Instant};

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::attempt::Attempt;
use crate::deadline::Deadline;
use crate::error::Left;
use crate::fate::Fate;
use crate::history::Format;
use crate::ledger::{self, Entry, Ledger, PREPARED, PREPARED_LEFT, Recorded, Row, Shown, Statements, TRANSACTION_ID};
use crate::lock::Done;
use crate::message::{Message, Recording};
use crate::plan::{Planned, check_empty, resolve};
use crate::reconcile::{Reconciled, reconcile};
use crate::script::{Class, Evidence};
use crate::session::{Answer, ScriptError, Session, code_of, database_error, is_broken};
use crate::standalone::Standalone;
use crate::transaction::{self, Opened};
use crate::tried::Tried;
use crate::{Error, Result, blockers, failure, fate, lock, planted, sqlstate};

pub use crate::reconcile::Approved;

/// The time limits of an attempt.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// When no further migration is started, and a running one is cancelled.
    pub deadline: Deadline,
    /// How long to poll for the migration lock.
    pub lock_patience: Duration,
    /// How long a script that meets other sessions' locks is repeated.
    pub contention_patience: Duration,
}

/// How far an approved plan is applied when an attempt ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// The plan's migrations that are applied now, in order, whichever attempt applied them.
    pub applied: Vec<Applied>,
    /// How many migrations this attempt applied itself.
    pub applied_now: usize,
    /// How many migrations remain because the time was up.
    pub remaining: usize,
}

/// A migration that is applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its name.
    pub name: String,
    /// The time from start to finish, according to the ledger, in milliseconds.
    pub duration_ms: u64,
    /// Whether this run applied it, in this attempt or an earlier one. sqlx's ledger does not tell runs apart: with
    /// sqlx, all migrations of the plan count as this run's.
    pub by_this_run: bool,
}

/// The longest pause between two checks for sessions in the way.
const LONGEST_LOOK: Duration = Duration::from_secs(1);

/// Applies what remains of `approved`.
///
/// # Errors
///
/// By cause. Whatever the error, every migration that the ledger records as finished is applied completely. Any other
/// migration has left nothing, unless it is standalone: then its open row says so, or the error does.
pub async fn apply(attempt: Attempt<'_>, approved: &Approved, budget: Budget) -> Result<Progress> {
    let statements = Statements::new(attempt.target, attempt.history.format);
    lock::hold(attempt.target, &statements, budget.lock_patience, async |session| {
        apply_locked(session, &statements, attempt, approved, budget).await
    })
    .await
}

async fn apply_locked(
    session: &mut Session,
    statements: &Statements,
    attempt: Attempt<'_>,
    approved: &Approved,
    budget: Budget,
) -> Result<Done<Progress>> {
    let Attempt { instance, history, run, .. } = attempt;
    let identity = session.identity(instance);
    let found = ledger::read(session, statements).await?;
    let is_new = found.is_none();
    let ledger = found.unwrap_or_default();
    let Reconciled { earlier, done, remaining, mut cut_off } = reconcile(&identity, history, &ledger, approved)?;
    if is_new {
        make_ledger(session, history.format, statements).await?;
    }

    let total = done.len() + remaining.len();
    // The name that people know: the last part of the ARN.
    let execution = run.rsplit(':').next();
    let mut newest = ledger.rows.last().map(|row| row.started_at.clone());
    let mut applied: Vec<_> = done.iter().map(|(name, row)| applied_before(name, row, run, &ledger)).collect();
    // One query for all tables, repeated at most once a second: most of the time no other session holds any of them.
    let exclusive: Vec<_> = remaining.iter().flat_map(|planned| planned.script.exclusive.clone()).collect();
    let is_held = !exclusive.is_empty() && !blockers::in_the_way(session, &exclusive).await?.is_empty();
    let mut looked = Instant::now();
    let earlier = earlier.into_iter().map(|row| Shown::of(row, true));
    let mut shown: Vec<_> = earlier.chain(done.iter().map(|(_, row)| Shown::of(row.clone(), false))).collect();
    for (index, planned) in remaining.iter().enumerate() {
        // Each attempt tries at least one migration, so that a run cannot loop forever.
        if budget.deadline.has_passed() && (index > 0 || budget.deadline.is_stopped()) {
            break;
        }
        let number = applied.len() + 1;
        let id = ledger::row_id(run, &planned.key, ledger.rolled_back(&planned.key));
        let entry = planned.entry(&id, newest.as_deref());
        // An open row is completed, whichever run wrote it.
        let shown_id = cut_off.as_ref().map_or_else(|| id.clone(), |row| row.id.clone());
        let class = planned.script.class.name();
        tracing::info!(execution, migration = planned.name, number, total, class, "applying migration");
        let turn = Turn { statements, planned, entry, shown: &shown, applied_before: number - 1, total, budget };
        if is_held || looked.elapsed() > LONGEST_LOOK {
            turn.let_others_finish(session).await?;
            looked = Instant::now();
        }
        let recorded = match turn.apply(session, cut_off.take()).await {
            Ok(recorded) => recorded,
            // The migration may fit into an attempt of its own: leave it to the next one.
            Err(Error::MigrationFailed(failure))
                if index > 0 && failure.code == sqlstate::QUERY_CANCELED && budget.deadline.has_passed() =>
            {
                break;
            }
            Err(error) => return Err(error),
        };
        let duration_ms = recorded.milliseconds;
        newest = Some(recorded.started_at);
        let Planned { key, name, checksum, .. } = planned;
        shown.push(Shown {
            id: shown_id,
            key: key.clone(),
            migration: name.clone(),
            checksum: checksum.clone(),
            is_earlier: false,
        });
        applied.push(Applied { name: planned.name.clone(), duration_ms, by_this_run: true });
        tracing::info!(execution, migration = planned.name, number, total, duration_ms, "applied migration");
    }

    let applied_now = applied.len() - done.len();
    Ok(Done { value: Progress { applied, applied_now, remaining: remaining.len() - applied_now }, shown })
}

/// Returns what the ledger says of a migration of the plan that was applied before this attempt.
fn applied_before(name: &str, row: &Row, run: &str, ledger: &Ledger) -> Applied {
    let id = ledger::row_id(run, &row.key, ledger.rolled_back(&row.key));
    Applied { name: name.to_owned(), duration_ms: row.duration_ms, by_this_run: row.id == id }
}

async fn make_ledger(session: &mut Session, format: Format, statements: &Statements) -> Result<()> {
    // sqlx itself does not check this: the plan has warned.
    if format == Format::Prisma {
        check_empty(session, statements, &[]).await?;
    }
    let creation = statements.creation(session).await?;
    session.run("creating the ledger", &creation).await
}

/// Whether `error` carries one of the recording's own `marks`: then no row was written.
fn is_guards(error: &ScriptError, marks: &[&str]) -> bool {
    let text = database_error(&error.source).map_or("", |error| error.message());
    marks.iter().any(|mark| text.contains(mark))
}

/// One migration's turn.
struct Turn<'a> {
    statements: &'a Statements,
    planned: &'a Planned,
    entry: Entry<'a>,
    /// The migrations that the ledger has to show by now.
    shown: &'a [Shown],
    applied_before: usize,
    total: usize,
    budget: Budget,
}

impl Turn<'_> {
    /// Applies the migration, and repeats it while it only meets other sessions' locks. Returns what its row says.
    async fn apply(&self, session: &mut Session, mut cut_off: Option<Row>) -> Result<Recorded> {
        let started = Instant::now();
        let mut pause = Duration::from_millis(100);
        let mut alone = match (&self.planned.script.class, &cut_off) {
            (Class::Standalone(evidence), _) => Some(evidence.clone()),
            // Only the server knew that the script had to run alone, and then the script was cut off.
            (Class::Transactional, Some(_)) => Some(Evidence::None),
            (Class::Transactional, None) => None,
        };
        for tries in 1.. {
            let tried = match &alone {
                None => self.transactional(session).await?,
                Some(evidence) => {
                    let cut_off = cut_off.take();
                    let (ledger, planned, entry) = (self.statements, self.planned, self.entry);
                    let standalone = Standalone { ledger, planned, evidence, entry, deadline: self.budget.deadline };
                    standalone.run(session, cut_off.as_ref()).await?
                }
            };
            let (error, message, left) = match tried {
                Tried::Applied(recorded) => return Ok(recorded),
                Tried::Failed(failed) => *failed,
            };
            let code = code_of(&error.source).unwrap_or_default();
            let single = self.planned.script.statements.len() == 1;
            let needs_none =
                code == sqlstate::ACTIVE_SQL_TRANSACTION && !failure::is_in_a_function(&self.planned.script, &error);
            if alone.is_none() && single && needs_none {
                // Only the server knows this, for REINDEX of a partitioned table and the like. It has rolled everything
                // back, so the script can run again, outside of a transaction.
                alone = Some(Evidence::None);
                continue;
            }
            if !sqlstate::is_contention(&code) {
                return Err(self.failed(session, &error, &message, left).await);
            }
            if pause >= self.budget.deadline.left() || started.elapsed() + pause > self.budget.contention_patience {
                let what = format!("migration {}", self.planned.name);
                let waited_s = started.elapsed().as_secs();
                let blockers = blockers::blockers(session, self.statements).await?;
                return Err(Error::LockTimeout { what, tries, waited_s, code, blockers });
            }
            tracing::warn!(migration = self.planned.name, tries, code, "met another session's lock; trying again");
            // Full jitter, so that two runs do not meet again and again.
            self.budget.deadline.sleep(pause.mul_f64(fastrand::f64())).await;
            self.let_others_finish(session).await?;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
        unreachable!("the loop ends by returning")
    }

    /// Waits while a long transaction is in the way: our request for its table's lock would hold up every session that
    /// asks after us. The wait is bounded. After it, only the lock timeout limits the harm.
    async fn let_others_finish(&self, session: &mut Session) -> Result<()> {
        let tables = &self.planned.script.exclusive;
        if tables.is_empty() {
            return Ok(());
        }
        // At least half of the remaining time is for the script itself.
        let left = self.budget.deadline.left();
        let limit = Instant::now() + (left / 2).min(self.budget.contention_patience / 2);
        let lasting = session.target().lock_timeout.min(LONGEST_LOOK);
        let mut earlier = blockers::in_the_way(session, tables).await?;
        while !earlier.is_empty() && Instant::now() + lasting < limit && !self.budget.deadline.has_passed() {
            self.budget.deadline.sleep(lasting).await;
            let now = blockers::in_the_way(session, tables).await?;
            // Transactions that were not here before are short, and the lock timeout outlasts them.
            if now.is_disjoint(&earlier) {
                break;
            }
            tracing::info!(migration = self.planned.name, "waiting for a transaction that holds a table");
            earlier = now;
        }
        Ok(())
    }

    async fn transactional(&self, session: &mut Session) -> Result<Tried> {
        let recording = match (session.prepared, self.applied_before + 1 < self.total) {
            (true, _) => Recording::Prepared,
            (false, true) => Recording::AndPrepare,
            (false, false) => Recording::SpelledOut,
        };
        let nonce = transaction::nonce();
        // A script has no business with the ledger. A change that a script makes without the ledger's name in its text
        // is found at the end of the run.
        let names_ledger = self.planned.script.text.to_lowercase().contains(&self.statements.name().to_lowercase());
        let guard = (names_ledger && !self.shown.is_empty()).then(|| self.statements.refuse_missing(self.shown));
        let message =
            Message::transactional(session, self.statements, self.entry, self.planned, recording, guard, &nonce);
        let known = session.opened.take();
        let error = match planted::send(session, message.text.clone(), self.budget.deadline).await {
            Ok(answer) if message.differs_from(answer.completed) => {
                return Err(self.ran_something_else(&message, answer.completed));
            }
            Ok(answer) => return self.recorded(session, answer, known, recording).await,
            Err(error) => error,
        };
        if is_broken(&error.source) {
            return Err(session.error(&format!("migration {}", self.planned.name), &error.source));
        }
        let opened =
            Opened::of(known, error.first.as_ref()).map_err(|error| session.error("opening a transaction", &error))?;
        // A message that PostgreSQL cannot parse has not run at all.
        let fate = match error.completed {
            0 => {
                session.reset("ROLLBACK; ", "").await?;
                Fate::RolledBack
            }
            _ => fate::fate(session, &nonce, opened).await?,
        };
        // The driver's own error does not tell where the server stopped, and the server's error may have come after our
        // own COMMIT. In any other case a row is no evidence: a script can have written it.
        let is_drivers = database_error(&error.source).is_none();
        if is_drivers || fate == Fate::Committed && !is_guards(&error, &ledger::GUARDS) {
            let sql = self.statements.recorded(self.entry);
            if let Some(recorded) = Recorded::one(session, "looking for the row", &sql).await? {
                return Ok(Tried::Applied(recorded));
            }
        }
        if fate != Fate::RolledBack
            && let Some(opened) = opened
            && fate::is_anything_committed(session, opened).await?
        {
            return Err(self.torn(session, &message, &error, fate).await);
        }
        // A failover can leave the session open. A script can also make its own transaction read-only.
        if code_of(&error.source).as_deref() == Some(sqlstate::READ_ONLY_SQL_TRANSACTION) {
            session.look_again().await?;
            session.check_writable()?;
        }
        // The script deallocated the statements that record it, and is rolled back. Run it again, with the recording
        // spelled out.
        if recording == Recording::Prepared && code_of(&error.source).as_deref() == Some(sqlstate::NOTHING_PREPARED) {
            return Box::pin(self.transactional(session)).await;
        }
        Ok(Tried::Failed(Box::new((error, message, Left::Nothing))))
    }

    /// Returns the error for a script that ended the transaction that it ran in: a part of it is committed, or may be,
    /// and it has no row. Leaves an open row, so that no later run takes the migration for one that never ran.
    async fn torn(&self, session: &mut Session, message: &Message, error: &ScriptError, fate: Fate) -> Error {
        let insert = self.statements.insert_started(self.entry);
        let is_marked = match session.rows("recording that a part is committed", &insert).await {
            Ok(rows) => !rows.is_empty(),
            Err(error) => {
                tracing::error!(migration = self.planned.name, %error, "could not record that a part is committed");
                false
            }
        };
        let code = code_of(&error.source).unwrap_or_else(|| "none".to_owned());
        let completed = message.completed_of_script(error.completed);
        let committed = if fate == Fate::Committed {
            "What stood before that is committed and stays"
        } else {
            "A part of it is committed and stays, or another session committed meanwhile: the server does not say whose \
             transaction it was"
        };
        let unmarked =
            if is_marked { "" } else { ". It has no row in the ledger: a new run would run all of it again" };
        Error::InDoubt {
            migration: self.planned.name.clone(),
            evidence: format!(
                "its script ended the transaction that it ran in, though its text shows no statement that does. \
                 {committed}. {completed} of its statements had completed when it stopped with \
                 SQLSTATE {code} ({}){unmarked}",
                sqlstate::condition(&code)
            ),
            way_out: resolve(&self.planned.key, &self.planned.name),
        }
    }

    /// Returns the error for a script of which the server ran more or fewer statements than its text has.
    fn ran_something_else(&self, message: &Message, completed: usize) -> Error {
        Error::RanSomethingElse {
            migration: self.planned.name.clone(),
            planned: self.planned.script.statements.len(),
            ran: (self.planned.script.statements.len() + completed).saturating_sub(message.len()),
        }
    }

    /// Returns what the row says that our own check has returned last.
    async fn recorded(
        &self,
        session: &mut Session,
        answer: Answer,
        known: Option<Opened>,
        recording: Recording,
    ) -> Result<Tried> {
        let read = |row: &PgRow| {
            let prepared = row.try_get::<i64, _>(PREPARED_LEFT)?;
            Ok((Recorded::of(row)?, prepared, row.try_get::<i64, _>(TRANSACTION_ID)?))
        };
        let last = answer.last.as_ref().or(answer.first.as_ref());
        let found = last.ok_or(sqlx::Error::RowNotFound).and_then(read);
        let (recorded, prepared, id) = found.map_err(|error| session.error("recording", &error))?;
        let opened = Opened::of(known, answer.first.as_ref()).map_err(|error| session.error("recording", &error))?;
        session.opened = opened.map(|opened| opened.behind(id));
        session.prepared = recording != Recording::SpelledOut;
        if recording == Recording::Prepared && prepared != PREPARED {
            // The script has prepared statements, which the next script must not find.
            session.reset("", "").await?;
        }
        Ok(Tried::Applied(recorded))
    }

    async fn failed(&self, session: &mut Session, error: &ScriptError, message: &Message, left: Left) -> Error {
        let mut failure = failure::of(self.planned, message, error, left, self.applied_before, self.total);
        if let Some(name) = failure::missing_in_a_function(&self.planned.script, error) {
            // Text in a function's source is no row's value.
            let doing = "looking for a function that names it";
            if session.value(doing, &failure::is_in_a_source(&name)).await.unwrap_or(false) {
                failure.message = Some(format!("a function does not find {name}"));
            }
        }
        if is_guards(error, &[ledger::TRANSACTION_ENDED]) {
            failure.hint = Some(
                "The script ended the transaction that it ran in, though its text shows no statement that does. Nothing \
                 of it is committed"
                    .into(),
            );
        }
        if failure.code == sqlstate::QUERY_CANCELED && self.budget.deadline.has_passed() {
            failure.hint = Some(if self.budget.deadline.is_stopped() {
                failure::STOPPED.to_owned()
            } else {
                failure::time_is_up(&error.waited_for)
            });
        }
        Error::MigrationFailed(Box::new(failure))
    }
}
