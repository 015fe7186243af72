//! Lists the pending migrations, with the digest that ties an approval to them. Writes nothing.

mod divergence;

pub use divergence::OnDivergence;

use std::collections::HashSet;

use sqlx::Row as _;

use crate::digest::Fields;
use crate::error::RefusedMigration;
use crate::history::{Format, History, Key, Migration};
use crate::ledger::{self, Entry, Ledger, Row, Statements};
use crate::quote::identifier;
use crate::script::{Class, Evidence, Outlives, Script, classify};
use crate::session::{DatabaseIdentity, Session};
use crate::{Error, Result, lock, wording};

/// The comment with which a file tells sqlx to run it in no transaction.
const NO_TRANSACTION: &str = "-- no-transaction";

/// What a run would do to one database.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Hexadecimal SHA-256 over the database's identity, the ledger that the plan was made on, and the pending scripts
    /// in their order.
    pub digest: String,
    /// How many rows the ledger had.
    pub base_rows: usize,
    /// How many migrations of the history are applied.
    pub already_applied: usize,
    /// The pending migrations, in order.
    pub pending: Vec<Planned>,
    /// Whether the first pending migration was cut off: a run looks at what is left of it before anything else.
    pub resumes: bool,
    /// Warnings, which stop nothing.
    pub warnings: Vec<String>,
}

/// A pending migration.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its key in the ledger.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Its checksum.
    pub checksum: String,
    /// Its script, parsed and classified.
    pub script: Script,
}

impl Planned {
    /// Returns the row that records it, with this `id`; `newest` is that of [`Entry`].
    pub(crate) fn entry<'a>(&'a self, id: &'a str, newest: Option<&'a str>) -> Entry<'a> {
        let Self { key, name, checksum, .. } = self;
        Entry { id, key, name, checksum, newest }
    }
}

/// Plans `history` on the session's database, up to and including the migration `up_to`. `instance` is the server's
/// name outside of SQL.
///
/// # Errors
///
/// [`Error::HistoryFailed`] when another tool left a migration unfinished, [`Error::HistoryDiverged`] where ledger and
/// directory disagree in a way that is refused, [`Error::HistoryNotEmpty`] when the schema has tables but no ledger,
/// [`Error::Refused`] with every script that cannot be run, [`Error::Config`] when there is no migration `up_to`.
pub async fn plan_history(
    session: &mut Session,
    instance: &str,
    history: &History,
    up_to: Option<&str>,
    on_divergence: OnDivergence,
) -> Result<Plan> {
    let statements = Statements::new(session.target(), history.format);
    let found = ledger::read(session, &statements).await?;
    let mut warnings = Vec::new();
    let elsewhere = look_for_others(session, &statements, found.as_ref()).await?;
    if found.is_none() {
        match check_empty(session, &statements, &elsewhere).await {
            Err(Error::HistoryNotEmpty { schema, tables, ledger, .. })
                if history.format == Format::Sqlx && on_divergence == OnDivergence::AsTool =>
            {
                warnings.push(format!(
                    "schema \"{schema}\" has {tables} table(s) but no {ledger}: is it the right one? \
                     sqlx would apply the whole history to it, and so will Lockstep"
                ));
            }
            checked => checked?,
        }
    }
    warnings.extend(elsewhere);
    let identity = session.identity(instance);
    let planned = plan(&identity, history, &found.unwrap_or_default(), up_to, on_divergence);
    if let Err(Error::HistoryFailed { migration, .. }) = &planned
        && let Some(holder) = lock::holder(session, &statements).await?
    {
        // A migration that another tool is running now has not failed.
        return Err(Error::UnderWay { migration: migration.clone(), holder });
    }
    let mut plan = planned?;
    plan.warnings.extend(warnings);
    plan.warnings.extend(session_warnings(session, &plan.pending));
    Ok(plan)
}

/// Returns how the script's session differs from the tool's own, where that matters to a pending script.
fn session_warnings(session: &Session, pending: &[Planned]) -> Vec<String> {
    if pending.is_empty() {
        return Vec::new();
    }
    let mut warnings = session.differences().to_vec();
    let zoned = pending.iter().find_map(|planned| Some((planned, planned.script.depends_on_time_zone?)));
    if let (false, Some((planned, line))) = (session.knows_time_zone, zoned) {
        let target = session.target();
        warnings.push(format!(
            "{}, line {line}, depends on the session's TimeZone. It is UTC here, since neither the role nor the database sets \
             one. Where the server's own setting is another, which this session cannot see, times come out shifted: then run \
             ALTER DATABASE {} SET TimeZone = '...' with the server's value first",
            planned.name,
            identifier(&target.database)
        ));
    }
    warnings
}

/// Returns which effects of the pending scripts remain if they fail, one sentence each.
fn outliving(pending: &[Planned]) -> impl Iterator<Item = String> {
    let warn = |planned: &Planned, outlives: &Outlives| {
        format!(
            "{}, line {}: {} outlives a rollback; it stays if the migration fails after it",
            planned.name, outlives.line, outlives.what
        )
    };
    pending.iter().flat_map(move |planned| planned.script.outlives.iter().map(move |outlives| warn(planned, outlives)))
}

/// Returns warnings of other ledgers, where ours does not exist or is empty; `found` is our ledger.
///
/// # Errors
///
/// [`Error::Config`] when the tool itself would use another ledger: all that it records as applied would be applied
/// again.
pub(crate) async fn look_for_others(
    session: &mut Session,
    statements: &Statements,
    found: Option<&Ledger>,
) -> Result<Vec<String>> {
    let ours = match found {
        None => format!("there is no {}", statements.table()),
        Some(ledger) if ledger.rows.is_empty() => format!("{} records nothing", statements.table()),
        Some(_) => return Ok(Vec::new()),
    };
    let doing = "looking for other ledgers";
    let mut warnings = Vec::new();
    for row in session.rows(doing, &statements.others()).await? {
        let found = row.try_get::<String, _>(0).and_then(|name| Ok((name, row.try_get(1)?, row.try_get(2)?)));
        let (other, is_first, schema): (String, bool, String) = found.map_err(|error| session.error(doing, &error))?;
        if is_first {
            return Err(Error::Config {
                name: wording::schema().into(),
                reason: format!(
                    "{ours}, but there is {other}, which sqlx finds first for this role; \
                     give its schema, or remove it if no tool uses it"
                ),
            });
        }
        warnings.push(format!(
            "{ours}, but {other} looks like a ledger of {}'s, so all of the history would be applied again if it is the one of \
             this history: then {}",
            statements.tool(),
            statements.way_to(&schema)
        ));
    }
    Ok(warnings)
}

/// Plans `history` on the state that `ledger` shows.
pub(crate) fn plan(
    identity: &DatabaseIdentity,
    history: &History,
    ledger: &Ledger,
    up_to: Option<&str>,
    on_divergence: OnDivergence,
) -> Result<Plan> {
    let (base, open) = split_cut_off(ledger)?;
    let asked_for = &history.migrations[..until(history, up_to)?];
    let unapplied = unapplied(asked_for, &base);
    let found = divergence::find(history, asked_for, &base, &unapplied);
    let mut warnings = history.warnings.clone();
    warnings.extend(divergence::judge(history.format, on_divergence, found)?);
    warnings.extend(divergence::again(&base, &unapplied));
    let pending = classified(&unapplied)?;
    warnings.extend(unmarked(&unapplied, &pending));
    warnings.extend(outliving(&pending));
    check_cut_off(&open, pending.first())?;
    let cut_off = open.first().zip(pending.first());
    let resumes = cut_off.is_some();
    warnings.extend(cut_off.map(|(row, planned)| resuming(row, planned)));
    Ok(Plan {
        digest: digest(identity, &base, &unapplied),
        base_rows: base.rows.len(),
        already_applied: asked_for.len() - pending.len(),
        pending,
        resumes,
        warnings,
    })
}

/// Returns what a run does first about the migration that left `row` open.
fn resuming(row: &Row, planned: &Planned) -> String {
    let Row { name, started_at, .. } = row;
    let then = match planned.script.class {
        Class::Standalone(Evidence::None | Evidence::IndexCreated { index: None, .. }) => {
            "the catalog does not tell what it left, so apply stops until it is resolved"
        }
        _ => "apply first looks at what is left of it, and removes or completes that",
    };
    format!("{name} was started {started_at} and was cut off: {then}")
}

/// Returns warnings of scripts that run alone here, but fail with sqlx because the file lacks sqlx's comment.
fn unmarked(migrations: &[&Migration], planned: &[Planned]) -> Vec<String> {
    let is_unmarked = |(migration, planned): &(&&Migration, &Planned)| {
        let is_sqlx = matches!(planned.key, Key::Version(_));
        is_sqlx && planned.script.class != Class::Transactional && !migration.sql.starts_with(NO_TRANSACTION)
    };
    let warn = |planned: &Planned| {
        format!("{} runs outside a transaction; for sqlx itself it has to begin with {NO_TRANSACTION}", planned.name)
    };
    migrations.iter().zip(planned).filter(is_unmarked).map(|(_, planned)| warn(planned)).collect()
}

/// Returns an error unless the migration that was cut off is the next to run, with the same script. Otherwise no run
/// would ever settle it.
pub(crate) fn check_cut_off(open: &[Row], next: Option<&Planned>) -> Result<()> {
    let is_next = |row: &&Row| next.is_some_and(|next| next.key == row.key && next.checksum == row.checksum);
    let Some(row) = open.iter().find(|row| !is_next(row)) else { return Ok(()) };
    Err(Error::HistoryFailed {
        migration: row.name.clone(),
        started_at: row.started_at.clone(),
        evidence: "it was cut off, and is not the next to run, or has another script now".into(),
        way_out: resolve(&row.key, &row.name),
    })
}

/// Returns how a person settles the migration `name`, which has the key `key` in the ledger.
pub(crate) fn resolve(key: &Key, name: &str) -> String {
    let (name, likewise) = match key {
        Key::Name(_) => (name.to_owned(), "; `prisma migrate resolve` does the same"),
        // The description in the ledger can be that of a file which was renamed since.
        Key::Version(version) => (version.to_string(), ""),
    };
    format!("Look at what it changed, then {}{likewise}", wording::resolve(&name))
}

/// Returns an error if the schema has tables of its own, for which a ledger would have to account: Prisma's P3005.
/// `elsewhere` is what [`look_for_others`] has found.
pub(crate) async fn check_empty(session: &mut Session, statements: &Statements, elsewhere: &[String]) -> Result<()> {
    let tables = session.value("counting tables", &statements.count_tables()).await?;
    if tables == 0 {
        return Ok(());
    }
    let (schema, ledger) = (session.target().schema.clone(), statements.name().to_owned());
    Err(Error::HistoryNotEmpty { schema, tables, ledger, elsewhere: elsewhere.to_vec() })
}

/// Returns the ledger without the open rows of our standalone statements, and those rows.
///
/// # Errors
///
/// [`Error::HistoryFailed`] for a row that another tool left open.
pub(crate) fn split_cut_off(ledger: &Ledger) -> Result<(Ledger, Vec<Row>)> {
    if let Some(row) = ledger.rows.iter().find(|row| row.is_open() && !row.marked) {
        return Err(Error::HistoryFailed {
            migration: row.name.clone(),
            started_at: row.started_at.clone(),
            evidence: "another tool started it, and its row does not tell how far it came".into(),
            way_out: resolve(&row.key, &row.name),
        });
    }
    let (open, rest) = ledger.rows.iter().cloned().partition(Row::is_open);
    Ok((Ledger { rows: rest }, open))
}

/// Returns those of `migrations` that have no living row.
pub(crate) fn unapplied<'a>(migrations: &'a [Migration], base: &Ledger) -> Vec<&'a Migration> {
    let living: HashSet<_> = base.rows.iter().filter(|row| !row.rolled_back).map(|row| &row.key).collect();
    migrations.iter().filter(|migration| !living.contains(&migration.key)).collect()
}

/// Returns `migrations` with their scripts parsed and classified.
///
/// # Errors
///
/// [`Error::Refused`] with every script that cannot be run.
pub(crate) fn classified(migrations: &[&Migration]) -> Result<Vec<Planned>> {
    let mut planned = Vec::with_capacity(migrations.len());
    let mut refused = Vec::new();
    for Migration { key, name, checksum, sql } in migrations {
        match classify(sql) {
            Ok(script) => {
                planned.push(Planned { key: key.clone(), name: name.clone(), checksum: checksum.clone(), script });
            }
            Err(refusal) => refused.push(RefusedMigration { migration: name.clone(), refusal }),
        }
    }
    if refused.is_empty() { Ok(planned) } else { Err(Error::Refused(refused)) }
}

/// Returns how many migrations of the history are in the requested part.
///
/// # Errors
///
/// [`Error::Config`] when there is no migration `up_to`.
pub fn until(history: &History, up_to: Option<&str>) -> Result<usize> {
    let Some(name) = up_to else { return Ok(history.migrations.len()) };
    history.position(name).map(|position| position + 1).ok_or_else(|| Error::Config {
        name: wording::up_to().into(),
        reason: format!("there is no migration {name:?}; give the whole name of one"),
    })
}

/// Returns the digest that ties an approval to a plan.
pub(crate) fn digest(identity: &DatabaseIdentity, base: &Ledger, pending: &[&Migration]) -> String {
    let mut fields = Fields::new();
    fields.text("lockstep plan 1");
    identity.fields(&mut fields);
    fields.text(&base.digest());
    for migration in pending {
        fields.text(&migration.name);
        fields.text(&migration.checksum);
    }
    fields.finish_hex()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn identity() -> DatabaseIdentity {
        DatabaseIdentity {
            instance: "db-1".into(),
            endpoint: "h:5432".into(),
            database: "app".into(),
            database_oid: "5".into(),
            schema: "public".into(),
        }
    }

    pub(crate) fn history(names: &[&str]) -> History {
        let migrations = names.iter().map(|name| Migration::prisma(*name, format!("SELECT '{name}'"))).collect();
        History::new(Format::Prisma, migrations)
    }

    pub(crate) fn applied(name: &str) -> Row {
        let migration = &history(&[name]).migrations[0];
        Row {
            id: format!("id of {name}"),
            key: migration.key.clone(),
            name: name.into(),
            checksum: migration.checksum.clone(),
            started_at: "2026-01-01 00:00:00+00".into(),
            finished: true,
            rolled_back: false,
            marked: false,
            duration_ms: 7,
        }
    }

    fn names(plan: &Plan) -> Vec<&str> {
        plan.pending.iter().map(|migration| migration.name.as_str()).collect()
    }

    #[test]
    fn a_migration_without_a_valid_row_is_pending() {
        let mut gone = applied("2");
        gone.rolled_back = true;
        let ledger = Ledger { rows: vec![applied("1"), gone] };
        let plan = plan(&identity(), &history(&["1", "2", "3"]), &ledger, None, OnDivergence::AsTool).unwrap();
        assert_eq!(names(&plan), ["2", "3"]);
        assert_eq!((plan.already_applied, plan.base_rows), (1, 2));
        let again = "2 was started 2026-01-01 00:00:00+00 and rolled back, and will be applied";
        assert_eq!(plan.warnings, [again]);
    }

    #[test]
    fn up_to_ends_the_plan() {
        let plan_up_to =
            |name| plan(&identity(), &history(&["1", "2", "3"]), &Ledger::default(), Some(name), OnDivergence::AsTool);
        assert_eq!(names(&plan_up_to("2").unwrap()), ["1", "2"]);
        assert!(plan_up_to("4").unwrap_err().to_string().starts_with("upTo: there is no migration \"4\""));
    }

    #[test]
    fn the_digest_sees_every_part() {
        let digest = |identity: &DatabaseIdentity, names: &[&str], rows: Vec<Row>, up_to| {
            plan(identity, &history(names), &Ledger { rows }, up_to, OnDivergence::AsTool).unwrap().digest
        };
        let first = digest(&identity(), &["1", "2"], vec![], None);
        let mut elsewhere = identity();
        elsewhere.database_oid = "6".into();
        assert_eq!(first, digest(&identity(), &["1", "2"], vec![], None));
        assert_ne!(first, digest(&elsewhere, &["1", "2"], vec![], None));
        assert_ne!(first, digest(&identity(), &["1", "3"], vec![], None));
        assert_ne!(first, digest(&identity(), &["1", "2"], vec![applied("1")], None));
        assert_ne!(first, digest(&identity(), &["1", "2"], vec![], Some("1")));
        let edited =
            History::new(Format::Prisma, vec![Migration::prisma("1", "SELECT 1"), Migration::prisma("2", "SELECT 2")]);
        assert_ne!(first, plan(&identity(), &edited, &Ledger::default(), None, OnDivergence::AsTool).unwrap().digest);
    }

    #[test]
    fn another_tools_open_row_stops_the_plan_and_our_own_is_pending() {
        let mut open = applied("1");
        open.finished = false;
        let ours = Row { marked: true, ..open.clone() };
        let history = history(&["1"]);
        let error = plan(&identity(), &history, &Ledger { rows: vec![open] }, None, OnDivergence::AsTool).unwrap_err();
        assert!(
            error.to_string().contains("migration 1 was started") && error.to_string().contains("P3009"),
            "{error}"
        );
        let planned =
            plan(&identity(), &history, &Ledger { rows: vec![ours.clone()] }, None, OnDivergence::AsTool).unwrap();
        assert_eq!((names(&planned), planned.base_rows, planned.resumes), (vec!["1"], 0, true));
        let said = "1 was started 2026-01-01 00:00:00+00 and was cut off: apply first looks at what is left of it, and \
                    removes or completes that";
        assert_eq!(planned.warnings, [said]);
        let edited = Row { checksum: "other".into(), ..ours };
        let error =
            plan(&identity(), &history, &Ledger { rows: vec![edited] }, None, OnDivergence::AsTool).unwrap_err();
        assert!(error.to_string().contains("has another script now"), "{error}");
    }

    #[test]
    fn every_refused_script_is_named() {
        let migrations = ["1", "2"].iter().map(|name| Migration::prisma(*name, "ROLLBACK")).collect();
        let history = History::new(Format::Prisma, migrations);
        let error =
            plan(&identity(), &history, &Ledger::default(), None, OnDivergence::AsTool).unwrap_err().to_string();
        assert!(error.contains("migration 1 is refused: line 1: ROLLBACK") && error.contains("migration 2"), "{error}");
    }
}
