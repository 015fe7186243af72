//! What is pending, and the digest that ties an approval to it. Pure: nothing here touches a database.

use crate::digest::Fields;
use crate::error::Refused;
use crate::history::ledger::{Ledger, Row, TABLE};
use crate::history::{History, Migration};
use crate::script::{Script, classify};
use crate::{Error, Result};

/// What tells one database from every other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The server's own name outside of SQL: RDS's resource id.
    pub instance: String,
    /// Host and port of the connection: a secret can come to name another server.
    pub endpoint: String,
    /// The database's name.
    pub database: String,
    /// Its oid, which a database that was dropped and made again does not keep.
    pub database_oid: String,
    /// The schema of the ledger.
    pub schema: String,
}

impl Identity {
    /// Adds every part to a digest.
    pub(crate) fn fields(&self, fields: &mut Fields) {
        for text in [&self.instance, &self.endpoint, &self.database, &self.database_oid, &self.schema] {
            fields.text(text);
        }
    }
}

/// What a run would do to one database.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Hexadecimal SHA-256 over the database's identity, the ledger it was planned on, and the
    /// pending scripts in their order.
    pub digest: String,
    /// How many rows the ledger had.
    pub base_rows: usize,
    /// How many migrations of the history are applied.
    pub already_applied: usize,
    /// What is to be applied, in order.
    pub pending: Vec<Planned>,
    /// What a person should know though it stops nothing.
    pub warnings: Vec<String>,
}

/// A migration that is to be applied.
#[derive(Debug, Clone)]
pub struct Planned {
    /// Its name.
    pub name: String,
    /// Its checksum.
    pub checksum: String,
    /// Its script, understood.
    pub script: Script,
}

/// Plans `history` on what `ledger` says, up to and including the migration `up_to`.
///
/// # Errors
///
/// [`Error::HistoryFailed`] when another tool left a migration unfinished, [`Error::Refused`] with
/// every script that cannot be run, [`Error::Config`] when there is no migration `up_to`.
pub fn plan(identity: &Identity, history: &History, ledger: &Ledger, up_to: Option<&str>) -> Result<Plan> {
    let (base, open) = split_cut_off(ledger)?;
    let plan = plan_on(identity, history, &base, up_to)?;
    check_cut_off(&open, plan.pending.first())?;
    Ok(plan)
}

/// An error unless what was cut off is the next to run, with the script that it was cut off with:
/// else nobody would ever settle it.
pub(crate) fn check_cut_off(open: &[Row], next: Option<&Planned>) -> Result<()> {
    let is_next = |row: &&Row| next.is_some_and(|next| next.name == row.name && next.checksum == row.checksum);
    let Some(row) = open.iter().find(|row| !is_next(row)) else { return Ok(()) };
    Err(Error::HistoryFailed {
        migration: row.name.clone(),
        started_at: row.started_at.clone(),
        evidence: "it was cut off, and is not the next to run, or has another script now".into(),
        way_out: resolve(&row.name),
    })
}

/// How a person settles the migration `name`.
pub(crate) fn resolve(name: &str) -> String {
    format!(
        "Look at what it changed, then start a run with {{\"mode\": \"resolve\", \"migration\": \"{name}\", \
         \"resolution\": \"applied\"}} if it is complete, or \"rolledBack\" if nothing of it is left; \
         `prisma migrate resolve` does the same"
    )
}

/// An error if the schema has tables of its own but no ledger: Prisma's P3005.
///
/// # Errors
///
/// [`Error::HistoryNotEmpty`].
pub fn check_empty(schema: &str, tables: i64) -> Result<()> {
    if tables == 0 {
        return Ok(());
    }
    Err(Error::HistoryNotEmpty { schema: schema.to_owned(), tables, ledger: TABLE })
}

/// The ledger without the rows that standalone statements of ours left open, and those rows.
///
/// # Errors
///
/// [`Error::HistoryFailed`] for an open row of anybody else.
pub(crate) fn split_cut_off(ledger: &Ledger) -> Result<(Ledger, Vec<Row>)> {
    if let Some(row) = ledger.rows.iter().find(|row| row.is_open() && !row.marked) {
        return Err(Error::HistoryFailed {
            migration: row.name.clone(),
            started_at: row.started_at.clone(),
            evidence: "another tool started it, and its row does not tell how far it came".into(),
            way_out: resolve(&row.name),
        });
    }
    let (open, rest) = ledger.rows.iter().cloned().partition(Row::is_open);
    Ok((Ledger { rows: rest }, open))
}

/// [`plan`] on a ledger without open rows.
pub(crate) fn plan_on(identity: &Identity, history: &History, base: &Ledger, up_to: Option<&str>) -> Result<Plan> {
    let until = match up_to {
        None => history.migrations.len(),
        Some(name) => {
            1 + history.migrations.iter().position(|migration| migration.name == name).ok_or_else(|| Error::Config {
                name: "upTo".into(),
                reason: format!("there is no migration {name:?}; give the whole name of one"),
            })?
        }
    };
    let (applied, unapplied): (Vec<_>, Vec<_>) =
        history.migrations[..until].iter().partition(|migration| base.has(&migration.name));

    let mut pending = Vec::with_capacity(unapplied.len());
    let mut refused = Vec::new();
    for migration in &unapplied {
        match classify(&migration.sql) {
            Ok(script) => {
                pending.push(Planned { name: migration.name.clone(), checksum: migration.checksum.clone(), script });
            }
            Err(refusal) => refused.push(Refused { migration: migration.name.clone(), refusal }),
        }
    }
    if !refused.is_empty() {
        return Err(Error::Refused(refused));
    }

    let mut warnings = history.warnings.clone();
    warnings.extend(divergences(history, base, &unapplied));
    Ok(Plan {
        digest: digest(identity, base, &pending),
        base_rows: base.rows.len(),
        already_applied: applied.len(),
        pending,
        warnings,
    })
}

/// Where ledger and directory disagree in ways that Prisma itself lets pass.
fn divergences(history: &History, base: &Ledger, unapplied: &[&Migration]) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut newest_applied: Option<&str> = None;
    for row in base.rows.iter().filter(|row| row.is_applied()) {
        newest_applied = newest_applied.max(Some(&row.name));
        match history.migrations.iter().find(|migration| migration.name == row.name) {
            None => warnings.push(format!("{} is applied, but its script is missing", row.name)),
            Some(migration) if migration.checksum != row.checksum => {
                warnings.push(format!("{} was edited after it was applied; the edit will not run", row.name));
            }
            Some(_) => {}
        }
    }
    for migration in unapplied.iter().filter(|migration| newest_applied > Some(&migration.name)) {
        warnings.push(format!("{} is older than the newest applied migration, and will run after it", migration.name));
    }
    warnings
}

fn digest(identity: &Identity, base: &Ledger, pending: &[Planned]) -> String {
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

    pub(crate) fn identity() -> Identity {
        Identity {
            instance: "db-1".into(),
            endpoint: "h:5432".into(),
            database: "app".into(),
            database_oid: "5".into(),
            schema: "public".into(),
        }
    }

    pub(crate) fn history(names: &[&str]) -> History {
        let migrations = names.iter().map(|name| Migration::new(*name, format!("SELECT '{name}'"))).collect();
        History { migrations, warnings: Vec::new() }
    }

    pub(crate) fn applied(name: &str) -> Row {
        let migration = &history(&[name]).migrations[0];
        Row {
            id: format!("id of {name}"),
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
    fn pending_is_what_has_no_living_row() {
        let mut gone = applied("2");
        gone.rolled_back = true;
        let ledger = Ledger { rows: vec![applied("1"), gone] };
        let plan = plan(&identity(), &history(&["1", "2", "3"]), &ledger, None).unwrap();
        assert_eq!(names(&plan), ["2", "3"]);
        assert_eq!((plan.already_applied, plan.base_rows), (1, 2));
        assert!(plan.warnings.is_empty());
    }

    #[test]
    fn up_to_ends_the_plan() {
        let plan_up_to = |name| plan(&identity(), &history(&["1", "2", "3"]), &Ledger::default(), Some(name));
        assert_eq!(names(&plan_up_to("2").unwrap()), ["1", "2"]);
        assert!(plan_up_to("4").unwrap_err().to_string().starts_with("upTo: there is no migration \"4\""));
    }

    #[test]
    fn the_digest_sees_every_part() {
        let digest = |identity: &Identity, names: &[&str], rows: Vec<Row>, up_to| {
            plan(identity, &history(names), &Ledger { rows }, up_to).unwrap().digest
        };
        let first = digest(&identity(), &["1", "2"], vec![], None);
        let mut elsewhere = identity();
        elsewhere.database_oid = "6".into();
        assert_eq!(first, digest(&identity(), &["1", "2"], vec![], None));
        assert_ne!(first, digest(&elsewhere, &["1", "2"], vec![], None));
        assert_ne!(first, digest(&identity(), &["1", "3"], vec![], None));
        assert_ne!(first, digest(&identity(), &["1", "2"], vec![applied("1")], None));
        assert_ne!(first, digest(&identity(), &["1", "2"], vec![], Some("1")));
        let edited = History {
            migrations: vec![Migration::new("1", "SELECT 1"), Migration::new("2", "SELECT 2")],
            warnings: vec![],
        };
        assert_ne!(first, plan(&identity(), &edited, &Ledger::default(), None).unwrap().digest);
    }

    #[test]
    fn what_another_tool_left_open_stops_and_what_we_left_open_is_pending() {
        let mut open = applied("1");
        open.finished = false;
        let ours = Row { marked: true, ..open.clone() };
        let history = history(&["1"]);
        let error = plan(&identity(), &history, &Ledger { rows: vec![open] }, None).unwrap_err();
        assert!(
            error.to_string().contains("migration 1 was started") && error.to_string().contains("P3009"),
            "{error}"
        );
        let planned = plan(&identity(), &history, &Ledger { rows: vec![ours.clone()] }, None).unwrap();
        assert_eq!((names(&planned), planned.base_rows), (vec!["1"], 0));
        let edited = Row { checksum: "other".into(), ..ours };
        let error = plan(&identity(), &history, &Ledger { rows: vec![edited] }, None).unwrap_err();
        assert!(error.to_string().contains("has another script now"), "{error}");
    }

    #[test]
    fn divergences_are_told() {
        let mut edited = applied("2");
        edited.checksum = "other".into();
        let ledger = Ledger { rows: vec![applied("0"), edited] };
        let warnings = plan(&identity(), &history(&["1", "2"]), &ledger, None).unwrap().warnings.join("\n");
        for part in ["0 is applied, but its script is missing", "2 was edited", "1 is older than the newest"] {
            assert!(warnings.contains(part), "{warnings}");
        }
    }

    #[test]
    fn every_refused_script_is_named() {
        let migrations = ["1", "2"].iter().map(|name| Migration::new(*name, "ROLLBACK")).collect();
        let history = History { migrations, warnings: vec![] };
        let error = plan(&identity(), &history, &Ledger::default(), None).unwrap_err().to_string();
        assert!(error.contains("migration 1 is refused: line 1: ROLLBACK") && error.contains("migration 2"), "{error}");
    }
}
