//! The advisory lock of Prisma or sqlx itself: polled for a limited time, never waited for.
//!
//! A session that *waits* in `pg_advisory_lock` holds a snapshot. CREATE INDEX CONCURRENTLY waits for that snapshot,
//! and PostgreSQL ends the circle as a deadlock. So the engine only ever tries the lock.

use std::time::{Duration, Instant};

use crate::ledger::{Shown, Statements, UNLOGGED};
use crate::planted::{self, Bug};
use crate::session::{Session, THIS_DATABASE, Target};
use crate::{Error, Result, durability};

const POLL_EVERY: Duration = Duration::from_millis(200);

/// The result of work under the lock, and what the ledger has to show when the lock is released.
pub(crate) struct Done<T> {
    pub(crate) value: T,
    pub(crate) shown: Vec<Shown>,
}

impl<T> Done<T> {
    /// Returns the result of work that has checked the ledger itself.
    pub(crate) fn of(value: T) -> Self {
        Self { value, shown: Vec::new() }
    }
}

/// Runs `work` in a session of its own that holds the lock. Whatever the result, flushes what was committed before the
/// lock is free and before anything is reported: other sessions may now rely on it. In the same round trip, checks once
/// more that the ledger shows what it has to: a script or a trigger can have changed it since.
///
/// # Errors
///
/// Those of `work`; those of opening the session; [`Error::ReadOnly`], [`Error::LockHeld`], [`Error::RowsGone`],
/// [`Error::NotFlushed`].
pub(crate) async fn hold<T>(
    target: &Target,
    statements: &Statements,
    patience: Duration,
    work: impl AsyncFnOnce(&mut Session) -> Result<Done<T>>,
) -> Result<T> {
    // The first try costs no round trip of its own: most of the time the lock is free.
    let (mut session, taken) = Session::open_and::<bool>(target, &statements.try_lock()).await?;
    session.check_writable()?;
    if !planted::is_on(Bug::NoLock) && taken != Some(true) {
        acquire(&mut session, statements, patience).await?;
    }
    let result = work(&mut session).await;
    if matches!(result, Err(Error::ConnectionClosed { .. } | Error::NotFlushed)) {
        session.close().await;
        return result.map(|done| done.value);
    }
    let shown: &[Shown] = result.as_ref().map_or(&[], |done| &done.shown);
    let count = (!shown.is_empty()).then(|| statements.missing(shown));
    let flushed = durability::flush(&mut session, &statements.unlock(), count.as_deref()).await;
    let gone: Vec<&Shown> = flushed.iter().flatten().filter_map(|number| nth(shown, *number)).collect();
    if !gone.is_empty() {
        leave_open(&mut session, statements, &gone).await;
    }
    session.close().await;
    let migrations: Vec<_> = gone.iter().map(|shown| shown.migration.clone()).collect();
    // The error of the work itself tells more than that the flush failed too.
    let value = result?.value;
    let missing = flushed?;
    if !migrations.is_empty() {
        return Err(Error::RowsGone { ledger: statements.table().to_owned(), migrations });
    }
    if missing.contains(&UNLOGGED) {
        return Err(statements.unlogged());
    }
    Ok(value)
}

/// Returns the migration with this `number`, from 1.
fn nth(shown: &[Shown], number: i64) -> Option<&Shown> {
    shown.get(usize::try_from(number).ok()?.checked_sub(1)?)
}

/// Leaves an open row for each migration whose finished row is `gone`, so that no later run takes it for one that never
/// ran. The failure names each of them even if its row cannot be written.
async fn leave_open(session: &mut Session, statements: &Statements, gone: &[&Shown]) {
    let doing = "recording that a migration is in doubt";
    match session.value::<bool>(doing, &statements.try_lock()).await {
        Ok(true) => {}
        _ => return tracing::error!("could not take the migration lock again to mark what is in doubt"),
    }
    for shown in gone {
        // A row that is there and was changed stays as it is: its checksum stops the next run.
        if let Err(error) = session.rows(doing, &statements.insert_started(shown.entry())).await {
            tracing::error!(migration = shown.migration, %error, "could not record that a migration is in doubt");
        }
    }
    if let Err(error) = durability::flush(session, &statements.unlock(), None).await {
        tracing::error!(%error, "could not flush what is in doubt");
    }
}

/// Takes the lock. Tries again until `patience` is over.
async fn acquire(session: &mut Session, statements: &Statements, patience: Duration) -> Result<()> {
    let started = Instant::now();
    while !session.value::<bool>("taking the migration lock", &statements.try_lock()).await? {
        if started.elapsed() + POLL_EVERY > patience {
            let holder = holder(session, statements).await?.unwrap_or_else(|| "it has ended meanwhile".to_owned());
            return Err(Error::LockHeld { waited_s: started.elapsed().as_secs(), holder });
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
    Ok(())
}

/// Returns why a write to the ledger had no effect. Such a write has an effect only while our session holds the lock.
pub(crate) async fn why_not_recorded(session: &mut Session, statements: &Statements, during: &str) -> Result<Error> {
    let during = during.to_owned();
    let is_held = format!("SELECT {}", statements.lock_is_held());
    if session.value("asking whether this session holds the lock", &is_held).await? {
        return Ok(Error::NotRecorded { during, ledger: statements.table().to_owned() });
    }
    Ok(Error::LockLost { during, holder: holder(session, statements).await? })
}

/// Returns the session that holds the lock, as far as our role may see it.
pub(crate) async fn holder(session: &mut Session, statements: &Statements) -> Result<Option<String>> {
    let sql = format!(
        "SELECT 'pid ' || l.pid || ', user ' || coalesce(a.usename::text, 'not visible to this role') \
         || ', application ' || coalesce(nullif(a.application_name, ''), 'not visible to this role') \
         || CASE WHEN a.application_name = pg_catalog.current_setting('application_name') \
         THEN ' (an earlier attempt of this run, whose end the server has not noticed yet)' ELSE '' END \
         FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
         WHERE {} \
         AND l.pid <> pg_catalog.pg_backend_pid() AND l.database = {THIS_DATABASE}",
        statements.is_lock()
    );
    Ok(session.values::<String>("looking for the lock's holder", &sql).await?.into_iter().next())
}
