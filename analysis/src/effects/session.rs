//! What a script sets for its own session, and what it takes back.

use std::time::Duration;

use squawk_syntax::ast::{self, AstNode as _, ResetTarget, SetTarget, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::named::callee;
use super::text;
use super::world::{Names, Patience, World};
use crate::name::identifier;

/// The longest that a script may wait for a lock without a word, in milliseconds.
const LONGEST_PATIENCE: u64 = 60_000;

pub(super) fn effects(statement: &Stmt, world: &mut World) {
    match statement {
        Stmt::Set(set) => match set.set_target() {
            Some(SetTarget::SetConfig(it)) => {
                let Some(name) = it.syntax().children().find(|node| node.kind() == SyntaxKind::CONFIG_PARAMETER_REF)
                else {
                    return;
                };
                sets(&identifier(&text(&name)), &values(it.syntax()), world);
            }
            Some(SetTarget::SetTimeZone(_)) => world.is_utc = false,
            Some(SetTarget::SetSchemaValue(it)) => sets("search_path", &values(it.syntax()), world),
            _ => {}
        },
        Stmt::Reset(reset) => match reset.reset_target() {
            Some(ResetTarget::ConfigParameterRef(it)) => resets(&identifier(&text(it.syntax())), world),
            Some(ResetTarget::All(_)) => resets("all", world),
            _ => {}
        },
        // Temporary tables go with it, and what was set.
        Stmt::Discard(_) => world.trusts(Names::Nothing),
        Stmt::Rollback(ast::Rollback::RollbackToSavepoint(_)) => world.trusts(Names::Nothing),
        _ => {}
    }
}

/// `set_config('search_path', …)`, wherever it stands.
pub(super) fn configured(statement: &SyntaxNode, world: &mut World) {
    for call in statement.descendants().filter(|node| node.kind() == SyntaxKind::CALL_EXPR) {
        if callee(&call).is_some_and(|name| name.name == "set_config") {
            let arguments: Vec<_> =
                call.descendants().filter(|node| node.kind() == SyntaxKind::ARG).map(|node| text(&node)).collect();
            let [name, value, ..] = &arguments[..] else { continue };
            match literal(name) {
                Some(name) => sets(&name.to_lowercase(), &[literal(value).unwrap_or_default()], world),
                None => world.trusts(Names::Qualified),
            }
        }
    }
}

fn sets(name: &str, values: &[String], world: &mut World) {
    match name {
        // What is not there is looked for elsewhere, and perhaps found.
        "search_path" if values.first().is_some_and(|first| world.is_own_schema(first)) => world.doubts(),
        "search_path" => world.trusts(Names::Qualified),
        // Which zones never differ from UTC is not looked up.
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

/// The session was opened with what the stack wants: it is back then.
fn resets(name: &str, world: &mut World) {
    if matches!(name, "lock_timeout" | "all") {
        world.patience = Patience::Bounded;
    }
    // What stands between is not known again by that: who was sought there is not undone.
}

/// The values behind `=` or `TO`.
fn values(of: &SyntaxNode) -> Vec<String> {
    let written = of.descendants().filter(|node| {
        matches!(node.kind(), SyntaxKind::LITERAL | SyntaxKind::CONFIG_VALUE_NAME | SyntaxKind::PREFIX_EXPR)
    });
    written.map(|node| text(&node)).map(|value| literal(&value).unwrap_or_else(|| identifier(&value))).collect()
}

/// What a string literal says.
pub(super) fn literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(inner.replace("''", "'"))
}

/// A time as PostgreSQL reads that of `lock_timeout`, in milliseconds; `None` if it is not one.
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
