//! Finds the effects of a script that no rollback undoes.

use squawk_lexer::{TokenKind, tokenize};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::strings::{constants, unquoted};
use super::text;
use crate::name::Name;

/// An effect that stays when the script is rolled back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlives {
    /// The line on which its statement starts, from 1.
    pub line: usize,
    /// The effect, as a noun, with its cause.
    pub what: String,
}

const MESSAGE: &str = "pg_logical_emit_message";

/// Functions whose effects are not part of the transaction, by what stays of them.
const FUNCTIONS: &[(&str, &[&str])] = &[
    (
        "the replication slot",
        &[
            "pg_create_logical_replication_slot",
            "pg_create_physical_replication_slot",
            "pg_copy_logical_replication_slot",
            "pg_copy_physical_replication_slot",
        ],
    ),
    ("the removal of a replication slot", &["pg_drop_replication_slot"]),
    ("the position of a replication slot", &["pg_replication_slot_advance", "pg_logical_slot_get_changes"]),
    ("the sequence's value", &["setval"]),
    (
        "an advisory lock, until the run's session ends,",
        &["pg_advisory_lock", "pg_advisory_lock_shared", "pg_try_advisory_lock", "pg_try_advisory_lock_shared"],
    ),
    (
        "what another connection did",
        &["dblink", "dblink_exec", "dblink_open", "dblink_send_query", "dblink_connect", "pg_background_launch"],
    ),
    ("the request to another service", &["http", "http_get", "http_post", "http_put", "http_patch", "http_delete"]),
    ("the request to another service", &["invoke", "query_export_to_s3"]),
    ("the file", &["lo_export", "pg_file_write", "pg_file_unlink", "pg_file_rename", "pg_file_sync"]),
    (
        "the request to the server",
        &[
            "pg_reload_conf",
            "pg_rotate_logfile",
            "pg_switch_wal",
            MESSAGE,
            "pg_create_restore_point",
            "pg_terminate_backend",
            "pg_cancel_backend",
            "pg_stat_reset",
            "pg_stat_reset_shared",
            "pg_stat_statements_reset",
        ],
    ),
];

/// Returns the effects of a statement that no rollback undoes, as far as its text shows them. The effects of the
/// database's own functions are not known.
pub(super) fn of(node: &SyntaxNode, line: usize) -> Vec<Outlives> {
    outlives(node).into_iter().map(|what| Outlives { line, what }).collect()
}

/// Returns the effects of the statement `node` that no rollback undoes, each as a noun.
pub fn outlives(node: &SyntaxNode) -> Vec<String> {
    let mut found: Vec<String> = match node.kind() {
        SyntaxKind::DO => {
            constants(node).flat_map(|body| called_in(&body)).filter_map(|name| stays(&name)).collect::<Vec<_>>()
        }
        // To a file or a program. A COPY to the client is refused.
        SyntaxKind::COPY if node.children().any(|child| child.kind() == SyntaxKind::COPY_TO) => {
            vec!["the file of COPY".to_owned()]
        }
        SyntaxKind::COPY if node.descendants().any(|part| part.kind() == SyntaxKind::COPY_PROGRAM) => {
            vec!["what the program of COPY did".to_owned()]
        }
        // A definition does not run its calls now.
        SyntaxKind::CREATE_FUNCTION
        | SyntaxKind::CREATE_PROCEDURE
        | SyntaxKind::CREATE_TABLE
        | SyntaxKind::CREATE_VIEW
        | SyntaxKind::CREATE_TRIGGER
        | SyntaxKind::CREATE_RULE
        | SyntaxKind::CREATE_POLICY
        | SyntaxKind::ALTER_POLICY => Vec::new(),
        _ => called(node).filter_map(|name| stays(&name)).collect(),
    };
    found.dedup();
    found
}

fn stays(function: &str) -> Option<String> {
    let (what, _) = FUNCTIONS.iter().find(|(_, names)| names.contains(&function))?;
    Some(format!("{what} of {function}"))
}

/// Returns the names of the functions that a statement calls.
fn called(node: &SyntaxNode) -> impl Iterator<Item = String> {
    let calls = node.descendants().filter(|part| part.kind() == SyntaxKind::CALL_EXPR);
    let is_undone = |call: &SyntaxNode, name: &str| {
        // The first argument says whether the message is transactional.
        let arguments = || call.children().find(|child| child.kind() == SyntaxKind::ARG_LIST);
        let first = || arguments().and_then(|arguments| arguments.first_child()).map(|first| text(&first));
        name == MESSAGE && first().is_some_and(|first| first.trim().eq_ignore_ascii_case("true"))
    };
    calls.filter_map(move |call| {
        let name = Name::parse(&text(&call.first_child()?)).name;
        (!is_undone(&call, &name)).then_some(name)
    })
}

/// Returns the names of the functions that the body of a DO block calls: every word before a parenthesis.
fn called_in(body: &str) -> Vec<String> {
    let mut called = Vec::new();
    let (mut at, mut word) = (0, None);
    for token in tokenize(body) {
        let start = at;
        at += token.len as usize;
        match token.kind {
            TokenKind::Ident => word = body.get(start..at).map(str::to_ascii_lowercase),
            TokenKind::Whitespace => {}
            // EXECUTE may run the string.
            TokenKind::Literal { .. } => {
                let written = body.get(start..at).unwrap_or_default();
                let string = unquoted(written);
                if string.len() < written.len() {
                    called.extend(called_in(&string));
                }
                word = None;
            }
            TokenKind::OpenParen => called.extend(word.take()),
            _ => word = None,
        }
    }
    called
}
