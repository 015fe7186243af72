//! Settles a migration as a person declares it, applied or rolled back, as `prisma migrate resolve` does. sqlx has no
//! such command. Its ledger gets the rows that sqlx itself would write.
//!
//! No script runs. The person sees the database's evidence first, and the digest ties the decision to that evidence.

use std::time::Duration;

use crate::attempt::Attempt;
use crate::digest::Fields;
use crate::history::{Format, History, Key, Migration};
use crate::ledger::{self, Entry, Ledger, Row, Statements};
use crate::lock::Done;
use crate::script::{Class, classify};
use crate::session::{DatabaseIdentity, Session};
use crate::{Error, Result, lock, standalone, wording};

/// A person's claim about a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The migration's whole name. With sqlx, its version is enough.
    pub migration: String,
    /// What became of it.
    pub resolution: Declared,
}

/// What a person declares to have become of a migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Declared {
    /// All of it is in the database. This also records migrations that a database has from before this history.
    Applied,
    /// Nothing of it is in the database, so it may run again.
    RolledBack,
}

impl Declared {
    /// Returns the name that people see.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::RolledBack => "rolledBack",
        }
    }
}

/// The evidence on a migration, before anything is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimEvidence {
    /// Hexadecimal SHA-256 over the database's identity, its ledger, the migration and the claim.
    pub digest: String,
    /// How many rows the ledger has.
    pub rows: usize,
    /// What the ledger and the catalog show, a sentence each.
    pub facts: Vec<String>,
}

/// An approved claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovedClaim {
    /// The claim.
    pub claim: Claim,
    /// The digest of the [`ClaimEvidence`].
    pub digest: String,
}

/// Returns the evidence on the migration that `claim` is about. Writes nothing.
///
/// # Errors
///
/// [`Error::Config`] when the claim cannot be true or has no use, with Prisma's code.
pub async fn find_evidence(
    session: &mut Session,
    instance: &str,
    history: &History,
    claim: &Claim,
) -> Result<ClaimEvidence> {
    let statements = Statements::new(session.target(), history.format);
    let found = ledger::read(session, &statements).await?;
    if found.is_none() && !session.value::<bool>("looking for the schema", &statements.schema_exists()).await? {
        return Err(Error::Config {
            name: wording::schema().into(),
            reason: format!("there is no schema {:?}, so nothing in it can be resolved", session.target().schema),
        });
    }
    let ledger = found.unwrap_or_default();
    let subject = Subject::find(history, claim)?;
    subject.check(&ledger, claim)?;
    let mut facts = facts(session, &ledger, &subject).await?;
    let digest = digest(&session.identity(instance), &ledger, claim, &subject, &facts);
    if let Some(holder) = lock::holder(session, &statements).await? {
        facts.push(format!("The migration lock is held, so it may be running now: {holder}"));
    }
    Ok(ClaimEvidence { digest, rows: ledger.rows.len(), facts })
}

/// Returns what the catalog and the ledger show of the migration, the catalog first.
async fn facts(session: &mut Session, ledger: &Ledger, subject: &Subject<'_>) -> Result<Vec<String>> {
    let mut facts = Vec::new();
    if let Some(script) = subject.script {
        facts.push(match classify(&script.sql) {
            Err(refusal) => format!("Its script would be refused: {refusal}"),
            Ok(script) => match &script.class {
                Class::Transactional => transactional_fact(ledger, subject).into(),
                Class::Standalone(evidence) => standalone::fact(session, evidence).await?,
            },
        });
    }
    facts.extend(ledger.of(&subject.key).map(fact));
    if ledger.of(&subject.key).next().is_none() {
        facts.push("The ledger has no row for it".into());
    }
    Ok(facts)
}

/// Returns what is known of a script that this project would run in a transaction. The tool that left its row open did
/// not.
fn transactional_fact(ledger: &Ledger, subject: &Subject) -> &'static str {
    match ledger.of(&subject.key).find(|row| row.is_open()) {
        Some(row) if row.marked => "It had to run outside a transaction, and nothing tells how far it came",
        Some(_) => "The tool that started it may have left it half applied: look at each of its statements",
        None => "Nothing tells whether it is in the database: look at each of its statements",
    }
}

/// Records the claim of `approved`, if the evidence is still that of its digest.
///
/// Also succeeds if the ledger already says what is claimed, so that an attempt whose answer was lost can be repeated.
/// Returns whether this call changed something.
///
/// # Errors
///
/// [`Error::PlanChanged`] when the evidence has changed; [`Error::LockHeld`], [`Error::LockLost`],
/// [`Error::NotRecorded`]; the errors of [`find_evidence`].
pub async fn resolve(attempt: Attempt<'_>, approved: &ApprovedClaim, lock_patience: Duration) -> Result<bool> {
    let statements = Statements::new(attempt.target, attempt.history.format);
    lock::hold(attempt.target, &statements, lock_patience, async |session| {
        resolve_locked(session, &statements, attempt, approved).await.map(Done::of)
    })
    .await
}

async fn resolve_locked(
    session: &mut Session,
    statements: &Statements,
    attempt: Attempt<'_>,
    approved: &ApprovedClaim,
) -> Result<bool> {
    let Attempt { instance, history, run, .. } = attempt;
    let claim = &approved.claim;
    let found = ledger::read(session, statements).await?;
    let is_new = found.is_none();
    let ledger = found.unwrap_or_default();
    let subject = Subject::find(history, claim)?;
    let id = ledger::row_id(&format!("{run} resolve"), &subject.key, 0);
    if subject.is_settled(&ledger, claim.resolution, &id) {
        return Ok(false);
    }
    subject.check(&ledger, claim)?;
    let facts = facts(session, &ledger, &subject).await?;
    if digest(&session.identity(instance), &ledger, claim, &subject, &facts) != approved.digest {
        return Err(Error::PlanChanged {
            digest: approved.digest.clone(),
            reason: "the ledger, the script or what the database tells is not what the decision was made on".into(),
        });
    }
    let sql = match (claim.resolution, subject.script) {
        (Declared::Applied, Some(script)) => {
            // In one transaction: an empty ledger that stays would let a later run take the schema for an empty one.
            let create = if is_new { statements.creation(session).await? } else { String::new() };
            format!("BEGIN; {create}; {}; COMMIT", statements.declare_applied(Entry::of(script, &id)))
        }
        _ => statements.declare_rolled_back(&subject.key),
    };
    session.run("declaring a migration settled", &sql).await?;
    let ledger = ledger::read(session, statements).await?.unwrap_or_default();
    if subject.is_settled(&ledger, claim.resolution, &id) {
        let execution = run.rsplit(':').next();
        let Claim { migration, resolution } = claim;
        tracing::info!(execution, migration, resolution = resolution.name(), "declared a migration settled");
        return Ok(true);
    }
    Err(lock::why_not_recorded(session, statements, &format!("the resolution of {}", claim.migration)).await?)
}

/// The migration that a claim is about.
struct Subject<'a> {
    format: Format,
    key: Key,
    /// The migration in the history, if the history has it.
    script: Option<&'a Migration>,
}

impl<'a> Subject<'a> {
    fn find(history: &'a History, claim: &Claim) -> Result<Self> {
        let name = &claim.migration;
        let script = history.position(name).and_then(|position| history.migrations.get(position));
        // A version alone, or one with a wrong description, is not a key. The history has a migration of that version.
        let free = || history.format.key_of(name).filter(|key| history.of_key(key).is_none());
        let key = script.map(|script| script.key.clone()).or_else(free);
        let key = key.ok_or_else(|| {
            wrong(format!("there is no migration {name:?} in the history (P3017); give the whole name of one"))
        })?;
        Ok(Self { format: history.format, key, script })
    }

    /// Returns an error if the claim cannot be recorded.
    fn check(&self, ledger: &Ledger, claim: &Claim) -> Result<()> {
        let Claim { migration, resolution } = claim;
        let applied = ledger.of(&self.key).any(Row::is_applied);
        let open = ledger.of(&self.key).any(Row::is_open);
        Err(wrong(match resolution {
            Declared::Applied if self.script.is_none() => {
                format!("there is no migration {migration:?} in the history (P3017); give the whole name of one")
            }
            Declared::Applied if applied => {
                format!("{migration} is recorded as applied already (P3008); there is nothing to resolve")
            }
            Declared::RolledBack if applied => format!(
                "{migration} is recorded as finished (P3012), and only one that failed can be declared rolled back"
            ),
            Declared::RolledBack if !open => {
                format!("the ledger has no unfinished row of {migration:?} (P3011); there is nothing to resolve")
            }
            _ => return Ok(()),
        }))
    }

    /// Whether a row belongs to the script that the history has.
    fn is_of(&self, row: &Row) -> bool {
        self.script.is_some_and(|script| script.checksum == row.checksum)
    }

    /// Whether the ledger says what is claimed; by the row `id`, where the claim leaves a row.
    fn is_settled(&self, ledger: &Ledger, resolution: Declared, id: &str) -> bool {
        let mut rows = ledger.of(&self.key).peekable();
        match resolution {
            Declared::Applied => rows.any(|row| row.id == id && row.is_applied() && self.is_of(row)),
            Declared::RolledBack if self.format == Format::Sqlx => rows.peek().is_none(),
            Declared::RolledBack => rows.peek().is_some() && rows.all(|row| row.rolled_back),
        }
    }
}

fn wrong(reason: String) -> Error {
    Error::Config { name: "migration".into(), reason }
}

/// Returns what a row shows, without its log: another tool's log can quote rows of the database.
fn fact(row: &Row) -> String {
    let who = if row.marked { "this tool, as a statement that runs alone," } else { "another tool" };
    let how = match (row.rolled_back, row.finished) {
        (true, _) => "it was declared rolled back",
        (false, true) => "it finished",
        (false, false) => "it never finished",
    };
    format!("{who} started it {}, and {how}", row.started_at)
}

fn digest(identity: &DatabaseIdentity, ledger: &Ledger, claim: &Claim, subject: &Subject, facts: &[String]) -> String {
    let mut fields = Fields::new();
    fields.text("lockstep resolve 1");
    identity.fields(&mut fields);
    fields.text(&ledger.digest());
    fields.text(&claim.migration);
    fields.text(claim.resolution.name());
    fields.text(subject.script.map_or("", |script| &script.checksum));
    for fact in facts {
        fields.text(fact);
    }
    fields.finish_hex()
}
