//! Settings of the script's own that take away what protects others.

use report::Verdict;
use squawk_syntax::ast::{self, AstNode as _};

use super::access::grants_to_no_role;
use super::blocked::blocks;
use super::{Context, Found, Rule, safer};
use crate::effects::{Setting, settings};

pub(super) const OWN_SETTING: Rule = Rule {
    name: "own-setting",
    about: "A script that sets lock_timeout to 0, or to more than a minute, waits for its locks behind whoever has them, \
            and everybody else waits behind it. One that sets session_replication_role has neither foreign keys nor \
            triggers see what it writes. The function set_config() is judged as SET is.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "SET lock_timeout = 0;\nALTER TABLE big ADD COLUMN a integer",
    good: "SET lock_timeout = '2s';\nALTER TABLE big ADD COLUMN a integer",
    judge: |context| {
        let settings = settings(context.statement);
        if settings.iter().any(sets_replica_role) {
            let who = if is_for_later(context.statement) { "its sessions write" } else { "the script writes" };
            return Some(Found {
                verdict: Verdict::Danger,
                text: format!("Rows that {who} may refer to nothing, and no trigger sees them"),
                safer: safer("Leave session_replication_role as it is", None),
            });
        }
        if settings.iter().any(|setting| setting.name.is_none()) {
            return Some(Found {
                verdict: Verdict::Caution,
                text: "Which parameter it sets is known only when it runs".to_owned(),
                safer: safer("Write the parameter's name out", None),
            });
        }
        let waits = context.effects.of.iter().find(|effect| blocks(effect, context.world))?;
        context.world.waits_endlessly().then(|| Found {
            verdict: Verdict::Danger,
            text: format!(
                "The script has lifted lock_timeout: the statement waits for {} however long it takes, and everybody else behind it",
                waits.relation
            ),
            safer: safer("Leave lock_timeout to the stack, which tries again instead of waiting", None),
        })
    },
};

/// Whether that makes triggers and foreign keys silent.
fn sets_replica_role(setting: &Setting) -> bool {
    let value = setting.values.first().map_or("", String::as_str);
    let is_loud = ["origin", "local", "default"].iter().any(|loud| value.eq_ignore_ascii_case(loud));
    setting.name.as_deref() == Some("session_replication_role") && !is_loud
}

/// Whether a statement sets something for later sessions.
fn is_for_later(statement: &ast::Stmt) -> bool {
    matches!(
        statement,
        ast::Stmt::AlterDatabase(_) | ast::Stmt::AlterRole(_) | ast::Stmt::AlterSystem(_) | ast::Stmt::AlterUser(_)
    )
}

pub(super) const WAITS_ALONE: Rule = Rule {
    name: "waits-alone",
    about: "What cannot run in a transaction runs without lock_timeout: while it waits for its lock, everybody else waits behind it.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "VACUUM FULL big",
    good: "VACUUM big",
    judge: |context| {
        let waits = context.effects.of.iter().find(|effect| blocks(effect, context.world))?;
        context.is_standalone.then(|| Found {
            verdict: Verdict::Caution,
            text: format!(
                "It waits for {} without lock_timeout, as it cannot run in a transaction, and everybody else behind it",
                waits.relation
            ),
            safer: safer("Run it when no transaction lasts", None),
        })
    },
};

/// What an earlier statement of the same script makes impossible.
pub(super) const REFUSED: Rule = Rule {
    name: "refused",
    about: "What the server is known to refuse: a table that is there already, a value of a type that is used in the \
            script that adds it.",
    setup: "CREATE TYPE state AS ENUM ('open'); CREATE TABLE big (id bigint PRIMARY KEY, a state)",
    bad: "ALTER TYPE state ADD VALUE 'closed';\nUPDATE big SET a = 'closed' WHERE id = 1",
    good: "ALTER TYPE state ADD VALUE 'closed';\n\nUPDATE big SET a = 'closed' WHERE id = 1",
    judge: refused,
};

pub(super) const DOES_NOTHING: Rule = Rule {
    name: "does-nothing",
    about: "IF NOT EXISTS looks at the name alone: where another thing has it, nothing is made, and the run is green.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX by_it ON big (id)",
    bad: "CREATE INDEX IF NOT EXISTS by_it ON big (a)",
    good: "CREATE INDEX IF NOT EXISTS by_it ON big (id)",
    judge: |context| {
        let what = context.effects.skips.as_ref()?;
        Some(Found {
            verdict: Verdict::Caution,
            text: format!("IF NOT EXISTS will make nothing: {what}"),
            safer: safer("Give it a name of its own, or leave IF NOT EXISTS out, so that the run fails instead", None),
        })
    },
};

fn refused(context: &Context) -> Option<Found> {
    if let Some(why) = &context.effects.fails {
        return Some(Found {
            verdict: Verdict::Danger,
            text: format!("The server will refuse it, and the run fails: {why}"),
            safer: None,
        });
    }
    if grants_to_no_role(context.statement) {
        return Some(Found {
            verdict: Verdict::Danger,
            text: "The server will refuse it, and the run fails: PUBLIC is no role, and no member of one".to_owned(),
            safer: safer("Name the roles that are to be members", None),
        });
    }
    let value = context.world.uses_added_value(context.statement.syntax())?;
    Some(Found {
        verdict: Verdict::Danger,
        text: format!(
            "If '{value}' is the value that the script has added to a type, the server refuses it: a new value can be used only when the transaction that adds it has ended"
        ),
        safer: safer("Put ALTER TYPE … ADD VALUE into a migration of its own, before this one", None),
    })
}
