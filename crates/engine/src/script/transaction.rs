//! Handles a script's own transaction control: folds it into our transaction where it is balanced, and refuses it
//! otherwise.

use squawk_syntax::ast::{self, AstNode as _, ChainClause, DiscardTarget};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Parsed, Refusal, has, refuse, text};

const UNWRAP: &str = "Remove it: every script already runs in a transaction together with its ledger row";

/// Returns why a statement is refused in every script, and the way out.
pub(super) fn forbidden(node: &SyntaxNode) -> Option<(&'static str, &'static str)> {
    match node.kind() {
        SyntaxKind::ROLLBACK_TRANSACTION => Some(("ROLLBACK would undo the script but not its record", UNWRAP)),
        SyntaxKind::PREPARE_TRANSACTION => Some(("PREPARE TRANSACTION leaves the script's work undecided", UNWRAP)),
        SyntaxKind::COMMIT_TRANSACTION if chains(node) => {
            Some(("COMMIT AND CHAIN opens a transaction that nothing ends", UNWRAP))
        }
        SyntaxKind::COPY if has(node, SyntaxKind::COPY_STDIN) => Some((
            "COPY FROM STDIN needs data that a script cannot carry",
            "Write the rows as INSERT, as pg_dump --inserts does",
        )),
        SyntaxKind::COPY if has(node, SyntaxKind::COPY_STDOUT) => {
            Some(("COPY TO STDOUT would send rows to the client", "Remove it: a migration's output goes nowhere"))
        }
        SyntaxKind::DISCARD if discards_all(node) => Some((
            "DISCARD ALL would give up the migration lock",
            "Remove it: nothing of a session outlives its migration",
        )),
        _ => None,
    }
}

fn chains(commit: &SyntaxNode) -> bool {
    let clause = ast::CommitTransaction::cast(commit.clone()).and_then(|commit| commit.chain_clause());
    matches!(clause, Some(ChainClause::AndChain(_)))
}

fn discards_all(discard: &SyntaxNode) -> bool {
    let target = ast::Discard::cast(discard.clone()).and_then(|discard| discard.discard_target());
    matches!(target, Some(DiscardTarget::DiscardAll(_)))
}

pub(super) fn is_envelope(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::BEGIN | SyntaxKind::COMMIT_TRANSACTION)
}

/// Returns the modes of a BEGIN, as the script writes them.
pub(super) fn modes(begin: &SyntaxNode) -> Option<String> {
    let modes = begin.children().find(|child| child.kind() == SyntaxKind::TRANSACTION_MODE_LIST)?;
    Some(text(&modes))
}

/// Returns the script's own BEGIN and COMMIT statements, if they are balanced.
pub(super) fn envelopes(statements: &[Parsed]) -> Result<Vec<SyntaxNode>, Refusal> {
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

/// Returns `sql` with the characters of `nodes` replaced by spaces, so that lines and positions stay valid.
pub(super) fn blank(sql: &str, nodes: &[SyntaxNode]) -> String {
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
