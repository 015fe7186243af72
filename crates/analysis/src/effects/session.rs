//! The settings of a script's own session, and what the script undoes.

use std::time::Duration;

use engine::script::unquoted;
use squawk_syntax::ast::{self, AstNode as _, ResetTarget, SetTarget, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::literal::literal;
use super::named::callee;
use super::world::{Names, Patience, World};
use super::{has, is_of_rows, text};
use crate::name::identifier;

/// The longest wait for a lock that a script may set without a finding, in milliseconds.
const LONGEST_PATIENCE: u64 = 60_000;

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::Set(set) => {
            if let Some(Setting { name: Some(name), values }) = written(set) {
                sets(&name, &values, world);
            }
        }
        Stmt::Reset(reset) => match reset.reset_target() {
            Some(ResetTarget::ConfigParameterRef(it)) => resets(&identifier(&text(it.syntax())), world),
            Some(ResetTarget::All(_)) => resets("all", world),
            _ => {}
        },
        // It also drops temporary tables and resets settings.
        Stmt::Discard(_) => world.trusts(Names::Nothing),
        Stmt::Rollback(ast::Rollback::RollbackToSavepoint(_)) => world.trusts(Names::Nothing),
        _ => {}
    }
}

/// Handles `set_config('search_path', …)`, wherever it is.
pub(super) fn configured(statement: &SyntaxNode, world: &mut World) {
    for Setting { name, values } in called(statement) {
        match name {
            Some(name) => sets(&name, &values, world),
            None => world.trusts(Names::Qualified),
        }
    }
}

/// A parameter that a statement sets.
pub(crate) struct Setting {
    /// Its name in lower case; `None` where only the server knows it.
    pub(crate) name: Option<String>,
    /// Its new values. A value that only the server knows is empty.
    pub(crate) values: Vec<String>,
}

/// Returns what `statement` sets: for the session, for the transaction, or for later sessions.
pub(crate) fn settings(statement: &Stmt) -> Vec<Setting> {
    match statement {
        Stmt::Set(set) => written(set).into_iter().collect(),
        Stmt::AlterDatabase(_) | Stmt::AlterRole(_) | Stmt::AlterSystem(_) | Stmt::AlterUser(_) => {
            let names = statement.syntax().descendants().filter(|node| node.kind() == SyntaxKind::CONFIG_PARAMETER_REF);
            let name = |node: &SyntaxNode| identifier(&text(node)).to_lowercase();
            names
                .filter(|node| !node.ancestors().any(|above| above.kind() == SyntaxKind::RESET_CONFIG_PARAM))
                .filter_map(|node| Some(Setting { name: Some(name(&node)), values: values(&node.parent()?) }))
                .collect()
        }
        Stmt::CreateTableAs(_) => called(statement.syntax()),
        _ if is_of_rows(statement) => called(statement.syntax()),
        _ => Vec::new(),
    }
}

/// Returns what SET sets.
fn written(set: &ast::Set) -> Option<Setting> {
    match set.set_target()? {
        SetTarget::SetConfig(it) => {
            let name = it.syntax().children().find(|node| node.kind() == SyntaxKind::CONFIG_PARAMETER_REF)?;
            Some(Setting { name: Some(identifier(&text(&name)).to_lowercase()), values: values(it.syntax()) })
        }
        SetTarget::SetSchemaValue(it) => {
            Some(Setting { name: Some("search_path".to_owned()), values: values(it.syntax()) })
        }
        SetTarget::SetTimeZone(it) => Some(Setting { name: Some("timezone".to_owned()), values: values(it.syntax()) }),
        _ => None,
    }
}

/// Returns what calls of `set_config` set.
fn called(statement: &SyntaxNode) -> Vec<Setting> {
    let calls = statement.descendants().filter(|node| node.kind() == SyntaxKind::CALL_EXPR);
    let calls = calls.filter(|call| callee(call).is_some_and(|name| name.name == "set_config"));
    calls
        .filter_map(|call| {
            let arguments: Vec<_> = call.descendants().filter(|node| node.kind() == SyntaxKind::ARG).collect();
            let [name, value, ..] = &arguments[..] else { return None };
            let name = constant(name).map(|name| name.to_lowercase());
            Some(Setting { name, values: vec![constant(value).unwrap_or_default()] })
        })
        .collect()
}

/// Returns the value of a constant argument, which may have a type after it, or the argument's name before it.
pub(crate) fn constant(argument: &SyntaxNode) -> Option<String> {
    let is_more = |kind| matches!(kind, SyntaxKind::BIN_EXPR | SyntaxKind::CALL_EXPR);
    if argument.descendants().any(|node| is_more(node.kind())) {
        return None;
    }
    let mut literals = argument.descendants().filter(|node| node.kind() == SyntaxKind::LITERAL);
    let written = literals.next().filter(|_| literals.next().is_none()).map(|node| text(&node))?;
    let is_escaped = written.contains('\\') || written.to_lowercase().starts_with("u&");
    (!is_escaped).then(|| unquoted(&written))
}

fn sets(name: &str, values: &[String], world: &mut World) {
    match name {
        // A name that does not exist in the schema is looked up further along the path, and perhaps found.
        "search_path" if values.first().is_some_and(|first| world.is_own_schema(first)) => world.doubts(),
        "search_path" => world.trusts(Names::Qualified),
        // Which other zones never differ from UTC is not looked up.
        "timezone" => world.is_utc = false,
        "lock_timeout" => {
            let value = values.first().map_or("", String::as_str);
            let is_ours = value.eq_ignore_ascii_case("default");
            let is_bounded = is_ours || milliseconds(value).is_some_and(|time| (1..=LONGEST_PATIENCE).contains(&time));
            world.patience = if is_bounded { Patience::Bounded } else { Patience::Endless };
        }
        _ => {}
    }
}

/// Resets a parameter to the session's first value, which is the stack's.
fn resets(name: &str, world: &mut World) {
    if matches!(name, "lock_timeout" | "all") {
        world.patience = Patience::Bounded;
    }
    // A reset of the search path does not undo what was looked up along another one: names are not trusted again.
}

/// Returns the values after `=` or `TO`.
fn values(of: &SyntaxNode) -> Vec<String> {
    let written = of.descendants().filter(|node| {
        matches!(node.kind(), SyntaxKind::LITERAL | SyntaxKind::CONFIG_VALUE_NAME | SyntaxKind::PREFIX_EXPR)
    });
    let found: Vec<_> =
        written.map(|node| text(&node)).map(|value| literal(&value).unwrap_or_else(|| identifier(&value))).collect();
    if found.is_empty() && has(of, SyntaxKind::DEFAULT_KW) { vec!["default".to_owned()] } else { found }
}

/// Returns a time in milliseconds, read as PostgreSQL reads `lock_timeout`; `None` if it is not a time.
fn milliseconds(value: &str) -> Option<u64> {
    let value = value.trim();
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let microseconds = match unit.trim() {
        "" | "ms" => 1_000.0,
        "us" => 1.0,
        "s" => 1e6,
        "min" => 60e6,
        "h" => 3_600e6,
        "d" => 86_400e6,
        _ => return None,
    };
    let time = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * microseconds / 1e6).ok()?;
    u64::try_from(time.as_millis()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_postgresql_does() {
        let read = ["0", "5000", "5s", " 2 min ", "1.5s", "-1", "'", ""].map(milliseconds);
        assert_eq!(read, [Some(0), Some(5000), Some(5000), Some(120_000), Some(1500), None, None, None]);
    }
}
