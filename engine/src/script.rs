//! What a script is: transactional, standalone or refused. Parsed, never matched by pattern.
//!
//! A transactional script runs inside our transaction, together with its ledger row. A standalone
//! one is a single statement that PostgreSQL refuses to run in a transaction block. Everything that
//! could leave the two halves apart is refused before anything runs.

use std::fmt;
use std::panic;

use squawk_syntax::ast::AstNode as _;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

/// A script that can be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// How it has to run.
    pub class: Class,
    /// The text to send: the file's, with the script's own balanced BEGIN and COMMIT blanked, so that
    /// every other character keeps its place.
    pub text: String,
    /// The statements that the server will run, in order. Empty when `parsed` is false.
    pub statements: Vec<Statement>,
    /// Whether every statement was understood. If not, the server is the judge of the syntax, and
    /// statements cannot be counted.
    pub parsed: bool,
}

/// A statement's place in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statement {
    /// Its number among all statements of the file, from 1.
    pub number: usize,
    /// The line on which it starts, from 1.
    pub line: usize,
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
    /// The class's name as it is shown to people.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Transactional => "transactional",
            Self::Standalone(_) => "standalone",
        }
    }
}

/// What the catalog can tell about a standalone statement that was cut off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// CREATE INDEX CONCURRENTLY: the index is valid, invalid or absent. Both names as the script
    /// writes them, quotes and schema included.
    IndexCreated {
        /// The index's name.
        index: String,
        /// The table's name.
        table: String,
    },
    /// DROP INDEX CONCURRENTLY of one index, by its name as written: it is there or not.
    IndexDropped {
        /// The index's name.
        index: String,
    },
    /// ALTER TABLE ... DETACH PARTITION CONCURRENTLY: detached, pending, or attached. Both names as
    /// the script writes them.
    PartitionDetached {
        /// The partitioned table.
        parent: String,
        /// The partition.
        partition: String,
    },
    /// VACUUM, REINDEX and the like, which change nothing that a second run would not make good.
    Repeatable,
    /// Nothing tells.
    None,
}

/// Why a script is not run, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The line that decides it, from 1.
    pub line: usize,
    /// What is there, as a clause.
    pub reason: String,
    /// What to do about it, as a sentence.
    pub way_out: &'static str,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}. {}", self.line, self.reason, self.way_out)
    }
}

const SPLIT: &str = "Move that statement into a migration of its own, with nothing else in it";
const UNWRAP: &str = "Remove it: every script already runs in a transaction together with its ledger row";

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
    // The parser is not ours; a panic in it must not take down a run that has nothing to do with it.
    let parse = panic::catch_unwind(|| {
        let parse = SourceFile::parse(sql);
        let errors = parse.errors();
        (parse, errors)
    });
    let Ok((parse, errors)) = parse else {
        return Err(refuse(1, "the parser gave up on this script", "Split it, or simplify it"));
    };
    let root = parse.syntax_node();

    // An open quote or comment would swallow what stands behind the script in our message.
    let open = errors.iter().find(|error| error.message().starts_with("Missing trailing"));
    if let Some(at) = open.map(|error| error.range().start().into()).or_else(|| open_dollar_quote(&root)) {
        return Err(refuse(lines.at(at), "a quoted text or comment is not closed", "Close it"));
    }
    let statements: Vec<Parsed> = parse
        .tree()
        .stmts()
        .filter(|statement| statement.syntax().kind() != SyntaxKind::EMPTY_STMT)
        .enumerate()
        .map(|(index, statement)| {
            let node = statement.syntax().clone();
            let start = usize::from(node.text_range().start());
            Parsed { place: Statement { number: index + 1, line: lines.at(start) }, node }
        })
        .collect();
    let parsed = errors.is_empty();

    for statement in &statements {
        if let Some((reason, way_out)) = forbidden(&statement.node) {
            return Err(refuse(statement.place.line, reason, way_out));
        }
    }
    if let Some(at) = meta_command(&root) {
        let reason = "a backslash command, which only psql knows";
        return Err(refuse(lines.at(at), reason, "Write it in SQL"));
    }
    if !parsed && let Some(at) = transaction_control(&root) {
        let reason = "transaction control in a script that could not be parsed as a whole";
        return Err(refuse(lines.at(at), reason, "Mend the syntax, or remove the transaction control"));
    }

    let envelopes = envelopes(&statements)?;
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
        text: blank(sql, &envelopes),
        statements: if parsed { inner.iter().map(|s| s.place).collect() } else { Vec::new() },
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

/// Where the lines of a script end, so that many places can be found in a long one.
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    pub(crate) fn of(sql: &str) -> Self {
        Self(sql.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line, from 1, of the byte at `offset`.
    pub(crate) fn at(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

/// Where a dollar-quoted text starts that does not end, which the parser lets pass.
fn open_dollar_quote(root: &SyntaxNode) -> Option<usize> {
    root.descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .filter(|token| token.kind() == SyntaxKind::DOLLAR_QUOTED_STRING)
        .find(|token| {
            let text = token.text();
            let tag = text[1..].find('$').map_or(text.len(), |end| end + 2);
            text.len() < 2 * tag || !text.ends_with(&text[..tag])
        })
        .map(|token| token.text_range().start().into())
}

/// Where a backslash stands outside of every quote: SQL has no such thing.
fn meta_command(root: &SyntaxNode) -> Option<usize> {
    root.descendants_with_tokens()
        .filter_map(squawk_syntax::SyntaxElement::into_token)
        .find(|token| token.kind() == SyntaxKind::ERROR && token.text().starts_with('\\'))
        .map(|token| token.text_range().start().into())
}

/// In a script that is not understood as a whole: where a statement starts with a word that would
/// begin or end a transaction. Such words inside a function's BEGIN ATOMIC body are met too, which
/// refuses too much, never too little.
fn transaction_control(root: &SyntaxNode) -> Option<usize> {
    let mut starts_statement = true;
    for token in root.descendants_with_tokens().filter_map(squawk_syntax::SyntaxElement::into_token) {
        match token.kind() {
            SyntaxKind::WHITESPACE | SyntaxKind::COMMENT => {}
            SyntaxKind::SEMICOLON => starts_statement = true,
            kind => {
                let controls = matches!(
                    kind,
                    SyntaxKind::BEGIN_KW
                        | SyntaxKind::START_KW
                        | SyntaxKind::COMMIT_KW
                        | SyntaxKind::END_KW
                        | SyntaxKind::ROLLBACK_KW
                        | SyntaxKind::ABORT_KW
                        | SyntaxKind::PREPARE_KW
                );
                if starts_statement && controls {
                    return Some(token.text_range().start().into());
                }
                starts_statement = false;
            }
        }
    }
    None
}

/// Statements that are run in no script.
fn forbidden(node: &SyntaxNode) -> Option<(&'static str, &'static str)> {
    match node.kind() {
        SyntaxKind::ROLLBACK_TRANSACTION => Some(("ROLLBACK would undo the script but not its record", UNWRAP)),
        SyntaxKind::PREPARE_TRANSACTION => Some(("PREPARE TRANSACTION leaves the script's work undecided", UNWRAP)),
        SyntaxKind::COMMIT_TRANSACTION if has(node, SyntaxKind::CHAIN_KW) && !has(node, SyntaxKind::NO_KW) => {
            Some(("COMMIT AND CHAIN opens a transaction that nothing ends", UNWRAP))
        }
        SyntaxKind::BEGIN if is_begin_with_modes(node) => Some((
            "BEGIN with a transaction mode cannot be folded into the surrounding transaction",
            "Put SET TRANSACTION as the script's first statement instead",
        )),
        SyntaxKind::COPY if has(node, SyntaxKind::STDIN_KW) => {
            Some(("COPY FROM STDIN needs data that a script cannot carry", "Write the rows as INSERT"))
        }
        SyntaxKind::COPY if has(node, SyntaxKind::STDOUT_KW) => {
            Some(("COPY TO STDOUT would send rows to nobody", "Remove it: a migration's output goes nowhere"))
        }
        SyntaxKind::DISCARD if has(node, SyntaxKind::ALL_KW) => Some((
            "DISCARD ALL would give up the migration lock",
            "Remove it: nothing of a session outlives its migration",
        )),
        _ => None,
    }
}

fn is_begin_with_modes(node: &SyntaxNode) -> bool {
    node.children().next().is_some()
}

fn is_envelope(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::BEGIN | SyntaxKind::COMMIT_TRANSACTION)
}

/// The script's own BEGIN and COMMIT statements, if they are balanced.
fn envelopes(statements: &[Parsed]) -> Result<Vec<SyntaxNode>, Refusal> {
    let mut open: Option<usize> = None;
    let mut nodes = Vec::new();
    for statement in statements.iter().filter(|s| is_envelope(&s.node)) {
        let begins = statement.node.kind() == SyntaxKind::BEGIN;
        let line = statement.place.line;
        open = match (begins, open) {
            (true, None) => Some(line),
            (false, Some(_)) => None,
            (true, Some(_)) => return Err(refuse(line, "BEGIN inside a transaction that is already open", UNWRAP)),
            (false, None) => return Err(refuse(line, "COMMIT without a BEGIN", UNWRAP)),
        };
        nodes.push(statement.node.clone());
    }
    match open {
        Some(line) => Err(refuse(line, "BEGIN without a COMMIT", UNWRAP)),
        None => Ok(nodes),
    }
}

/// `sql` with the characters of `nodes` turned into spaces, so that lines and positions hold.
fn blank(sql: &str, nodes: &[SyntaxNode]) -> String {
    let mut text = String::with_capacity(sql.len());
    let mut from = 0;
    for node in nodes {
        let range = node.text_range();
        let (start, end) = (usize::from(range.start()), usize::from(range.end()));
        text.push_str(&sql[from..start]);
        text.extend(sql[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        from = end;
    }
    text.push_str(&sql[from..]);
    text
}

/// For a statement that PostgreSQL never runs in a transaction block: what can tell of it afterwards.
///
/// Statements that only sometimes refuse a transaction (REINDEX or CLUSTER of a partitioned table,
/// a subscription with a slot) are not here: they are tried in a transaction first, which leaves
/// nothing when PostgreSQL says no.
fn outside_transaction(node: &SyntaxNode) -> Option<Evidence> {
    let concurrently = has(node, SyntaxKind::CONCURRENTLY_KW) && !has(node, SyntaxKind::FALSE_KW);
    match node.kind() {
        SyntaxKind::CREATE_INDEX if concurrently => Some(index_created(node)),
        SyntaxKind::DROP_INDEX if concurrently => Some(index_dropped(node)),
        SyntaxKind::REINDEX
            if concurrently
                || has(node, SyntaxKind::SCHEMA_KW)
                || has(node, SyntaxKind::DATABASE_KW)
                || has(node, SyntaxKind::SYSTEM_KW) =>
        {
            Some(Evidence::Repeatable)
        }
        SyntaxKind::VACUUM => Some(Evidence::Repeatable),
        // Without a table: all of them.
        SyntaxKind::CLUSTER if !has(node, SyntaxKind::PATH_REF) => Some(Evidence::Repeatable),
        SyntaxKind::ALTER_SYSTEM => Some(Evidence::Repeatable),
        SyntaxKind::ALTER_TABLE if concurrently => Some(partition_detached(node)),
        SyntaxKind::ALTER_DATABASE if has(node, SyntaxKind::TABLESPACE_KW) => Some(Evidence::None),
        SyntaxKind::CREATE_DATABASE
        | SyntaxKind::DROP_DATABASE
        | SyntaxKind::CREATE_TABLESPACE
        | SyntaxKind::DROP_TABLESPACE
        | SyntaxKind::COMMIT_PREPARED
        | SyntaxKind::ROLLBACK_PREPARED => Some(Evidence::None),
        _ => None,
    }
}

fn index_created(node: &SyntaxNode) -> Evidence {
    let child = |kind| node.children().find(|child| child.kind() == kind);
    let table = child(SyntaxKind::TABLE_RELATION_NAME)
        .and_then(|name| name.children().find(|child| child.kind() == SyntaxKind::TABLE_NAME_REF));
    match (child(SyntaxKind::INDEX), table) {
        (Some(index), Some(table)) if !is_escaped(&index) && !is_escaped(&table) => {
            Evidence::IndexCreated { index: text(&index), table: text(&table) }
        }
        // PostgreSQL chooses the name, or cannot read it back: nothing to look for.
        _ => Evidence::None,
    }
}

fn index_dropped(node: &SyntaxNode) -> Evidence {
    let mut names = node.children().filter(|child| child.kind() == SyntaxKind::INDEX_REF);
    match (names.next(), names.next()) {
        (Some(index), None) if !is_escaped(&index) => Evidence::IndexDropped { index: text(&index) },
        // PostgreSQL refuses to drop several at once.
        _ => Evidence::None,
    }
}

fn partition_detached(node: &SyntaxNode) -> Evidence {
    let table = |node: &SyntaxNode| node.descendants().find(|inner| inner.kind() == SyntaxKind::TABLE_NAME_REF);
    let parent = node.children().find(|child| child.kind() == SyntaxKind::TABLE_RELATION_NAME);
    let detach = node.children().find(|child| child.kind() == SyntaxKind::DETACH_PARTITION);
    match (parent.as_ref().and_then(table), detach.as_ref().and_then(table)) {
        (Some(parent), Some(partition)) if !is_escaped(&parent) && !is_escaped(&partition) => {
            Evidence::PartitionDetached { parent: text(&parent), partition: text(&partition) }
        }
        _ => Evidence::None,
    }
}

/// Whether a name is written with Unicode escapes, which PostgreSQL reads in statements only.
fn is_escaped(name: &SyntaxNode) -> bool {
    text(name).to_ascii_lowercase().contains("u&\"")
}

fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.descendants_with_tokens().any(|element| element.kind() == kind)
}

fn text(node: &SyntaxNode) -> String {
    node.text().to_string()
}

/// The statement's leading keywords, for a message.
fn first_words(node: &SyntaxNode) -> String {
    let text = text(node);
    let words: Vec<_> = text.split_whitespace().take(3).map(|word| word.trim_end_matches(';')).collect();
    words.join(" ").to_uppercase()
}

#[cfg(test)]
mod tests;
