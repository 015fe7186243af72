//! What we say of a statement, knowing the database: each rule a function, with a bad example and a good one.
//!
//! The examples are run on a real PostgreSQL by the tests, and are the list of rules in the documentation.

mod blocked;
mod columns;
mod constraints;
mod indexes;
mod loss;
mod names;
mod rewrites;
mod unknown;

use report::{Finding, Safer, Source, Verdict};
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};

pub(crate) use blocked::{blocked, verdict as waiting};

use crate::effects::{Effects, World, name_of};
use crate::name::Name;

/// A rule of ours.
#[derive(Debug)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it is about, in one sentence.
    pub about: &'static str,
    /// What has to be there for the examples. The table `big` is made out to have 50 million rows.
    pub setup: &'static str,
    /// What it finds.
    pub bad: &'static str,
    /// The same end without the finding; several migrations are separated by an empty line.
    pub good: &'static str,
    judge: fn(&Context) -> Option<Found>,
}

/// Every rule, in the order in which they are asked.
pub const ALL: &[Rule] = &[
    constraints::SET_NOT_NULL,
    constraints::ADD_CHECK,
    constraints::ADD_FOREIGN_KEY,
    constraints::ADD_INDEXED_CONSTRAINT,
    constraints::VALIDATE_WITH_LOCK,
    indexes::CREATE_INDEX,
    indexes::DROP_INDEX,
    indexes::REINDEX,
    columns::COLUMN_TYPE,
    columns::COLUMN_FILLED,
    columns::REQUIRED_COLUMN,
    rewrites::REFRESH,
    rewrites::ATTACH_PARTITION,
    rewrites::DETACH_PARTITION,
    rewrites::TABLE_REWRITTEN,
    loss::DROP_TABLE,
    loss::DROP_COLUMN,
    loss::TRUNCATE,
    loss::DELETE_ALL,
    loss::UPDATE_ALL,
    names::RENAME,
    blocked::LONG_BLOCK,
    unknown::OPAQUE,
];

/// What a rule looks at.
pub(crate) struct Context<'a> {
    pub(crate) statement: &'a ast::Stmt,
    pub(crate) effects: &'a Effects,
    /// The database behind the statement.
    pub(crate) world: &'a World,
    /// Whether statements of the same script have taken strong locks before it.
    pub(crate) earlier_locks: bool,
}

/// What a rule says.
pub(crate) struct Found {
    pub(crate) verdict: Verdict,
    pub(crate) text: String,
    pub(crate) safer: Option<Safer>,
}

impl Context<'_> {
    /// The subcommands of an ALTER TABLE, with the table's name as the script writes it.
    pub(crate) fn altered(&self) -> Option<(Name, Vec<AlterTableAction>)> {
        let ast::Stmt::AlterTable(alter) = self.statement else { return None };
        let table = alter.table_relation_name()?.table_name_ref()?;
        Some((name_of(table.syntax()), alter.actions().collect()))
    }

    /// Whether anything that existed before is touched, and how many rows it has: the most, if several.
    pub(crate) fn rows(&self) -> Option<u64> {
        let tables = self.effects.of.iter().filter(|effect| !effect.is_new).map(|effect| self.world.facts(effect));
        // Nobody has counted: it may be many.
        tables.map(|facts| facts.and_then(|facts| facts.rows).unwrap_or(u64::MAX)).max()
    }
}

/// What the rules find, worst first, and the way to write the worst of it instead.
pub(crate) fn judge(context: &Context, line: usize) -> (Vec<Finding>, Option<Safer>) {
    let mut found: Vec<_> = ALL.iter().filter_map(|rule| (rule.judge)(context).map(|found| (rule, found))).collect();
    found.sort_by_key(|(_, found)| std::cmp::Reverse(found.verdict));
    // What a rule of its own says better.
    if found.len() > 1 {
        found.retain(|(rule, _)| rule.name != blocked::LONG_BLOCK.name);
    }
    let safer = found.iter().find_map(|(_, found)| found.safer.clone());
    let finding = |(rule, found): (&Rule, Found)| Finding {
        source: Source::Lockstep,
        rule: rule.name.to_owned(),
        verdict: found.verdict,
        line,
        text: found.text,
        help: found.safer.map(|safer| safer.text),
    };
    (found.into_iter().map(finding).collect(), safer)
}

#[expect(clippy::unnecessary_wraps, reason = "a finding may have none, so all who call this need an option")]
fn safer(text: &str, sql: Option<String>) -> Option<Safer> {
    Some(Safer { text: text.to_owned(), sql })
}

/// So many rows that a moment's lock is felt by somebody.
const MANY: u64 = 100_000;

/// A number of rows, for people: `50 million`.
fn count(rows: u64) -> String {
    match rows {
        0..10_000 => rows.to_string(),
        10_000..1_000_000 => format!("{} thousand", rows / 1_000),
        1_000_000..1_000_000_000 => format!("{} million", rows / 1_000_000),
        _ => format!("{} billion", rows / 1_000_000_000),
    }
}
