//! What a plan will do to a database, for the person who approves it: one structure, three renderings.
//!
//! Nothing here looks at a database or judges a statement: `analysis` fills the structure. It holds names, sizes and
//! the migrations' own text, and never a value of a row.

mod effect;
mod facts;
mod html;
mod json;
mod markdown;
pub mod quantity;
mod ranking;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod visible;
mod words;

#[cfg(test)]
mod arbitrary;

pub use effect::{Blocking, Effect, Lock, Magnitude, Work};
pub use facts::{ForeignKey, Holder, Index, Replica, Server, Table, Transaction};
pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use ranking::{Counts, FAILS, LOSES, Ranked};
pub use visible::is_invisible;

use serde::{Deserialize, Serialize};

/// The version of the structure, for readers of the JSON.
pub const FORMAT: u32 = 2;

/// The whole report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The plan's digest: what an approval is tied to.
    pub digest: String,
    /// When it was made, RFC 3339 in UTC.
    pub made_at: String,
    /// The environment as the stack names it: dev, qa, prod.
    pub environment: String,
    /// Which database it is about.
    pub database: Database,
    /// The worst of all migrations.
    pub verdict: Verdict,
    /// One sentence of why.
    pub why: String,
    /// How many migrations of the history are applied already.
    pub already_applied: usize,
    /// What is pending, in the order in which it will run.
    pub migrations: Vec<Migration>,
    /// Every table that existed before and is touched, the largest first.
    pub tables: Vec<Table>,
    /// The state of the server.
    pub server: Server,
    /// Notes on the server and the history, worst first.
    pub notes: Vec<Note>,
}

/// The database that a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// The server's own name outside of SQL: RDS's resource id.
    pub instance: String,
    /// Host and port.
    pub endpoint: String,
    /// The database's name.
    pub name: String,
    /// The schema of the migrations.
    pub schema: String,
}

/// How dangerous something is to the sessions that use the database meanwhile, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Other sessions notice nothing, or next to nothing.
    Safe,
    /// Other sessions may notice it, or it cannot be known.
    Caution,
    /// Readers or writers will be blocked for long, data goes, or running code breaks.
    Danger,
}

impl Verdict {
    /// As it is written for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Caution => "caution",
            Self::Danger => "danger",
        }
    }
}

/// How a migration's script runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ScriptClass {
    /// In one transaction with its row in the ledger.
    Transactional,
    /// Alone, outside of a transaction.
    Standalone,
}

impl ScriptClass {
    /// As it is written for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Standalone => "standalone",
        }
    }
}

/// A note that belongs to no statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Note {
    /// How much it matters.
    pub verdict: Verdict,
    /// One or two sentences.
    pub text: String,
}

/// A migration that is pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Migration {
    /// Its name.
    pub name: String,
    /// How it runs.
    pub class: ScriptClass,
    /// The worst of its statements, or worse: for what they do together, and for what could not be read.
    pub verdict: Verdict,
    /// One sentence of why.
    pub why: String,
    /// The file's text, whole.
    pub sql: String,
    /// Its statements in order, as far as they could be read.
    pub statements: Vec<Statement>,
    /// How long everything that it locks stays locked, until its transaction ends.
    pub blocking: Option<Blocking>,
    /// Findings that its author has told squawk to ignore.
    pub suppressed: Vec<Suppression>,
}

/// A statement of a migration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The first line, from 1.
    pub line: usize,
    /// The last line.
    pub last_line: usize,
    /// Where it stands in [`Migration::sql`], in bytes.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
    /// What it is, in a few words: `ALTER TABLE orders: SET NOT NULL`.
    pub what: String,
    /// How dangerous it is.
    pub verdict: Verdict,
    /// One sentence of why.
    pub why: String,
    /// What it locks and does, by relation; empty where it touches no table, and where that cannot be known.
    pub effects: Vec<Effect>,
    /// Whether what it does cannot be known before it runs: a DO block, a call, what the parser did not understand.
    pub opaque: bool,
    /// Which sessions it blocks, and how long.
    pub blocking: Option<Blocking>,
    /// The findings of the rules, worst first.
    pub findings: Vec<Finding>,
    /// How it could be written instead.
    pub safer: Option<Safer>,
}

/// A finding of a rule on a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which project's rule it is.
    pub source: Source,
    /// Its name, as its maker writes it.
    pub rule: String,
    /// How much it matters here.
    pub verdict: Verdict,
    /// The line in the file, from 1.
    pub line: usize,
    /// What is wrong.
    pub text: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Who made a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// This project: it knows the database.
    Lockstep,
    /// squawk: it knows the text.
    Squawk,
}

/// A comment of squawk's syntax that hides a rule's findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// The comment's line, from 1.
    pub line: usize,
    /// The rules; empty for all.
    pub rules: Vec<String>,
    /// Whether it is for the whole file.
    pub file: bool,
    /// How many findings it hides.
    pub hides: usize,
}

/// How a statement could be written to block less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Safer {
    /// What to do, in one or two sentences.
    pub text: String,
    /// The migrations that do it, one after the other; none where the SQL cannot be given.
    pub migrations: Vec<String>,
}

impl Statement {
    /// Whether its safer way says `help` already.
    fn says(&self, help: &str) -> bool {
        self.safer.as_ref().is_some_and(|safer| safer.text == help)
    }
}

impl Safer {
    /// The migrations, each with what to call it. One alone needs no name.
    fn named(&self) -> impl Iterator<Item = (Option<String>, &str)> {
        let many = self.migrations.len();
        let name = move |number: usize| (many > 1).then(|| format!("Migration {number} of {many}"));
        (1..).zip(&self.migrations).map(move |(number, sql)| (name(number), sql.as_str()))
    }
}
