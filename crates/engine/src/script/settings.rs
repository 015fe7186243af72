//! What a script sets for one of its transactions, and which value holds after that transaction.

use squawk_syntax::ast::{self, AstNode as _, SetScope};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::block::{Block, SPLIT, body_of, calls};
use super::{Boundary, Parsed, Refusal, refuse, text};
use crate::name::parts;
use crate::quote::literal;

/// Returns the statements that set another client encoding than ours. They are not sent. The server has read the whole
/// message before it runs them, so they change only the encoding of its answers, which we could not read then. COPY
/// reads and writes files in the client encoding, so beside a COPY these statements stay.
pub(super) fn of_client_encoding(statements: &[Parsed]) -> Vec<SyntaxNode> {
    if statements.iter().any(|statement| statement.node.kind() == SyntaxKind::COPY) {
        return Vec::new();
    }
    let is_one = |node: &&SyntaxNode| setting(node).is_some_and(|setting| setting.name == "client_encoding");
    statements.iter().map(|statement| &statement.node).filter(is_one).cloned().collect()
}

/// A parameter that a statement sets.
pub(super) struct Setting {
    /// Its name, in lower case.
    pub(super) name: String,
    is_local: bool,
}

/// Returns what SET, SET ROLE or SET SESSION AUTHORIZATION sets.
pub(super) fn setting(node: &SyntaxNode) -> Option<Setting> {
    let is_local = node
        .children()
        .any(|child| SetScope::cast(child).is_some_and(|scope| matches!(scope, SetScope::LocalScope(_))));
    let of = |name: &str| Some(Setting { name: name.to_owned(), is_local });
    match node.kind() {
        SyntaxKind::SET_ROLE => of("role"),
        SyntaxKind::SET_SESSION_AUTH => of("session_authorization"),
        SyntaxKind::SET => match ast::Set::cast(node.clone())?.set_target()? {
            ast::SetTarget::SetTimeZone(_) => of("timezone"),
            ast::SetTarget::SetSchemaValue(_) => of("search_path"),
            ast::SetTarget::SetXmlOption(_) => of("xmloption"),
            ast::SetTarget::SetCatalog(_) => None,
            ast::SetTarget::SetConfig(config) => {
                let name = parameter_name(&text(config.config_parameter_ref()?.syntax()));
                of(if name == "names" { "client_encoding" } else { &name })
            }
        },
        _ => None,
    }
}

/// Parameters that cannot be set to their earlier value: the server does not show it, no longer allows it, or changes
/// another parameter with it.
const NOT_GIVEN_BACK: [&str; 3] = ["seed", "session_authorization", "temp_buffers"];

/// The statements that restore the parameters that a block sets locally.
pub(super) struct Restored {
    /// Statements that save each value before the block sets it.
    pub(super) saved: Vec<Boundary>,
    /// Statements that give each parameter the value that it has after the COMMIT.
    pub(super) given_back: Vec<String>,
}

/// Returns the statements that give each parameter which `block` sets locally the value that it has after the COMMIT.
/// That is the value of the last SET for the session after the SET LOCAL, or else the value before the SET LOCAL.
/// `before` statements of the script come before the block.
///
/// # Errors
///
/// A [`Refusal`] where the text does not tell the value.
pub(super) fn restored(block: &Block<'_>, before: usize) -> Result<Restored, Refusal> {
    // Each with the number of the statement that sets it first.
    let mut local: Vec<(Setting, usize)> = Vec::new();
    let (mut is_in_doubt, mut first) = (false, None);
    for (index, statement) in block.statements.iter().enumerate() {
        let node = &statement.node;
        if let Some(setting) = setting(node) {
            first = first.or(setting.is_local.then_some(statement.place.line));
            if !setting.is_local {
                local.retain(|(earlier, _)| earlier.name != setting.name);
            } else if !local.iter().any(|(earlier, _)| earlier.name == setting.name) {
                local.push((setting, index));
            }
        } else {
            local.retain(|(earlier, _)| !resets(node, &earlier.name));
            // RESET ALL also forgets the saved values.
            is_in_doubt |= resets_all(node) && !local.is_empty();
        }
        is_in_doubt |= local.iter().any(|(earlier, _)| could_set(node, &earlier.name));
    }
    let mut restored = Restored { saved: Vec::new(), given_back: Vec::new() };
    let Some(line) = first else { return Ok(restored) };
    // A return to a savepoint undoes the saved values, and what was set after the savepoint.
    if is_in_doubt || block.has_savepoints() {
        let reason =
            "SET LOCAL beside a savepoint or another way to set a parameter, with statements behind the COMMIT";
        return Err(refuse(line, reason, SPLIT));
    }
    if let Some((setting, index)) = local.iter().find(|(setting, _)| NOT_GIVEN_BACK.contains(&setting.name.as_str())) {
        let reason = format!("SET LOCAL of {}, with statements behind the COMMIT", setting.name);
        return Err(refuse(block.statements[*index].place.line, reason, SPLIT));
    }
    for (number, (setting, index)) in local.into_iter().enumerate() {
        let kept = format!("'lockstep.local_{number}'");
        let name = literal(&setting.name);
        // The sign `=` tells an empty value from no value.
        restored.saved.push(Boundary {
            at: block.statements[index].node.text_range().start().into(),
            before: before + index,
            sql: vec![format!(
                "SELECT pg_catalog.set_config({kept}, \
                 coalesce('=' OPERATOR(pg_catalog.||) pg_catalog.current_setting({name}, true), ''), true)"
            )],
        });
        // A parameter that did not exist may belong to a module by now, which has a value of its own for it.
        restored.given_back.push(format!(
            "SELECT pg_catalog.set_config({name}, coalesce(pg_catalog.substr(nullif(pg_catalog.current_setting({kept}), ''), 2), \
             (SELECT s.reset_val FROM pg_catalog.pg_settings s WHERE pg_catalog.lower(s.name) OPERATOR(pg_catalog.=) {name}), ''), false)"
        ));
    }
    // The parameter that was set last may allow, or forbid, to set those before it.
    restored.given_back.reverse();
    Ok(restored)
}

/// Whether a statement could set the parameter `name` in another way than by SET, as far as its text shows.
fn could_set(node: &SyntaxNode, name: &str) -> bool {
    let mentions = || text(node).to_lowercase().contains(name);
    calls(node, "set_config").next().is_some()
        || node.kind() == SyntaxKind::UPDATE && mentions()
        || node.kind() == SyntaxKind::DO
            && (mentions() || ["reset all", "discard"].iter().any(|it| body_of(node).contains(it)))
}

fn resets_all(node: &SyntaxNode) -> bool {
    let target = ast::Reset::cast(node.clone()).and_then(|reset| reset.reset_target());
    matches!(target, Some(ast::ResetTarget::All(_)))
}

/// Whether a statement resets the parameter `name` to its session's value.
fn resets(node: &SyntaxNode, name: &str) -> bool {
    match node.kind() {
        SyntaxKind::RESET_ROLE => return name == "role",
        SyntaxKind::RESET_SESSION_AUTH => return name == "session_authorization",
        _ => {}
    }
    let Some(target) = ast::Reset::cast(node.clone()).and_then(|reset| reset.reset_target()) else { return false };
    match target {
        // RESET ALL leaves these two parameters alone.
        ast::ResetTarget::All(_) => !matches!(name, "role" | "session_authorization"),
        ast::ResetTarget::ConfigParameterRef(parameter) => parameter_name(&text(parameter.syntax())) == name,
        ast::ResetTarget::ResetTimeZone(_) => name == "timezone",
        ast::ResetTarget::ResetTransactionIsolation(_) => false,
    }
}

/// Returns a parameter's name in lower case, from its text with or without quotes, in any number of parts.
fn parameter_name(written: &str) -> String {
    parts(written).join(".").to_lowercase()
}
