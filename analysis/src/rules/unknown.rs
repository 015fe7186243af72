//! What cannot be known before it runs.

use report::Verdict;

use super::{Found, Rule, safer};

pub(super) const OPAQUE: Rule = Rule {
    name: "opaque",
    about: "What a DO block, a call or a function with side effects does is known only when it runs, and so is what CASCADE takes along.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY)",
    bad: "DO $$ BEGIN EXECUTE 'DELETE FROM big'; END $$",
    good: "DELETE FROM big WHERE id BETWEEN 1 AND 10",
    judge: |context| {
        // Where names say nothing, another rule says so.
        (context.effects.opaque && !context.is_unclear).then(|| Found {
            verdict: Verdict::Caution,
            text: "What it does inside, and whom it blocks, cannot be known before it runs".to_owned(),
            safer: safer("Write its statements out, if it need not decide anything", None),
        })
    },
};
