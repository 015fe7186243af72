//! Rules on settings of a script that remove protections of other sessions.

use engine::script::outlives;
use report::{Effect, Lock, Verdict};
use squawk_syntax::ast::{self, AstNode as _};

use super::access::grants_to_no_role;
use super::blocked::blocks;
use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::catalog::LEDGERS;
use crate::effects::{Fails, Setting, settings};
use crate::name::Name;

pub(super) const OWN_SETTING: Rule = Rule {
    name: "own-setting",
    about: "A script that sets lock_timeout to 0, or to more than a minute, waits for its locks, and all other sessions wait \
            behind it. Where a script sets session_replication_role, neither foreign keys nor triggers see the rows that it \
            writes. The function set_config() is judged as SET is.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "SET lock_timeout = 0;\nALTER TABLE big ADD COLUMN a integer",
    good: "SET lock_timeout = '2s';\nALTER TABLE big ADD COLUMN a integer",
    judge: |context| {
        let settings = settings(context.statement);
        if settings.iter().any(sets_replica_role) {
            let who = if is_for_later(context.statement) { "its sessions write" } else { "the script writes" };
            return Some(Found {
                verdict: Verdict::Danger,
                text: format!(
                    "No trigger and no foreign key sees the rows that {who}: they may refer to rows that do not exist"
                ),
                safer: safer("Do not set session_replication_role", None),
            });
        }
        if settings.iter().any(|setting| setting.name.is_none()) {
            return Some(Found {
                verdict: Verdict::Caution,
                text: "Which parameter it sets is known only when it runs".to_owned(),
                safer: safer("Write the name of the parameter into the statement", None),
            });
        }
        let waits = context.effects.of.iter().find(|effect| blocks(effect, context.world))?;
        context.world.waits_endlessly().then(|| Found {
            verdict: Verdict::Danger,
            text: format!(
                "The script sets lock_timeout off, or high: the statement waits for {0} as long as it takes, and all new \
                 queries on {0} wait behind it",
                waits.relation
            ),
            safer: safer("Do not set lock_timeout: Lockstep sets it, and tries again instead of waiting", None),
        })
    },
};

/// Whether the setting silences triggers and foreign keys.
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
    about: "A statement that cannot run in a transaction is run without lock_timeout: while it waits for its lock, all other sessions wait behind it.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "VACUUM FULL big",
    good: "VACUUM big",
    judge: |context| {
        let waits = context.effects.of.iter().find(|effect| blocks(effect, context.world))?;
        context.is_standalone.then(|| Found {
            verdict: Verdict::Caution,
            text: format!(
                "The statement cannot run in a transaction, and Lockstep sets no lock_timeout for it: it waits for {0} as long \
                 as that takes, and all new queries on {0} wait behind it",
                waits.relation
            ),
            safer: safer("Run it when no long transaction uses the table", None),
        })
    },
};

/// A statement that an earlier statement of the same script makes impossible.
pub(super) const REFUSED: Rule = Rule {
    name: "refused",
    about: "What the server is known to refuse, by the text, the catalog and the statistics: what is there already or is \
            missing, what others depend on, a type that is not cast by itself, values that are missing or duplicate, a form \
            that the server's version does not know, a value of a type that is used in the script that adds it.",
    setup: "CREATE TYPE state AS ENUM ('open'); CREATE TABLE big (id bigint PRIMARY KEY, a state)",
    bad: "ALTER TYPE state ADD VALUE 'closed';\nUPDATE big SET a = 'closed' WHERE id = 1",
    good: "ALTER TYPE state ADD VALUE 'closed';\n\nUPDATE big SET a = 'closed' WHERE id = 1",
    judge: refused,
};

pub(super) const DOES_NOTHING: Rule = Rule {
    name: "does-nothing",
    about: "IF NOT EXISTS looks at the name alone: where another object has it, nothing is made, and the run reports no error.",
    setup: "CREATE TABLE big (id bigint, a integer); CREATE INDEX by_it ON big (id)",
    bad: "CREATE INDEX IF NOT EXISTS by_it ON big (a)",
    good: "CREATE INDEX IF NOT EXISTS by_it ON big (id)",
    judge: |context| {
        let what = context.effects.skips.as_ref()?;
        Some(Found {
            verdict: Verdict::Caution,
            text: format!("The statement makes nothing, because of IF NOT EXISTS: {what}"),
            safer: safer("Use another name. Or remove IF NOT EXISTS: then the run fails, and you see it", None),
        })
    },
};

fn refused(context: &Context) -> Option<Found> {
    if let Some(fails) = &context.effects.fails {
        let text = match fails {
            Fails::Known(why) => format!("The server will refuse it, and the run fails: {why}"),
            Fails::ByStatistics(why) => format!("The run fails, if the statistics are right: {why}"),
        };
        return Some(Found { verdict: Verdict::Danger, text, safer: safer(MEND, None) });
    }
    if grants_to_no_role(context.statement) {
        return Some(Found {
            verdict: Verdict::Danger,
            text: "The server will refuse it, and the run fails: PUBLIC is no role, and no member of one".to_owned(),
            safer: safer("Name the roles that are to become members", None),
        });
    }
    let value = context.world.uses_added_value(context.statement.syntax())?;
    Some(Found {
        verdict: Verdict::Danger,
        text: format!(
            "The run fails if '{value}' is the value that this script adds to a type: PostgreSQL accepts a new value only \
             after the transaction that adds it has ended"
        ),
        safer: safer("Move ALTER TYPE … ADD VALUE into a migration of its own, before this one", None),
    })
}

const MEND: &str = "Change the script before you approve. A run would stop at this migration and roll it back: those before it \
    would stay applied, those after it would not run";

const LOCK_OF_TRANSACTION: &str = "Use the function's pg_advisory_xact_… form: that lock ends with the transaction";

const ALONE: &str = "Move it into a migration of its own, so that no later statement can fail";

pub(super) const OUTLIVES: Rule = Rule {
    name: "outlives",
    about: "A replication slot, a file, an advisory lock of the session, what another connection did: no rollback undoes it. If a later statement of the \
            script fails, it stays, and the next run finds it.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "SELECT pg_advisory_lock(4)",
    good: "SELECT pg_advisory_xact_lock(4)",
    judge: |context| {
        // Many a script ends with setting a sequence's next value, and the next run sets it again.
        let lasts = |what: &String| !what.contains("sequence's value");
        let what = outlives(context.statement.syntax()).into_iter().find(lasts)?;
        Some(Found {
            verdict: Verdict::Caution,
            text: format!("A rollback does not undo {what}: it stays if a later statement of the script fails"),
            safer: safer(if what.contains("advisory lock") { LOCK_OF_TRANSACTION } else { ALONE }, None),
        })
    },
};

pub(super) const LEDGER: Rule = Rule {
    name: "ledger",
    about: "A tool's ledger says which migrations are applied: a script that changes it makes the next run skip one, or run one \
            again.",
    setup: "CREATE TABLE _prisma_migrations (id text PRIMARY KEY); CREATE TABLE big (id bigint)",
    bad: "DELETE FROM _prisma_migrations WHERE id = 'x'",
    good: "SELECT count(*) FROM _prisma_migrations",
    judge: |context| {
        let is_ledger = |effect: &&Effect| LEDGERS.contains(&Name::parse(&effect.relation).name.as_str());
        let changed = context.effects.of.iter().filter(is_ledger).find(|effect| effect.lock > Lock::RowShare)?;
        Some(Found {
            verdict: Verdict::Danger,
            text: format!(
                "The script changes {}, the list of applied migrations: the next run may skip a migration, or run one again",
                changed.relation
            ),
            safer: safer(
                "Do not change it in a migration. To record a migration as applied, resolve it, or make a baseline",
                None,
            ),
        })
    },
};
