//! A script's own transaction control: folded where it is balanced, refused otherwise.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::{Parsed, Refusal, has, refuse};

const UNWRAP: &str = "Remove it: every script already runs in a transaction together with its ledger row";

/// Statements that are run in no script.
pub(super) fn forbidden(node: &SyntaxNode) -> Option<(&'static str, &'static str)> {
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

pub(super) fn is_envelope(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::BEGIN | SyntaxKind::COMMIT_TRANSACTION)
}

/// The script's own BEGIN and COMMIT statements, if they are balanced.
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

/// `sql` with the characters of `nodes` turned into spaces, so that lines and positions hold.
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
