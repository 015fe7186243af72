//! What a script sets for one of its transactions, and what holds behind that.

use squawk_syntax::ast::{self, AstNode as _, SetScope};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::blocks::{Block, SPLIT, calls};
use super::{Parsed, Refusal, refuse, text};
use crate::name::Name;

/// The statements that have the server speak another encoding than ours. They are not sent: the server has read the whole
/// message before, so that such a statement changes nothing but what it says to us, which then could not be read. COPY reads
/// and writes files by it, so beside a COPY they stay.
pub(super) fn of_client_encoding(statements: &[Parsed]) -> Vec<SyntaxNode> {
    if statements.iter().any(|statement| statement.node.kind() == SyntaxKind::COPY) {
        return Vec::new();
    }
    let is_one = |node: &&SyntaxNode| setting(node).is_some_and(|setting| setting.name == "client_encoding");
    statements.iter().map(|statement| &statement.node).filter(is_one).cloned().collect()
}

/// A parameter that a statement sets.
pub(super) struct Setting {
    /// In lower case.
    pub(super) name: String,
    /// How it is reset.
    reset: String,
    is_local: bool,
}

/// What SET, SET ROLE or SET SESSION AUTHORIZATION sets.
pub(super) fn setting(node: &SyntaxNode) -> Option<Setting> {
    let is_local = node
        .children()
        .any(|child| SetScope::cast(child).is_some_and(|scope| matches!(scope, SetScope::LocalScope(_))));
    let of = |name: &str, reset: &str| Some(Setting { name: name.to_owned(), reset: reset.to_owned(), is_local });
    match node.kind() {
        SyntaxKind::SET_ROLE => of("role", "RESET ROLE"),
        SyntaxKind::SET_SESSION_AUTH => of("session_authorization", "RESET SESSION AUTHORIZATION"),
        SyntaxKind::SET => match ast::Set::cast(node.clone())?.set_target()? {
            ast::SetTarget::SetTimeZone(_) => of("timezone", "RESET TIME ZONE"),
            ast::SetTarget::SetSchemaValue(_) => of("search_path", "RESET search_path"),
            ast::SetTarget::SetXmlOption(_) => of("xmloption", "RESET xmloption"),
            ast::SetTarget::SetCatalog(_) => None,
            ast::SetTarget::SetConfig(config) => {
                let written = text(config.config_parameter_ref()?.syntax());
                let name = Name::parse(&written);
                let name = name.schema.map_or_else(|| name.name.clone(), |prefix| format!("{prefix}.{}", name.name));
                if name == "names" {
                    return of("client_encoding", "RESET client_encoding");
                }
                Some(Setting { name: name.to_lowercase(), reset: format!("RESET {}", written.trim()), is_local })
            }
        },
        _ => None,
    }
}

/// The statements that give each parameter which the last of `blocks` set locally the value that it has behind the
/// COMMIT: that of the last SET for the session, or the session's own.
pub(super) fn restored(blocks: &[Block<'_>]) -> Result<Vec<String>, Refusal> {
    let Some((block, _)) = blocks.split_last() else { return Ok(Vec::new()) };
    let mut local: Vec<(Setting, usize)> = Vec::new();
    for (node, line) in block.nodes() {
        if let Some(setting) = setting(node) {
            local.retain(|(earlier, _)| earlier.name != setting.name);
            if setting.is_local {
                local.push((setting, line));
            }
        }
    }
    let mut statements = Vec::new();
    for (setting, line) in local {
        let all = || blocks.iter().flat_map(Block::nodes);
        if all().any(|(node, _)| calls(node, "set_config").next().is_some()) {
            return Err(refuse(line, "SET LOCAL beside set_config, with statements behind the COMMIT", SPLIT));
        }
        let last = all().filter(|(node, _)| settles(node, &setting.name)).last();
        statements.push(match last {
            Some((node, _)) if node.kind() != SyntaxKind::RESET && setting.name != "client_encoding" => {
                text(node).trim_end().trim_end_matches(';').to_owned()
            }
            _ => setting.reset,
        });
    }
    Ok(statements)
}

/// Whether a statement gives the parameter `name` a value for the session.
fn settles(node: &SyntaxNode, name: &str) -> bool {
    if node.kind() != SyntaxKind::RESET {
        return setting(node).is_some_and(|setting| !setting.is_local && setting.name == name);
    }
    let Some(target) = ast::Reset::cast(node.clone()).and_then(|reset| reset.reset_target()) else { return false };
    match target {
        ast::ResetTarget::All(_) => true,
        ast::ResetTarget::ConfigParameterRef(parameter) => text(parameter.syntax()).trim().eq_ignore_ascii_case(name),
        ast::ResetTarget::ResetTimeZone(_) => name == "timezone",
        ast::ResetTarget::ResetTransactionIsolation(_) => false,
    }
}
