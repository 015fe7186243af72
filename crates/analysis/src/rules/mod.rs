//! Our own rules, which know the database. Each is a function, with a bad example and a good one.
//!
//! The tests run the examples on a real PostgreSQL, and the documentation's list of rules is made of the examples.

mod access;
mod blocked;
mod columns;
mod constraints;
mod everything;
mod fires;
mod indexes;
mod keys;
mod loss;
mod names;
mod rewrites;
mod rows;
mod rule;
mod safer;
mod sequences;
mod session;
mod suggest;
mod unknown;

use report::{Finding, Safer, Source};
use squawk_syntax::ast::{self, AstNode as _};

pub(crate) use blocked::{blocked, blocks, harmless};
pub(crate) use rewrites::may_be_proved;
pub use rule::Rule;
pub(crate) use rule::{Context, Found};

use crate::catalog::Relation;
use crate::effects::{World, name_of};

/// Every rule, in the order in which the rules are applied.
pub const ALL: &[Rule] = &[
    // A refused statement does nothing else.
    session::REFUSED,
    session::DOES_NOTHING,
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
    loss::DELETE_MANY,
    keys::FOREIGN_KEY_LOOKUP,
    rows::UPDATE_MANY,
    rows::ROW_SECURITY,
    rows::REPLICA_IDENTITY,
    fires::FIRES,
    fires::SYSTEM_CATALOG,
    sequences::NUMBERS_SET,
    access::POWERFUL_ROLE,
    access::GRANTED_TO_ALL,
    everything::CASCADE,
    everything::WHOLE_DATABASE,
    everything::DOMAIN_CHECKED,
    names::RENAME,
    names::UNCLEAR_NAME,
    session::OWN_SETTING,
    session::WAITS_ALONE,
    session::OUTLIVES,
    session::LEDGER,
    blocked::LONG_BLOCK,
    unknown::OPAQUE,
];

/// Whether a finding counts on a database that was empty before the plan: there, no other session uses what the plan
/// makes, and no data can be lost. What the server refuses, it also refuses there, and roles belong to all databases of
/// the server.
pub(crate) fn counts_where_nothing_is(finding: &Finding) -> bool {
    let counts = [session::REFUSED, session::DOES_NOTHING, session::OUTLIVES, access::POWERFUL_ROLE];
    counts.iter().any(|rule| finding.rule == rule.name)
}

/// Returns the table that `statement` alters or indexes, in its state before the statement; if it is indexed, with its
/// partitions after it.
pub(crate) fn before(statement: &ast::Stmt, world: &World) -> Vec<Relation> {
    let target = match statement {
        ast::Stmt::AlterTable(it) => it.table_relation_name(),
        ast::Stmt::CreateIndex(it) => it.table_relation_name(),
        _ => None,
    };
    let Some(name) = target.and_then(|target| target.table_name_ref()) else { return Vec::new() };
    let name = name_of(name.syntax());
    let is_indexed = matches!(statement, ast::Stmt::CreateIndex(_));
    let names = if is_indexed { world.family(&name) } else { vec![name] };
    names.iter().filter_map(|name| world.relation(name).cloned()).collect()
}

/// Returns the findings of the rules, worst first, and a safer way for the worst of them.
pub(crate) fn judge(context: &Context, line: usize) -> (Vec<Finding>, Option<Safer>) {
    let mut found: Vec<_> = ALL.iter().filter_map(|rule| (rule.judge)(context).map(|found| (rule, found))).collect();
    found.sort_by_key(|(_, found)| std::cmp::Reverse(found.verdict));
    // A specific rule replaces the general one, unless its verdict is milder.
    let is_general = |rule: &Rule| rule.name == blocked::LONG_BLOCK.name;
    let worst = found.iter().filter(|(rule, _)| !is_general(rule)).map(|(_, found)| found.verdict).max();
    found.retain(|(rule, found)| !is_general(rule) || Some(found.verdict) > worst);
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
