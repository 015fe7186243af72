//! What ends with a transaction of the script's own.
//!
//! A script's BEGIN and COMMIT are folded into one transaction, so that all of the file is applied or nothing. What would
//! have ended at such a COMMIT has to end there all the same: a SET LOCAL, a temporary table that is dropped on commit,
//! the waiting of deferred constraints. What cannot be ended without a COMMIT is refused, unless nothing follows.

use squawk_syntax::ast::{self, AstNode as _, CursorHold, OnCommitAction, Persistence};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::settings::{restored, setting};
use super::transaction::modes;
use super::{Boundary, Parsed, Refusal, refuse, text};
use crate::name::{Name, identifier, quoted};

pub(super) const SPLIT: &str = "Split the file: put what stands behind that COMMIT into a migration of its own";

/// Gives constraints the modes that a new transaction has, those that exist by now.
const INITIAL_MODES: &str = "DO $lockstep$ DECLARE command pg_catalog.text; BEGIN \
     FOR command IN SELECT pg_catalog.format('SET CONSTRAINTS %I.%I DEFERRED', n.nspname, k.conname) \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) k.connamespace \
     WHERE k.condeferrable AND k.condeferred LOOP EXECUTE command; END LOOP; END $lockstep$";

/// The transactions of a script, folded into one.
pub(super) struct Folded {
    /// The modes that our transaction has to have: those of a BEGIN that opens the whole script.
    pub(super) modes: Option<String>,
    /// What ends between two statements.
    pub(super) boundaries: Vec<Boundary>,
}

/// Folds the transactions of a script whose BEGIN and COMMIT are balanced.
///
/// # Errors
///
/// A [`Refusal`] where a transaction of the script has something that only its own COMMIT could end.
pub(super) fn folded(statements: &[Parsed]) -> Result<Folded, Refusal> {
    let blocks = blocks(statements);
    if let [only] = &blocks[..] {
        return Ok(Folded { modes: opening_modes(only)?, boundaries: Vec::new() });
    }
    let mut boundaries = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        check_modes(block)?;
        check_savepoints(block, index > 0)?;
        let (Some(end), later) = (block.end, &blocks[index + 1..]) else { continue };
        if later.is_empty() {
            continue;
        }
        check(block, later)?;
        let mut sql = restored(&blocks[..=index])?;
        sql.extend(dropped(block));
        if block.changes_rows() {
            // As at a COMMIT, what was deferred is checked now.
            sql.push("SET CONSTRAINTS ALL IMMEDIATE".to_owned());
            if later.iter().any(Block::changes_rows) {
                sql.push(INITIAL_MODES.to_owned());
            }
        }
        if !sql.is_empty() {
            let before = blocks[..=index].iter().map(|block| block.statements.len()).sum();
            boundaries.push(Boundary { at: end, before, sql });
        }
    }
    Ok(Folded { modes: None, boundaries })
}

/// The statements of one transaction.
pub(super) struct Block<'a> {
    /// The BEGIN that opens it, where that has modes.
    begin: Option<&'a Parsed>,
    /// Whether the BEGIN stands behind other statements of the transaction.
    begins_late: bool,
    statements: Vec<&'a Parsed>,
    /// Where its COMMIT stands, in bytes.
    end: Option<usize>,
}

impl Block<'_> {
    /// The statements, each with its line.
    pub(super) fn nodes(&self) -> impl Iterator<Item = (&SyntaxNode, usize)> {
        self.statements.iter().map(|statement| (&statement.node, statement.place.line))
    }

    /// Whether it may leave deferred constraints to be checked.
    fn changes_rows(&self) -> bool {
        self.nodes().any(|(node, _)| {
            matches!(
                node.kind(),
                SyntaxKind::INSERT
                    | SyntaxKind::UPDATE
                    | SyntaxKind::DELETE
                    | SyntaxKind::MERGE
                    | SyntaxKind::SELECT
                    | SyntaxKind::COMPOUND_SELECT
                    | SyntaxKind::PAREN_SELECT
                    | SyntaxKind::DO
                    | SyntaxKind::CALL
                    | SyntaxKind::EXECUTE
                    | SyntaxKind::COPY
                    | SyntaxKind::SET_CONSTRAINTS
            )
        })
    }
}

/// The transactions as PostgreSQL would have them: each ends with its COMMIT, and a BEGIN joins what stands before it.
fn blocks(statements: &[Parsed]) -> Vec<Block<'_>> {
    let empty = || Block { begin: None, begins_late: false, statements: Vec::new(), end: None };
    let mut blocks = Vec::new();
    let mut open = empty();
    for statement in statements {
        match statement.node.kind() {
            SyntaxKind::BEGIN => {
                open.begins_late = !open.statements.is_empty();
                open.begin = modes(&statement.node).is_some().then_some(statement);
            }
            SyntaxKind::COMMIT_TRANSACTION => {
                open.end = Some(statement.node.text_range().start().into());
                blocks.push(std::mem::replace(&mut open, empty()));
            }
            _ => open.statements.push(statement),
        }
    }
    blocks.push(open);
    blocks.retain(|block| !block.statements.is_empty() || block.begin.is_some());
    if blocks.is_empty() { vec![empty()] } else { blocks }
}

/// The modes of the BEGIN that opens a script of one transaction.
fn opening_modes(block: &Block<'_>) -> Result<Option<String>, Refusal> {
    match block.begin {
        Some(begin) if block.begins_late => {
            let reason = "BEGIN with a transaction mode behind other statements of its transaction";
            Err(refuse(begin.place.line, reason, "Put SET TRANSACTION as the script's first statement instead"))
        }
        begin => {
            check_isolation(block)?;
            Ok(begin.and_then(|begin| modes(&begin.node)))
        }
    }
}

/// An isolation level has to come before the first query of its transaction.
fn check_isolation(block: &Block<'_>) -> Result<(), Refusal> {
    let mut is_late = false;
    for (node, line) in block.nodes() {
        let sets_isolation = node.kind() == SyntaxKind::SET_TRANSACTION
            && node.descendants().any(|part| ISOLATION.contains(&part.kind()))
            && !node.descendants().any(|part| part.kind() == SyntaxKind::SESSION_CHARACTERISTICS);
        if sets_isolation && is_late {
            let reason = "SET TRANSACTION with an isolation level behind other statements of its transaction";
            return Err(refuse(line, reason, "Put what stands before it into a migration of its own"));
        }
        is_late |= !matches!(
            node.kind(),
            SyntaxKind::SET
                | SyntaxKind::RESET
                | SyntaxKind::SET_ROLE
                | SyntaxKind::SET_SESSION_AUTH
                | SyntaxKind::SET_TRANSACTION
                | SyntaxKind::SET_CONSTRAINTS
                | SyntaxKind::LOCK
        );
    }
    Ok(())
}

const ISOLATION: [SyntaxKind; 5] = [
    SyntaxKind::SERIALIZABLE,
    SyntaxKind::REPEATABLE_READ,
    SyntaxKind::READ_COMMITTED,
    SyntaxKind::READ_UNCOMMITTED,
    SyntaxKind::TRANSACTION_SNAPSHOT,
];

fn check_modes(block: &Block<'_>) -> Result<(), Refusal> {
    let sets = |(node, line): (&SyntaxNode, usize)| sets_mode(node).then_some(line);
    let line = block.begin.map(|begin| begin.place.line).or_else(|| block.nodes().find_map(sets));
    line.map_or(Ok(()), |line| {
        let reason = "a transaction mode for one of several transactions, which run as one";
        Err(refuse(line, reason, "Put each transaction into a migration of its own"))
    })
}

/// Whether a statement gives its own transaction a mode.
fn sets_mode(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::SET_TRANSACTION => true,
        SyntaxKind::SET => setting(node).is_some_and(|setting| {
            setting.name.starts_with("transaction_") && setting.name != "transaction_timeout"
                || setting.name.starts_with("default_transaction_")
        }),
        _ => false,
    }
}

/// A savepoint ends with its transaction: what goes back to one behind that would fail in PostgreSQL.
fn check_savepoints(block: &Block<'_>, is_later: bool) -> Result<(), Refusal> {
    let mut made = Vec::new();
    for (node, line) in block.nodes() {
        let name = |kind| node.children().find(|child| child.kind() == kind).map(|name| identifier(&text(&name)));
        match node.kind() {
            SyntaxKind::SAVEPOINT => made.extend(savepoint(node)),
            SyntaxKind::ROLLBACK_TO_SAVEPOINT | SyntaxKind::RELEASE_SAVEPOINT
                if is_later && name(SyntaxKind::SAVEPOINT_REF).is_some_and(|name| !made.contains(&name)) =>
            {
                let reason = "a savepoint of an earlier transaction of the script";
                return Err(refuse(line, reason, "Make the savepoint in the same transaction"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// The name in `SAVEPOINT name`.
fn savepoint(node: &SyntaxNode) -> Option<String> {
    text(node).split_whitespace().nth(1).map(|name| identifier(name.trim_end_matches(';')))
}

/// Refuses what only a COMMIT could end at the end of `block`.
fn check(block: &Block<'_>, later: &[Block<'_>]) -> Result<(), Refusal> {
    let mut open_cursors: Vec<(String, usize)> = Vec::new();
    for (node, line) in block.nodes() {
        if calls_set_config_locally(node) {
            return Err(refuse(line, "a set_config that ends with its transaction", SPLIT));
        }
        match node.kind() {
            SyntaxKind::DECLARE => open_cursors.extend(cursor(node).map(|name| (name, line))),
            SyntaxKind::CLOSE => {
                let closed = node.children().next().map(|name| identifier(&text(&name)));
                open_cursors.retain(|(name, _)| closed.as_ref().is_some_and(|closed| closed != name));
            }
            _ if on_commit(node).is_some_and(|action| matches!(action, OnCommitAction::DeleteRows(_))) => {
                return Err(refuse(line, "a temporary table that a COMMIT empties", SPLIT));
            }
            SyntaxKind::ALTER_TYPE => {
                if let Some(value) = added_value(node)
                    && later.iter().any(|block| block.nodes().any(|(node, _)| mentions(node, &value)))
                {
                    let reason = "an enum value that is used behind the COMMIT of the transaction that adds it";
                    return Err(refuse(line, reason, SPLIT));
                }
            }
            _ => {}
        }
    }
    if let Some((_, line)) = open_cursors.first() {
        return Err(refuse(*line, "a cursor that its COMMIT closes", SPLIT));
    }
    let defers = |(node, line): (&SyntaxNode, usize)| {
        let mut parts = node.descendants();
        parts.any(|part| part.kind() == SyntaxKind::INITIALLY_DEFERRED_CONSTRAINT_OPTION).then_some(line)
    };
    if block.changes_rows()
        && later.iter().any(Block::changes_rows)
        && let Some(line) = later.iter().find_map(|block| block.nodes().find_map(defers))
    {
        return Err(refuse(line, "a constraint INITIALLY DEFERRED in a later transaction of the script", SPLIT));
    }
    Ok(())
}

/// Drops the temporary tables that the block's COMMIT would drop.
fn dropped(block: &Block<'_>) -> Vec<String> {
    let mut tables: Vec<String> = Vec::new();
    for (node, _) in block.nodes() {
        let name = |kind| {
            node.descendants().filter(move |part| part.kind() == kind).map(|part| Name::parse(&text(&part)).name)
        };
        match (node.kind(), on_commit(node)) {
            (_, Some(OnCommitAction::Drop(_))) => tables.extend(name(SyntaxKind::TABLE_NAME).next()),
            (SyntaxKind::DROP_TABLE, _) => {
                let gone: Vec<_> = name(SyntaxKind::TABLE_NAME_REF).collect();
                tables.retain(|table| !gone.contains(table));
            }
            _ => {}
        }
    }
    tables.iter().map(|table| format!("DROP TABLE IF EXISTS pg_temp.{} CASCADE", quoted(table))).collect()
}

/// What becomes of a temporary table that a statement makes, at the end of the transaction.
fn on_commit(node: &SyntaxNode) -> Option<OnCommitAction> {
    let (persistence, on_commit) = match node.kind() {
        SyntaxKind::CREATE_TABLE => {
            let table = ast::CreateTable::cast(node.clone())?;
            (table.persistence(), table.on_commit())
        }
        SyntaxKind::CREATE_TABLE_AS => {
            let table = ast::CreateTableAs::cast(node.clone())?;
            (table.persistence(), table.on_commit())
        }
        _ => return None,
    };
    matches!(persistence, Some(Persistence::Temp(_))).then_some(())?;
    on_commit?.on_commit_action()
}

/// The cursor that a statement declares, if a COMMIT closes it.
fn cursor(node: &SyntaxNode) -> Option<String> {
    let declared = ast::Declare::cast(node.clone())?;
    let outlives = matches!(declared.cursor_hold(), Some(CursorHold::WithHold(_)));
    (!outlives).then(|| declared.cursor().map(|name| identifier(&text(name.syntax()))))?
}

/// The value that ALTER TYPE ... ADD VALUE adds, without its quotes.
fn added_value(node: &SyntaxNode) -> Option<String> {
    match ast::AlterType::cast(node.clone())?.action()? {
        ast::AlterTypeAction::AddValue(added) => Some(unquoted(&text(added.literal()?.syntax()))),
        _ => None,
    }
}

/// Whether a statement has `value` as a string.
fn mentions(node: &SyntaxNode, value: &str) -> bool {
    node.descendants().filter(|part| part.kind() == SyntaxKind::LITERAL).any(|part| unquoted(&text(&part)) == value)
}

fn unquoted(literal: &str) -> String {
    let inner = literal.trim().trim_start_matches(['E', 'e']);
    let inner = inner.strip_prefix('\'').and_then(|inner| inner.strip_suffix('\'')).unwrap_or(inner);
    inner.replace("''", "'")
}

/// Whether a statement calls `set_config` for its transaction alone, or perhaps so.
fn calls_set_config_locally(node: &SyntaxNode) -> bool {
    calls(node, "set_config").any(|call| {
        let arguments = call.children().find(|child| child.kind() == SyntaxKind::ARG_LIST);
        let last = arguments.and_then(|arguments| arguments.children().last());
        last.is_none_or(|last| !text(&last).trim().eq_ignore_ascii_case("false"))
    })
}

/// The calls of a function of this name, whatever its schema.
pub(super) fn calls<'a>(node: &'a SyntaxNode, function: &'a str) -> impl Iterator<Item = SyntaxNode> + 'a {
    node.descendants()
        .filter(|part| part.kind() == SyntaxKind::CALL_EXPR)
        .filter(move |call| call.first_child().is_some_and(|callee| Name::parse(&text(&callee)).name == function))
}
