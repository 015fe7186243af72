//! The report on what a plan will do to a database, for the approver: one structure, and a rendering for each reader.
//!
//! This crate neither asks a database nor judges a statement: `analysis` fills the structure. The structure holds
//! names, sizes and the migrations' own text, and never a value of a row.

mod effect;
mod facts;
mod github;
mod html;
mod json;
mod markdown;
mod places;
pub mod quantity;
mod ranking;
#[cfg(any(test, feature = "sample"))]
pub mod sample;
mod sarif;
mod text;
mod visible;
mod words;

#[cfg(test)]
mod arbitrary;

pub use effect::{Blocking, Effect, Lock, Magnitude, Work};
pub use facts::{ForeignKey, Holder, IndexFacts, Replica, Server, Table, Transaction};
pub use github::{github, github_error};
pub use html::html;
pub use json::json;
pub use markdown::markdown;
pub use ranking::{Counts, FAILS, LOSES, Ranked};
pub use sarif::sarif;
pub use text::{TextLine, text};
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
    /// What only a database can tell; `None` where the report was made from the scripts' text alone.
    #[serde(flatten)]
    pub live: Option<Live>,
    /// When the report was made, RFC 3339 in UTC.
    pub made_at: String,
    /// The worst verdict of all migrations.
    pub verdict: Verdict,
    /// The reason, in one sentence.
    pub why: String,
    /// How many migrations of the history are applied already; without a database, how many come before the reported
    /// ones.
    pub already_applied: usize,
    /// The pending migrations, in the order in which they will run.
    pub migrations: Vec<MigrationReport>,
    /// Every touched table that existed before, the largest first.
    pub tables: Vec<Table>,
    /// Notes on the server and the history, worst first.
    pub notes: Vec<Note>,
}

/// The plan that a report is on, and the database that answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Live {
    /// The plan's digest, to which an approval is tied.
    pub digest: String,
    /// The digest of the bundle that holds the migrations; `None` where they are not in one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bundle: Option<String>,
    /// The environment as the stack names it: dev, qa, prod. Without a stack, the server's host and port.
    pub environment: String,
    /// The database.
    pub database: Database,
    /// The state of the server.
    pub server: Server,
}

/// The database that a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// The server's name outside of SQL: RDS's resource id.
    pub instance: String,
    /// Host and port.
    pub endpoint: String,
    /// The database's name.
    pub name: String,
    /// The schema of the migrations.
    pub schema: String,
}

/// How dangerous something is to other sessions that use the database, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Verdict {
    /// Other sessions notice nothing, or next to nothing.
    Safe,
    /// Other sessions may notice it, or this is not known.
    Caution,
    /// Readers or writers will be blocked for long, data is lost, or running code breaks.
    Danger,
}

impl Verdict {
    /// Returns the text for people.
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
    /// Returns the text for people.
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

/// A pending migration, and what it will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrationReport {
    /// Its name.
    pub name: String,
    /// How it runs.
    pub class: ScriptClass,
    /// The worst verdict of its statements. It is worse if their combination is worse, or if some of it could not be
    /// read.
    pub verdict: Verdict,
    /// The reason, in one sentence.
    pub why: String,
    /// The file's whole text.
    pub sql: String,
    /// Its statements in order, as far as they could be read.
    pub statements: Vec<StatementReport>,
    /// For how long everything that it locks stays locked, until its transaction ends.
    pub blocking: Option<Blocking>,
    /// Findings that its author has suppressed with comments for squawk.
    pub suppressed: Vec<Suppression>,
}

/// A statement of a migration, and what it will do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatementReport {
    /// Its number in the file, from 1.
    pub number: usize,
    /// The first line, from 1.
    pub line: usize,
    /// The last line.
    pub last_line: usize,
    /// Its position in [`MigrationReport::sql`], in bytes.
    pub start: usize,
    /// The byte after its last one.
    pub end: usize,
    /// Its text in a few words: `ALTER TABLE orders: SET NOT NULL`.
    pub what: String,
    /// How dangerous it is.
    pub verdict: Verdict,
    /// The reason, in one sentence.
    pub why: String,
    /// Its locks and its work, by relation; empty where it touches no table, and where this is not known.
    pub effects: Vec<Effect>,
    /// Whether its effects cannot be known before it runs: a DO block, a call, or text that the parser did not
    /// understand.
    pub opaque: bool,
    /// Which sessions it blocks, and for how long.
    pub blocking: Option<Blocking>,
    /// The findings of the rules, worst first.
    pub findings: Vec<Finding>,
    /// A safer way to write it.
    pub safer: Option<Safer>,
}

/// A finding of a rule on a statement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// The project that the rule belongs to.
    pub source: Source,
    /// The rule's name, as its project writes it.
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

/// The project of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// This project's rules know the database.
    Lockstep,
    /// squawk's rules know the text.
    Squawk,
}

impl Source {
    /// Returns the project's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lockstep => "lockstep",
            Self::Squawk => "squawk",
        }
    }
}

/// A comment in squawk's syntax that hides a rule's findings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suppression {
    /// The comment's line, from 1.
    pub line: usize,
    /// The rules that it hides; empty for all.
    pub rules: Vec<String>,
    /// Whether it covers the whole file.
    pub file: bool,
    /// How many findings it hides.
    pub hides: usize,
}

/// A way to write a statement that blocks less.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Safer {
    /// What to do, in one or two sentences.
    pub text: String,
    /// The migrations that do it, one after the other; empty where no SQL can be given.
    pub migrations: Vec<String>,
}

impl StatementReport {
    /// Whether the statement's safer way already says `help`.
    fn says(&self, help: &str) -> bool {
        self.safer.as_ref().is_some_and(|safer| safer.text == help)
    }
}

impl Safer {
    /// Returns the migrations, each with its heading. A single one has no heading.
    fn named(&self) -> impl Iterator<Item = (Option<String>, &str)> {
        let many = self.migrations.len();
        let name = move |number: usize| (many > 1).then(|| format!("Migration {number} of {many}"));
        (1..).zip(&self.migrations).map(move |(number, sql)| (name(number), sql.as_str()))
    }
}
