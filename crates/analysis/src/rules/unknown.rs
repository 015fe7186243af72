//! The rule on what cannot be known before a statement runs.

use report::Verdict;

use super::rule::{Found, Rule};
use super::safer::safer;
use crate::catalog::rows;
use crate::size::is_large;

pub(super) const OPAQUE: Rule = Rule {
    name: "opaque",
    about: "Lockstep does not look into a DO block, a procedure or a function with side effects, and CASCADE drops what the statement does not name.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY)",
    bad: "DO $$ BEGIN EXECUTE 'DELETE FROM big'; END $$",
    good: "DELETE FROM big WHERE id BETWEEN 1 AND 10",
    judge: |context| {
        // Where names cannot be trusted, another rule reports that.
        let first = context.effects.unknowns.first().filter(|_| !context.is_unclear)?;
        let texts: Vec<_> = context.effects.unknowns.iter().map(|unknown| unknown.text.as_str()).collect();
        let text = texts.join("; ");
        let is_large = |name: &&String| is_large(context.world.facts_of_name(name));
        let large = context.effects.mentions.iter().find(is_large);
        let how = |name: &String| {
            let is_known = context.world.facts_of_name(name).and_then(rows).is_some();
            if is_known { "which is large" } else { "whose size is not known" }
        };
        Some(Found {
            verdict: if large.is_some() { Verdict::Danger } else { Verdict::Caution },
            text: large.map_or_else(|| text.clone(), |name| format!("{text}, and it names {name}, {}", how(name))),
            safer: safer(first.way, None),
        })
    },
};
