//! Records the migrations that a database already has as applied, without running anything: for a database that was
//! created before its ledger.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::digest::Fields;
use crate::history::{History, Migration};
use crate::ledger::{self, Entry, Ledger, Row, Statements};
use crate::lock::Done;
use crate::plan::{look_for_others, until};
use crate::session::{DatabaseIdentity, Session};
use crate::{Error, Result, lock, wording};

/// What a baseline would record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// Hexadecimal SHA-256 over the database's identity, its empty ledger, its number of tables, and the migrations.
    pub digest: String,
    /// How many ordinary tables the schema has.
    pub tables: i64,
    /// The migrations that would be recorded, in order.
    pub migrations: Vec<String>,
    /// Warnings, which stop nothing.
    pub warnings: Vec<String>,
}

/// An approved baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedBaseline {
    /// The last migration to record.
    pub up_to: String,
    /// The digest of the [`Baseline`].
    pub digest: String,
}

/// Returns what a baseline up to and including the migration `up_to` would record. Writes nothing.
///
/// # Errors
///
/// [`Error::Config`] when there is no such migration, when the ledger has rows, when the tool uses another ledger, or
/// when the schema has no table.
pub async fn plan_baseline(session: &mut Session, instance: &str, history: &History, up_to: &str) -> Result<Baseline> {
    let chosen = chosen(history, up_to)?;
    let statements = Statements::new(session.target(), history.format);
    let found = ledger::read(session, &statements).await?;
    let warnings = look_for_others(session, &statements, found.as_ref()).await?;
    let tables = check(session, &statements, &found.unwrap_or_default()).await?;
    Ok(Baseline {
        warnings,
        digest: digest(&session.identity(instance), tables, chosen),
        tables,
        migrations: chosen.iter().map(|migration| migration.name.clone()).collect(),
    })
}

/// Records the migrations of `approved`, if the database is as it was when its digest was made. A row that this run
/// recorded already counts as success, so that an attempt whose answer was lost can be repeated. Returns how many rows
/// this call wrote.
///
/// # Errors
///
/// [`Error::PlanChanged`] when the database or the history has changed since; [`Error::LockHeld`], [`Error::LockLost`],
/// [`Error::NotRecorded`]; the errors of [`plan_baseline`].
pub async fn record(attempt: Attempt<'_>, approved: &ApprovedBaseline, lock_patience: Duration) -> Result<usize> {
    let statements = Statements::new(attempt.target, attempt.history.format);
    lock::hold(attempt.target, &statements, lock_patience, async |session| {
        record_locked(session, &statements, attempt, approved).await.map(Done::of)
    })
    .await
}

async fn record_locked(
    session: &mut Session,
    statements: &Statements,
    attempt: Attempt<'_>,
    approved: &ApprovedBaseline,
) -> Result<usize> {
    let Attempt { instance, history, run, .. } = attempt;
    let chosen = chosen(history, &approved.up_to)?;
    let entries: Vec<_> = chosen
        .iter()
        .map(|migration| (migration, ledger::row_id(&format!("{run} baseline"), &migration.key, 0)))
        .collect();
    let found = ledger::read(session, statements).await?;
    let is_new = found.is_none();
    let ledger = found.unwrap_or_default();
    if is_recorded(&ledger, &entries) {
        return Ok(0);
    }
    let tables = check(session, statements, &ledger).await?;
    if digest(&session.identity(instance), tables, chosen) != approved.digest {
        return Err(Error::PlanChanged {
            digest: approved.digest.clone(),
            reason: "the migrations or the schema's tables are not those that the decision was made on".into(),
        });
    }
    // In one transaction: after half a baseline, a run would apply the other half.
    let mut sql = String::from("BEGIN; ");
    if is_new {
        sql.push_str(&statements.creation(session).await?);
        sql.push_str("; ");
    }
    for (migration, id) in &entries {
        sql.push_str(&statements.declare_applied(Entry::of(migration, id)));
        sql.push_str("; ");
    }
    sql.push_str("COMMIT");
    session.run("recording the baseline", &sql).await?;
    if is_recorded(&ledger::read(session, statements).await?.unwrap_or_default(), &entries) {
        tracing::info!(
            execution = run.rsplit(':').next(),
            up_to = approved.up_to,
            count = entries.len(),
            "recorded a baseline"
        );
        return Ok(entries.len());
    }
    Err(lock::why_not_recorded(session, statements, "the baseline").await?)
}

fn chosen<'a>(history: &'a History, up_to: &str) -> Result<&'a [Migration]> {
    Ok(&history.migrations[..until(history, Some(up_to))?])
}

fn is_recorded(ledger: &Ledger, entries: &[(&Migration, String)]) -> bool {
    // sqlx's ledger does not tell which run wrote a row. Then at least the script has to be the one that was shown.
    let is_of = |migration: &Migration, id: &str, row: &Row| row.id == id && row.checksum == migration.checksum;
    entries
        .iter()
        .all(|(migration, id)| ledger.of(&migration.key).any(|row| row.is_applied() && is_of(migration, id, row)))
}

/// Returns the number of tables; an error unless the ledger is empty and the schema has tables.
async fn check(session: &mut Session, statements: &Statements, ledger: &Ledger) -> Result<i64> {
    let wrong = |reason: String| Error::Config { name: wording::mode().into(), reason };
    if !ledger.rows.is_empty() {
        return Err(wrong(format!(
            "{} has {} row(s) already, and a baseline is for a database without any; \
             settle single migrations with a resolve",
            statements.name(),
            ledger.rows.len()
        )));
    }
    let tables: i64 = session.value("counting tables", &statements.count_tables()).await?;
    if tables == 0 {
        return Err(wrong(format!(
            "schema \"{}\" has no table, so it has nothing of this history; {}",
            session.target().schema,
            wording::apply()
        )));
    }
    Ok(tables)
}

fn digest(identity: &DatabaseIdentity, tables: i64, chosen: &[Migration]) -> String {
    let mut fields = Fields::new();
    fields.text("lockstep baseline 1");
    identity.fields(&mut fields);
    fields.text(&tables.to_string());
    for migration in chosen {
        fields.text(&migration.name);
        fields.text(&migration.checksum);
    }
    fields.finish_hex()
}
