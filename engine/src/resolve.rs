//! Settles a migration by a person's word, as `prisma migrate resolve` does: it is declared applied or rolled back.
//!
//! No script runs. What the database itself tells is shown first, and the digest ties the decision to it.

use crate::digest::Fields;
use crate::history::ledger::{Ledger, Row, Statements, row_id};
use crate::history::{History, Migration};
use crate::plan::Identity;
use crate::script::{Class, classify};
use crate::session::{Session, Target};
use crate::{Error, Result, lock, standalone};

/// What a person says of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The migration's whole name.
    pub migration: String,
    /// What became of it.
    pub resolution: Resolution,
}

/// What became of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// All of it is in the database. Also records what a database has that was made without this history.
    Applied,
    /// Nothing of it is in the database, so it may run again.
    RolledBack,
}

impl Resolution {
    /// Its name as it is shown to people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RolledBack => "rolledBack",
        }
    }
}

/// What is known of the migration before anything is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Hexadecimal SHA-256 over the database's identity, its ledger, the migration and the claim.
    pub digest: String,
    /// How many rows the ledger has.
    pub rows: usize,
    /// What the ledger and the catalog tell, a sentence each.
    pub facts: Vec<String>,
}

/// Looks what is known of the migration. Writes nothing.
///
/// # Errors
///
/// [`Error::Config`] when the claim cannot be true or has no use, with Prisma's code.
pub async fn look(session: &mut Session, instance: &str, history: &History, claim: &Claim) -> Result<Evidence> {
    let found = session.ledger().await?;
    let statements = Statements::new(&session.target().schema);
    if found.is_none() && !session.value::<bool>("looking for the schema", &statements.schema_exists()).await? {
        return Err(Error::Config {
            name: "DatabaseSchema".into(),
            reason: format!("there is no schema {:?}, so nothing in it can be resolved", session.target().schema),
        });
    }
    let ledger = found.unwrap_or_default();
    let script = check(history, &ledger, claim)?;
    let mut facts = facts(session, &ledger, claim, script).await?;
    let digest = digest(&session.identity(instance), &ledger, claim, script, &facts);
    if let Some(holder) = lock::holder(session).await? {
        facts.push(format!("The migration lock is held, so it may be running now: {holder}"));
    }
    Ok(Evidence { digest, rows: ledger.rows.len(), facts })
}

/// What the catalog and the ledger tell of the migration, the catalog first.
async fn facts(
    session: &mut Session,
    ledger: &Ledger,
    claim: &Claim,
    script: Option<&Migration>,
) -> Result<Vec<String>> {
    let mut facts = Vec::new();
    if let Some(script) = script {
        facts.push(match classify(&script.sql) {
            Err(refusal) => format!("Its script would be refused: {refusal}"),
            Ok(script) => match &script.class {
                Class::Transactional => transactional_fact(ledger, claim).into(),
                Class::Standalone(evidence) => standalone::fact(session, evidence).await?,
            },
        });
    }
    facts.extend(rows_of(ledger, claim).map(fact));
    if rows_of(ledger, claim).next().is_none() {
        facts.push("The ledger has no row for it".into());
    }
    Ok(facts)
}

/// What is known of a script that runs in a transaction of ours: whoever left a row open did not run it so.
fn transactional_fact(ledger: &Ledger, claim: &Claim) -> &'static str {
    match rows_of(ledger, claim).find(|row| row.is_open()) {
        Some(row) if row.marked => "It had to run outside a transaction, and nothing tells how far it came",
        Some(_) => "Whoever started it may have left it half applied: look at each of its statements",
        None => "Nothing tells whether it is in the database: look at each of its statements",
    }
}

/// Writes what `claim` says, if what is known is what `digest` was made of. `run` names the run, the same at each attempt.
///
/// Whatever is as claimed already is success, so that an attempt whose answer was lost can be repeated.
/// Returns whether this call changed something.
///
/// # Errors
///
/// [`Error::PlanChanged`] when something else is known now; [`Error::LockHeld`]; what [`look`] finds wrong.
pub async fn resolve(
    target: &Target,
    instance: &str,
    history: &History,
    claim: &Claim,
    digest: &str,
    run: &str,
    lock_patience: std::time::Duration,
) -> Result<bool> {
    lock::hold(target, lock_patience, async |session| {
        resolve_locked(session, instance, history, claim, digest, run).await
    })
    .await
}

async fn resolve_locked(
    session: &mut Session,
    instance: &str,
    history: &History,
    claim: &Claim,
    approved: &str,
    run: &str,
) -> Result<bool> {
    let statements = Statements::new(&session.target().schema);
    let found = session.ledger().await?;
    let is_new = found.is_none();
    let ledger = found.unwrap_or_default();
    if is_settled(&ledger, claim, run) {
        return Ok(false);
    }
    let script = check(history, &ledger, claim)?;
    let facts = facts(session, &ledger, claim, script).await?;
    if digest(&session.identity(instance), &ledger, claim, script, &facts) != approved {
        return Err(Error::PlanChanged {
            digest: approved.to_owned(),
            reason: "the ledger, the script or what the database tells is not what the decision was made on".into(),
        });
    }
    let sql = match (claim.resolution, script) {
        (Resolution::Applied, Some(script)) => {
            // In one transaction: an empty ledger that stays would let a later run take the schema for an empty one.
            let create = if is_new { statements.create_table() } else { String::new() };
            statements.declare_applied(&create, &own_row(run, claim), &script.name, &script.checksum)
        }
        _ => statements.declare_rolled_back(&claim.migration),
    };
    session.run("declaring a migration settled", &sql).await?;
    let settled = session.ledger().await?.is_some_and(|ledger| is_settled(&ledger, claim, run));
    if settled {
        let execution = run.rsplit(':').next();
        let Claim { migration, resolution } = claim;
        tracing::info!(execution, migration, resolution = resolution.name(), "declared a migration settled");
        return Ok(true);
    }
    let holder = lock::holder(session).await?.unwrap_or_else(|| "nobody, so it was lost".to_owned());
    Err(Error::LockHeld { waited_s: 0, holder })
}

/// The migration's script, if the history has it; an error if the claim cannot be recorded.
fn check<'a>(history: &'a History, ledger: &Ledger, claim: &Claim) -> Result<Option<&'a Migration>> {
    let Claim { migration, resolution } = claim;
    let script = history.migrations.iter().find(|found| found.name == *migration);
    let wrong = |reason: String| Err(Error::Config { name: "migration".into(), reason });
    let applied = rows_of(ledger, claim).any(Row::is_applied);
    let open = rows_of(ledger, claim).any(Row::is_open);
    match resolution {
        Resolution::Applied if script.is_none() => {
            wrong(format!("there is no migration {migration:?} in the history (P3017); give the whole name of one"))
        }
        Resolution::Applied if applied => {
            wrong(format!("{migration} is recorded as applied already (P3008); there is nothing to resolve"))
        }
        Resolution::RolledBack if applied => wrong(format!(
            "{migration} is recorded as finished (P3012), and only one that failed can be declared rolled back"
        )),
        Resolution::RolledBack if !open => {
            wrong(format!("the ledger has no unfinished row of {migration:?} (P3011); there is nothing to resolve"))
        }
        _ => Ok(script),
    }
}

fn rows_of<'a>(ledger: &'a Ledger, claim: &'a Claim) -> impl Iterator<Item = &'a Row> {
    ledger.rows.iter().filter(|row| row.name == claim.migration)
}

/// What a row tells, without its log: another tool's can quote rows of the database.
fn fact(row: &Row) -> String {
    let who = if row.marked { "this tool, as a statement that runs alone," } else { "another tool" };
    let how = match (row.rolled_back, row.finished) {
        (true, _) => "it was declared rolled back",
        (false, true) => "it finished",
        (false, false) => "it never finished",
    };
    format!("{who} started it {}, and {how}", row.started_at)
}

fn own_row(run: &str, claim: &Claim) -> String {
    row_id(run, &format!("resolve {}", claim.migration), 0)
}

/// Whether the ledger says what is claimed, by this run's own word where that leaves a row.
fn is_settled(ledger: &Ledger, claim: &Claim, run: &str) -> bool {
    match claim.resolution {
        Resolution::Applied => {
            let id = own_row(run, claim);
            rows_of(ledger, claim).any(|row| row.id == id && row.is_applied())
        }
        Resolution::RolledBack => {
            let mut rows = rows_of(ledger, claim).peekable();
            rows.peek().is_some() && rows.all(|row| row.rolled_back)
        }
    }
}

fn digest(identity: &Identity, ledger: &Ledger, claim: &Claim, script: Option<&Migration>, facts: &[String]) -> String {
    let mut fields = Fields::new();
    fields.text("lockstep resolve 1");
    identity.fields(&mut fields);
    fields.text(&ledger.digest());
    fields.text(&claim.migration);
    fields.text(claim.resolution.name());
    fields.text(script.map_or("", |script| &script.checksum));
    for fact in facts {
        fields.text(fact);
    }
    fields.finish_hex()
}
