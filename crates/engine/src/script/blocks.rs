//! Ends what ends with a transaction of the script's own.
//!
//! A script's BEGIN and COMMIT are folded into one transaction, so that the whole file is applied or nothing. What such
//! a COMMIT would end has to end at that place all the same: a SET LOCAL, a temporary table that is dropped on commit,
//! the deferral of constraints. A script is refused if something of it cannot end without a COMMIT, unless nothing
//! follows.

use squawk_syntax::ast::{self, AstNode as _, OnCommitAction, Persistence};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::block::{Block, SAVEPOINTS, SPLIT, blocks, body_of, calls};
use super::settings::{Restored, restored, setting};
use super::strings::{constants, unquoted};
use super::transaction::modes;
use super::{Boundary, Parsed, Refusal, has, refuse, text};
use crate::name::{Name, identifier, quoted};
use crate::transaction::FIRE_DEFERRED;

/// Defers all constraints from then on, also those that are made later.
const DEFER_ALL: &str = "SET CONSTRAINTS ALL DEFERRED";

/// Ends the deferral of the constraints that are not deferred in a new transaction. SET CONSTRAINTS needs the right to
/// use the constraint's schema, and sets all constraints of the name at once.
const INITIAL_MODES: &str = "DO $lockstep$ DECLARE command pg_catalog.text; BEGIN \
     FOR command IN SELECT DISTINCT pg_catalog.format('SET CONSTRAINTS %I.%I IMMEDIATE', n.nspname, k.conname) \
     FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_namespace n ON n.oid OPERATOR(pg_catalog.=) k.connamespace \
     WHERE k.condeferrable AND NOT k.condeferred AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'::pg_catalog.text) \
     AND NOT pg_catalog.pg_is_other_temp_schema(n.oid) LOOP EXECUTE command; END LOOP; END $lockstep$";

/// The transactions of a script, folded into one.
pub(super) struct Folded {
    /// The modes that our transaction needs: those of a BEGIN that opens the whole script.
    pub(super) modes: Option<String>,
    /// The statements to insert at the ends of the script's own transactions.
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
        let before = blocks[..index].iter().map(|block| block.statements.len()).sum();
        check(block, &blocks[..index], later)?;
        let Restored { saved, given_back } = restored(block, before)?;
        boundaries.extend(saved);
        // In the order in which a COMMIT does it: it checks deferred constraints, drops temporary tables, ends
        // settings.
        let mut sql = Vec::new();
        if block.changes_rows() {
            sql.push(FIRE_DEFERRED.to_owned());
        }
        sql.extend(dropped(block, &blocks[..=index])?);
        sql.extend(given_back);
        if block.changes_rows() && later.iter().any(Block::changes_rows) {
            sql.extend([DEFER_ALL, INITIAL_MODES].map(str::to_owned));
        }
        if !sql.is_empty() {
            boundaries.push(Boundary { at: end, before: before + block.statements.len(), sql });
        }
    }
    Ok(Folded { modes: None, boundaries })
}

/// Returns the modes of the BEGIN that opens a script of one transaction.
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

/// Refuses an isolation level that is set after the first query of its transaction.
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
                | SyntaxKind::RESET_ROLE
                | SyntaxKind::RESET_SESSION_AUTH
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

/// Whether a statement sets a mode of its own transaction.
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

/// Refuses a return to a savepoint after the end of its transaction: it would fail in PostgreSQL.
fn check_savepoints(block: &Block<'_>, is_later: bool) -> Result<(), Refusal> {
    let mut made: Vec<String> = Vec::new();
    for (node, line) in block.nodes() {
        let kind = node.kind();
        if !SAVEPOINTS.contains(&kind) {
            continue;
        }
        let name = node.children().last().map(|name| identifier(&text(&name))).unwrap_or_default();
        if kind == SyntaxKind::SAVEPOINT_CREATE {
            made.push(name);
            continue;
        }
        match made.iter().rposition(|one| *one == name) {
            // ROLLBACK TO keeps the savepoint, RELEASE ends it, and both end the savepoints made after it.
            Some(at) => made.truncate(if kind == SyntaxKind::RELEASE_SAVEPOINT { at } else { at + 1 }),
            None if is_later => {
                let reason = "a savepoint that is not of the same transaction of the script";
                return Err(refuse(line, reason, "Make the savepoint in the same transaction"));
            }
            None => {}
        }
    }
    Ok(())
}

/// Refuses what only a COMMIT at the end of `block` could end.
fn check(block: &Block<'_>, earlier: &[Block<'_>], later: &[Block<'_>]) -> Result<(), Refusal> {
    // Whether the script calls the function that a statement makes, or makes a trigger call it.
    let is_used = |made: &SyntaxNode| {
        let name = made.children().find(|child| NAMES_OF_FUNCTIONS.contains(&child.kind()));
        let name = name.map(|name| Name::parse(&text(&name)).name).unwrap_or_default();
        let all = || earlier.iter().chain([block]).chain(later).flat_map(Block::nodes);
        all().any(|(node, _)| node != made && text(node).to_lowercase().contains(&name))
    };
    let named = |node: &SyntaxNode| identifier(&text(node));
    let mut declared: Vec<String> = Vec::new();
    let mut open_cursors: Vec<(String, usize)> = Vec::new();
    for (node, line) in block.nodes() {
        if calls_set_config_locally(node) {
            return Err(refuse(line, "a set_config that ends with its transaction", SPLIT));
        }
        match node.kind() {
            SyntaxKind::DECLARE => {
                declared
                    .extend(ast::Declare::cast(node.clone()).and_then(|it| it.cursor()).map(|it| named(it.syntax())));
                open_cursors.extend(cursor(node).map(|name| (name, line)));
            }
            // A function has opened the cursor.
            SyntaxKind::FETCH | SyntaxKind::MOVE => {
                let cursor = node.children().find(|child| child.kind() == SyntaxKind::CURSOR_REF);
                let cursor = cursor.map(|cursor| named(&cursor)).filter(|cursor| !declared.contains(cursor));
                open_cursors.extend(cursor.map(|name| (name, line)));
            }
            SyntaxKind::DO => check_body(node, line)?,
            SyntaxKind::CREATE_FUNCTION | SyntaxKind::CREATE_PROCEDURE if is_used(node) => check_body(node, line)?,
            SyntaxKind::CLOSE => {
                let closed = node.children().next().map(|name| identifier(&text(&name)));
                open_cursors.retain(|(name, _)| closed.as_ref().is_some_and(|closed| closed != name));
            }
            _ if on_commit(node).is_some_and(|action| matches!(action, OnCommitAction::DeleteRows(_))) => {
                return Err(refuse(line, "a temporary table that a COMMIT empties", SPLIT));
            }
            SyntaxKind::ALTER_TYPE => {
                // The values of a type that the same transaction makes can be used at once.
                let is_new = || {
                    earlier.iter().chain([block]).any(|block| block.nodes().any(|(other, _)| makes_type(other, node)))
                };
                if let Some(value) = added_value(node)
                    && !is_new()
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
        return Err(refuse(*line, "a cursor that its COMMIT closes, or reads to its end", SPLIT));
    }
    let waits = |(node, line): (&SyntaxNode, usize)| {
        (is_deferrable(node) && !has(node, DEFERRED) || has(node, SyntaxKind::ALTER_CONSTRAINT)).then_some(line)
    };
    if block.changes_rows()
        && later.iter().any(Block::changes_rows)
        && let Some(line) = later.iter().find_map(|block| block.nodes().find_map(waits))
    {
        return Err(refuse(
            line,
            "a constraint DEFERRABLE, not INITIALLY DEFERRED, or altered, in a later transaction of the script",
            SPLIT,
        ));
    }
    Ok(())
}

const DEFERRED: SyntaxKind = SyntaxKind::INITIALLY_DEFERRED_CONSTRAINT_OPTION;

/// Whether a statement makes a deferrable constraint.
fn is_deferrable(node: &SyntaxNode) -> bool {
    has(node, SyntaxKind::DEFERRABLE_CONSTRAINT_OPTION)
}

/// Whether the statement `made` makes the type that `altered` alters.
fn makes_type(made: &SyntaxNode, altered: &SyntaxNode) -> bool {
    let altered = ast::AlterType::cast(altered.clone()).and_then(|it| it.type_name_ref());
    made.kind() == SyntaxKind::CREATE_TYPE
        && altered.is_some_and(|altered| {
            let name = Name::parse(&text(altered.syntax()));
            made.children().any(|child| Name::parse(&text(&child)) == name)
        })
}

/// Returns statements that drop the temporary tables that the block's COMMIT would drop. `so_far` are the blocks up to
/// it.
///
/// # Errors
///
/// A [`Refusal`] where the text does not tell which tables these are.
fn dropped(block: &Block<'_>, so_far: &[Block<'_>]) -> Result<Vec<String>, Refusal> {
    let mut tables: Vec<(String, usize)> = Vec::new();
    for (node, line) in block.nodes() {
        if matches!(on_commit(node), Some(OnCommitAction::Drop(_))) {
            let name = node.descendants().find(|part| part.kind() == SyntaxKind::TABLE_NAME);
            tables.extend(name.map(|name| (Name::parse(&text(&name)).name, line)));
        }
    }
    let Some((_, line)) = tables.first() else { return Ok(Vec::new()) };
    // Another table of that name could stay: one that no COMMIT drops, or that was renamed to the name.
    let is_another = |(node, _): (&SyntaxNode, usize)| {
        let names_one = |part: SyntaxNode| tables.iter().any(|(table, _)| *table == Name::parse(&text(&part)).name);
        let stays = is_temporary(node) && !matches!(on_commit(node), Some(OnCommitAction::Drop(_)));
        let named = [SyntaxKind::TABLE_NAME, SyntaxKind::TABLE_NAME_REF];
        let renames = || {
            let body = body_of(node);
            node.kind() == SyntaxKind::DO
                && body.contains("rename to ")
                && tables.iter().any(|(table, _)| body.contains(&table.to_lowercase()))
        };
        (stays || has(node, SyntaxKind::TABLE_RENAME_TO))
            && node.descendants().filter(|part| named.contains(&part.kind())).any(names_one)
            || renames()
    };
    if so_far.iter().any(|block| block.nodes().any(is_another)) {
        let reason = "a temporary table that a COMMIT drops, beside another one that has, or gets, its name";
        return Err(refuse(*line, reason, SPLIT));
    }
    // Another role may not drop the table.
    let becomes_another = |(node, _): (&SyntaxNode, usize)| {
        setting(node).is_some_and(|setting| ["role", "session_authorization"].contains(&setting.name.as_str()))
    };
    if so_far.iter().any(|block| block.nodes().any(becomes_another)) {
        return Err(refuse(*line, "a temporary table that a COMMIT drops, beside a change of the role", SPLIT));
    }
    Ok(tables.iter().map(|(table, _)| format!("DROP TABLE IF EXISTS pg_temp.{} CASCADE", quoted(table))).collect())
}

/// Whether a statement makes a temporary table: with the key word, in their schema, or with a clause that only they
/// have.
fn is_temporary(node: &SyntaxNode) -> bool {
    let made = [SyntaxKind::CREATE_TABLE, SyntaxKind::CREATE_TABLE_AS].contains(&node.kind());
    let named =
        || node.children().find(|child| child.kind() == SyntaxKind::TABLE_NAME).map(|name| Name::parse(&text(&name)));
    made && (node.children().any(|child| matches!(Persistence::cast(child), Some(Persistence::Temp(_))))
        || node.children().any(|child| ast::OnCommit::can_cast(child.kind()))
        || named().is_some_and(|name| name.schema.as_deref() == Some("pg_temp")))
}

/// Returns what becomes of a temporary table, which a statement makes, at the end of the transaction.
fn on_commit(node: &SyntaxNode) -> Option<OnCommitAction> {
    is_temporary(node).then(|| node.children().find_map(ast::OnCommit::cast))??.on_commit_action()
}

/// Refuses a DO block or a function whose effects end with its transaction.
fn check_body(node: &SyntaxNode, line: usize) -> Result<(), Refusal> {
    let body = body_of(node);
    if body.contains("on commit ") {
        let reason = "a temporary table that a block or a function makes and a COMMIT empties or drops";
        return Err(refuse(line, reason, SPLIT));
    }
    if body.contains("set local ") || body.contains("set_config") {
        return Err(refuse(line, "a block or a function that may set a parameter for its transaction", SPLIT));
    }
    Ok(())
}

const NAMES_OF_FUNCTIONS: [SyntaxKind; 2] = [SyntaxKind::FUNCTION_NAME, SyntaxKind::PROCEDURE_NAME];

/// Returns the cursor that a statement declares. A COMMIT closes it. If it is WITH HOLD, a COMMIT reads all of it and
/// releases its tables.
fn cursor(node: &SyntaxNode) -> Option<String> {
    Some(identifier(&text(ast::Declare::cast(node.clone())?.cursor()?.syntax())))
}

/// Returns the value that ALTER TYPE ... ADD VALUE adds, without its quotes.
fn added_value(node: &SyntaxNode) -> Option<String> {
    match ast::AlterType::cast(node.clone())?.action()? {
        ast::AlterTypeAction::AddValue(added) => Some(unquoted(&text(added.literal()?.syntax()))),
        _ => None,
    }
}

/// Whether a statement contains `value` as a string.
fn mentions(node: &SyntaxNode, value: &str) -> bool {
    // In a block or a function, the string is inside of another string.
    let inside = format!("'{value}'");
    constants(node).any(|string| string == value || string.contains(&inside))
}

/// Whether a statement calls `set_config` for its transaction alone, or may do so.
fn calls_set_config_locally(node: &SyntaxNode) -> bool {
    calls(node, "set_config").any(|call| {
        let arguments = call.children().find(|child| child.kind() == SyntaxKind::ARG_LIST);
        let last = arguments.and_then(|arguments| arguments.children().last());
        // The argument can be named: is_local => false.
        let value = |last: &SyntaxNode| text(last).rsplit("=>").next().unwrap_or_default().trim().to_lowercase();
        last.is_none_or(|last| value(&last) != "false")
    })
}
