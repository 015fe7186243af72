//! Rows that are held until the script ends.

use report::{Magnitude, Verdict};

use super::{Found, Rule, is_large, safer};
use crate::effects::What;
use crate::estimate::Time;

pub(super) const UPDATE_MANY: Rule = Rule {
    name: "update-many",
    about: "UPDATE of many rows holds each of them until the script ends, and leaves as much to clean up.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY, a integer)",
    bad: "UPDATE big SET a = 0 WHERE a IS NULL",
    good: "UPDATE big SET a = 0 WHERE id BETWEEN 1 AND 10000 AND a IS NULL",
    judge: |context| {
        let held = |what: &What| matches!(what, What::Update | What::UpdateAll | What::LockRows);
        let change = context.effects.changes.iter().find(|change| held(&change.what))?;
        let is_large = is_large(context.world.facts_of(change));
        let time = Time::of(context.effects, context.world);
        let how_long = time.how_long();
        let verdict = time.verdict(is_large);
        // What nobody can know of a small table is said by another rule.
        let is_known = how_long != Magnitude::Unknown || is_large;
        (is_known && verdict > Verdict::Safe).then(|| Found {
            verdict,
            text: format!(
                "Whoever writes a row of {}{} waits until the script ends: {}",
                change.relation,
                if change.what == What::UpdateAll { "" } else { " that it finds, and that may be all," },
                time.basis(&change.relation)
            ),
            safer: safer(
                "Name the rows by a unique key, some thousand at a time, each a migration or a job of its own",
                None,
            ),
        })
    },
};
