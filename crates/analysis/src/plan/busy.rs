//! Finds transactions that are in the way when a plan is made.

use report::{Finding, Holder, Lock, Source, Verdict};

use crate::effects::{Effects, World};

/// The rule's name.
const BUSY: &str = "busy-table";

/// Returns a finding if a long transaction holds what a statement needs: the statement waits for it, and every session
/// that comes later waits for the statement.
pub(super) fn busy(effects: &Effects, world: &World, line: usize) -> Option<Finding> {
    let needed = effects.of.iter().filter(|effect| !effect.is_new);
    let found = needed.filter_map(|effect| {
        let holders = &world.facts(effect)?.holders;
        let holder = holders.iter().find(|holder| lasts(holder) && conflicts(holder, effect.lock))?;
        let who = holder.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("pid {pid}"));
        let application = holder.application.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        let lasted = holder
            .seconds
            .map_or_else(|| "for a time that the role may not see".to_owned(), |seconds| format!("for {seconds} s"));
        Some(format!(
            "{who}{application} had held {} on {} {lasted} when this was written, and the statement waits for it",
            holder.lock, effect.relation
        ))
    });
    let text = found.into_iter().next()?;
    Some(Finding {
        source: Source::Lockstep,
        rule: BUSY.to_owned(),
        verdict: Verdict::Caution,
        line,
        text,
        help: Some(
            "It is tried again within bounds; end that transaction, or wait for it, before approving".to_owned(),
        ),
    })
}

fn lasts(holder: &Holder) -> bool {
    const LASTING_SECONDS: u64 = 5;
    holder.seconds.is_none_or(|seconds| seconds >= LASTING_SECONDS)
}

fn conflicts(holder: &Holder, lock: Lock) -> bool {
    Lock::ALL.into_iter().any(|held| held.name() == holder.lock && held.conflicts(lock))
}
