//! Classifies a script: transactional, standalone or refused. It is parsed, never matched by pattern.
//!
//! A transactional script runs inside our transaction, together with its ledger row. A standalone script is a single
//! statement that PostgreSQL refuses to run in a transaction block. Any other script that could be applied without its
//! row, or recorded without its work, is refused before anything runs.

mod agreement;
mod block;
mod blocks;
mod depth;
mod evidence;
mod exclusive;
mod lexical;
mod outlives;
mod rows;
mod settings;
mod strings;
mod times;
mod transaction;

use std::fmt;
use std::{panic, thread};

use scan::Lines;
use squawk_syntax::ast::AstNode as _;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

pub use evidence::{Evidence, Reindexed, is_concurrent};
pub use outlives::{Outlives, outlives};
pub use strings::unquoted;

use crate::name::Name;
use crate::planted;
use blocks::folded;
use evidence::outside_transaction;
use lexical::{meta_command, open_dollar_quote, transaction_control};
use transaction::{blank, envelopes, forbidden, is_envelope};

/// A script that can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// How it has to run.
    pub class: Class,
    /// The text to send: the file's text, with the script's own balanced BEGIN and COMMIT blanked, so that every other
    /// character keeps its place.
    pub text: String,
    /// The statements that the server will run, in order. Empty when `parsed` is false.
    pub statements: Vec<Statement>,
    /// The tables that it locks against readers and writers.
    pub exclusive: Vec<Name>,
    /// The modes that the transaction needs: those of a BEGIN that opens the script.
    pub modes: Option<String>,
    /// The statements to insert where a transaction of the script's own ends.
    pub boundaries: Vec<Boundary>,
    /// The effects that no rollback would undo.
    pub outlives: Vec<Outlives>,
    /// The line of the first statement whose result depends on the session's time zone.
    pub depends_on_time_zone: Option<usize>,
    /// Whether every statement was understood. If not, the server judges the syntax, and statements cannot be counted.
    pub parsed: bool,
}

/// A statement's place in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Its number among all statements of the file, from 1.
    pub number: usize,
    /// The line on which it starts, from 1.
    pub line: usize,
    /// Its first byte.
    pub start: usize,
    /// The byte after its last one, without its semicolon.
    pub end: usize,
    /// Whether it may evaluate rows. If so, a message about it may hold a row's value.
    pub(crate) reads_rows: bool,
    /// The kind of the statement.
    pub(crate) kind: SyntaxKind,
}

/// The end of a transaction of the script's own, with statements after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Boundary {
    /// Its position in the text, in bytes.
    pub at: usize,
    /// How many of the script's statements come before it.
    pub before: usize,
    /// The statements that end there what the script's COMMIT would have ended.
    pub sql: Vec<String>,
}

/// How a script has to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// In one transaction with its ledger row.
    Transactional,
    /// Alone, outside a transaction, with evidence before and after.
    Standalone(Evidence),
}

impl Class {
    /// Returns the class's name, as people see it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Standalone(_) => "standalone",
        }
    }
}

/// Why a script is not run, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line of the reason, from 1.
    pub line: usize,
    /// The reason, as a clause.
    pub reason: String,
    /// What to do about it, as a sentence.
    pub way_out: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}. {}", self.line, self.reason, self.way_out)
    }
}

/// The maximum depth of a script for a stack of the usual size. A level takes some 5 KB.
const USUAL_LEVELS: usize = 200;

/// Enough for the deepest script, which `depth` bounds. Only the used part takes memory.
const STACK_BYTES: usize = 256 * 1024 * 1024;

const PLAINER: &str = "Write that statement in a plainer form: a blank between a number and what follows it, and in a BEGIN \
    ATOMIC body no column called \"case\" or \"end\"";

const SPLIT: &str = "Move that statement into a migration of its own, with nothing else in it";

/// Parses and classifies `sql`.
///
/// # Errors
///
/// A [`Refusal`] when running the script could leave it half applied, or applied without its ledger
/// row, or when the simple query protocol cannot carry it.
pub fn classify(sql: &str) -> Result<Script, Refusal> {
    if sql.starts_with('\u{feff}') {
        return Err(refuse(1, "the file starts with a byte order mark", "Save it as UTF-8 without BOM"));
    }
    let lines = Lines::of(sql);
    if let Some(at) = sql.find('\0') {
        return Err(refuse(lines.at(at), "the file holds a NUL byte", "Remove it: PostgreSQL's text cannot hold one"));
    }
    let too_deep =
        |at| refuse(lines.at(at), "it is nested or chained too deeply", "Split the statement, or simplify it");
    let readable = scan::readable(sql);
    let levels = depth::levels(&readable).map_err(too_deep)?;
    // The parser is a library; a panic in it must not end a run.
    let parsed = if levels <= USUAL_LEVELS {
        panic::catch_unwind(|| parse(sql, &readable, &lines))
    } else {
        thread::scope(|scope| {
            let parsing =
                thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, || parse(sql, &readable, &lines));
            parsing.map_err(|error| Box::new(error) as _).and_then(thread::ScopedJoinHandle::join)
        })
    };
    parsed.unwrap_or_else(|_| Err(refuse(1, "the parser failed on this script", "Split it, or simplify it")))
}

fn parse(sql: &str, readable: &str, lines: &Lines) -> Result<Script, Refusal> {
    let parse = SourceFile::parse(readable);
    let errors = parse.errors();
    let root = parse.syntax_node();

    let parsed = errors.is_empty();
    let mut statements: Vec<Parsed> = parse
        .tree()
        .stmts()
        .filter(|statement| statement.syntax().kind() != SyntaxKind::EMPTY_STMT)
        .filter(|statement| !planted::is_overlooked(statement.syntax().kind()))
        .enumerate()
        .map(|(index, statement)| {
            let node = statement.syntax().clone();
            let start = usize::from(node.text_range().start());
            let semicolon = node.last_token().filter(|last| last.kind() == SyntaxKind::SEMICOLON);
            let end = semicolon.map_or(node.text_range().end(), |last| last.text_range().start()).into();
            let (number, line, kind) = (index + 1, lines.at(start), node.kind());
            let place = Statement { number, line, start, end, reads_rows: rows::may_be_read(&node), kind };
            Parsed { place, node }
        })
        .collect();

    // An unterminated quote or comment would swallow our own statements after the script.
    let open = errors.iter().find(|error| error.message().starts_with("Missing trailing"));
    let open = open.map(|error| error.range().start().into()).or_else(|| open_dollar_quote(&root));
    let open = open.map(|at| (at, "a quoted text or comment is not closed".to_owned(), "Close it"));
    // Only the first of these is certain: the data of a COPY may contain quotes and backslashes.
    let impossible = statements.iter().find_map(|statement| {
        let (reason, way_out) = forbidden(&statement.node)?;
        Some((usize::from(statement.node.text_range().start()), reason.to_owned(), way_out))
    });
    let found = [open, impossible, meta_command(&root)].into_iter().flatten().min_by_key(|(at, ..)| *at);
    if let Some((at, reason, way_out)) = found {
        return Err(refuse(lines.at(at), reason, way_out));
    }
    // Without a whole tree there are no ends to compare.
    let other_end = || parsed.then(|| agreement::other_end(sql, &root)).flatten();
    if let Some(at) = agreement::other_token(sql, readable).or_else(other_end) {
        return Err(refuse(lines.at(at), "it is not certain where its statements end", PLAINER));
    }
    if !parsed && let Some(at) = transaction_control(&root) {
        let reason = "transaction control in a script that could not be parsed as a whole";
        return Err(refuse(lines.at(at), reason, "Fix the syntax, or remove the transaction control"));
    }

    let mut blanked = envelopes(&statements)?;
    let silent = settings::of_client_encoding(&statements);
    statements.retain(|statement| !silent.contains(&statement.node));
    let folded = folded(&statements)?;
    blanked.extend(silent);
    blanked.sort_by_key(|node| node.text_range().start());
    let inner: Vec<&Parsed> = statements.iter().filter(|s| !is_envelope(&s.node)).collect();
    let alone = inner.iter().find_map(|s| outside_transaction(&s.node).map(|evidence| (s, evidence)));
    let class = match alone {
        None => Class::Transactional,
        Some((_, evidence)) if statements.len() == 1 && parsed => Class::Standalone(evidence),
        Some((statement, _)) => {
            let verb = first_words(&statement.node);
            let what =
                if parsed { "and is not alone in its file" } else { "and its file could not be parsed as a whole" };
            let reason = format!("{verb} cannot run in a transaction, {what}");
            return Err(refuse(statement.place.line, reason, SPLIT));
        }
    };
    Ok(Script {
        class,
        text: blank(sql, &blanked),
        statements: if parsed { inner.iter().map(|s| s.place).collect() } else { Vec::new() },
        exclusive: inner.iter().flat_map(|s| exclusive::tables(&s.node)).collect(),
        modes: folded.modes,
        boundaries: folded.boundaries,
        outlives: inner.iter().flat_map(|s| outlives::of(&s.node, s.place.line)).collect(),
        depends_on_time_zone: inner.iter().find(|s| times::depends_on_time_zone(&s.node)).map(|s| s.place.line),
        parsed,
    })
}

struct Parsed {
    place: Statement,
    node: SyntaxNode,
}

fn refuse(line: usize, reason: impl Into<String>, way_out: &'static str) -> Refusal {
    Refusal { line, reason: reason.into(), way_out }
}

/// Whether a part of the statement is of this kind. Only for kinds of nodes, which have a fixed place in the tree: a
/// key word can be anywhere.
fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants_with_tokens().any(|element| element.kind() == kind)
}

fn text(node: &SyntaxNode) -> String {
    node.text().to_string()
}

/// Returns the statement's leading key words, for a message.
fn first_words(node: &SyntaxNode) -> String {
    let text = text(node);
    let words: Vec<_> = text.split_whitespace().take(3).map(|word| word.trim_end_matches(';')).collect();
    words.join(" ").to_uppercase()
}

#[cfg(test)]
mod tests;
