//! Compares an approved plan with the ledger under the lock: what is done, and what remains. Pure.
//!
//! The ledger has to be the one that the plan was made on, followed by a finished prefix of the plan's migrations,
//! applied by any run. Nothing else is accepted.

use std::collections::HashSet;

use crate::history::History;
use crate::ledger::{Ledger, Row};
use crate::plan::{Planned, check_cut_off, classified, digest, split_cut_off, unapplied, until};
use crate::planted::{self, Bug};
use crate::session::DatabaseIdentity;
use crate::{Error, Result};

/// An approved plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approved {
    /// The plan's digest.
    pub digest: String,
    /// How many rows the ledger had when the plan was made.
    pub base_rows: usize,
    /// The last migration to apply, if the plan was to end before the history does.
    pub up_to: Option<String>,
}

/// An approved plan, compared with a ledger.
#[derive(Debug)]
pub(crate) struct Reconciled {
    /// The rows of the history's migrations that were applied before the plan was made.
    pub(crate) earlier: Vec<Row>,
    /// The finished migrations of the plan, each with its name, in order.
    pub(crate) done: Vec<(String, Row)>,
    /// The migrations that remain.
    pub(crate) remaining: Vec<Planned>,
    /// The open row of the first remaining migration, if it is standalone and was cut off.
    pub(crate) cut_off: Option<Row>,
}

/// Compares the approved plan with the ledger.
///
/// # Errors
///
/// [`Error::PlanChanged`] when the history or the ledger is not what was approved, and the errors of
/// [`plan`](crate::plan::plan).
pub(crate) fn reconcile(
    identity: &DatabaseIdentity,
    history: &History,
    ledger: &Ledger,
    approved: &Approved,
) -> Result<Reconciled> {
    let (settled, mut open) = split_cut_off(ledger)?;
    let changed = |reason: String| Error::PlanChanged { digest: approved.digest.clone(), reason };

    // Rows are ordered by their start, and each of ours starts later than all rows before it. So the first rows are
    // those that the plan was made on, if the digest agrees.
    let rows = settled.rows.len();
    let Some(added) = rows.checked_sub(approved.base_rows) else {
        return Err(changed(format!("the ledger has {rows} row(s) and had {} when planned", approved.base_rows)));
    };
    let base = Ledger { rows: settled.rows[..approved.base_rows].to_vec() };
    let done = settled.rows[approved.base_rows..].to_vec();

    let asked_for = &history.migrations[..until(history, approved.up_to.as_deref())?];
    let planned = unapplied(asked_for, &base);
    if digest(identity, &base, &planned) != approved.digest {
        return Err(changed("the migrations, the ledger or the database are not those that were planned".into()));
    }
    if added > planned.len() {
        return Err(changed(format!("{added} migration(s) were recorded since, more than were planned")));
    }
    for (row, planned) in done.iter().zip(&planned) {
        if !row.is_applied() || row.key != planned.key || row.checksum != planned.checksum {
            return Err(changed(format!("{} was recorded where {} was to be next", row.name, planned.name)));
        }
    }

    let done = planned.iter().map(|migration| migration.name.clone()).zip(done).collect();
    // A finished migration's script is not parsed.
    let added = if planted::is_on(Bug::NoReconciliation) { 0 } else { added };
    let remaining = classified(&planned[added..])?;
    check_cut_off(&open, remaining.first())?;
    let cut_off = open.pop();
    let keys: HashSet<_> = history.migrations.iter().map(|migration| &migration.key).collect();
    let earlier = base.rows.into_iter().filter(|row| row.is_applied() && keys.contains(&row.key)).collect();
    Ok(Reconciled { earlier, done, remaining, cut_off })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::{applied, history, identity};
    use crate::plan::{OnDivergence, plan};

    fn approve(history: &History, base: &Ledger) -> Approved {
        let plan = plan(&identity(), history, base, None, OnDivergence::AsTool).unwrap();
        Approved { digest: plan.digest, base_rows: plan.base_rows, up_to: None }
    }

    fn ledger(rows: &[Row]) -> Ledger {
        Ledger { rows: rows.to_vec() }
    }

    fn remaining(reconciled: &Reconciled) -> Vec<&str> {
        reconciled.remaining.iter().map(|planned| planned.name.as_str()).collect()
    }

    #[test]
    fn the_base_and_any_finished_prefix_are_accepted() {
        let history = history(&["1", "2", "3"]);
        let approved = approve(&history, &ledger(&[applied("1")]));
        for (rows, left) in [(vec!["1"], vec!["2", "3"]), (vec!["1", "2"], vec!["3"]), (vec!["1", "2", "3"], vec![])] {
            let rows: Vec<_> = rows.into_iter().map(applied).collect();
            let reconciled = reconcile(&identity(), &history, &ledger(&rows), &approved).unwrap();
            assert_eq!(remaining(&reconciled), left);
            assert_eq!(reconciled.done.len(), rows.len() - 1);
        }
    }

    #[test]
    fn anything_else_is_a_changed_plan() {
        let planned = history(&["1", "2", "3"]);
        let approved = approve(&planned, &ledger(&[applied("1")]));
        let mut rolled_back = applied("2");
        rolled_back.rolled_back = true;
        let mut edited = applied("2");
        edited.checksum = "other".into();
        for (what, history, rows) in [
            ("a row less", planned.clone(), vec![]),
            ("another order", planned.clone(), vec![applied("1"), applied("3")]),
            ("a stranger", planned.clone(), vec![applied("1"), applied("9")]),
            ("more than planned", planned.clone(), ["1", "2", "3", "9"].map(applied).to_vec()),
            ("rolled back", planned.clone(), vec![applied("1"), rolled_back]),
            ("another script ran", planned.clone(), vec![applied("1"), edited]),
            ("a new script", history(&["1", "2", "3", "4"]), vec![applied("1")]),
            ("a script less", history(&["1", "2"]), vec![applied("1")]),
        ] {
            let error = reconcile(&identity(), &history, &ledger(&rows), &approved).unwrap_err();
            assert!(matches!(error, Error::PlanChanged { .. }), "{what}: {error}");
        }
    }

    #[test]
    fn our_own_open_row_is_the_next_to_run_or_is_left_to_a_person() {
        let history = history(&["1", "2"]);
        let approved = approve(&history, &Ledger::default());
        let open = |name| Row { finished: false, marked: true, ..applied(name) };
        let reconciled = reconcile(&identity(), &history, &ledger(&[applied("1"), open("2")]), &approved).unwrap();
        assert_eq!((remaining(&reconciled), &reconciled.cut_off), (vec!["2"], &Some(open("2"))));
        let error = reconcile(&identity(), &history, &ledger(&[open("2")]), &approved).unwrap_err();
        assert!(error.to_string().contains("it was cut off, and is not the next to run"), "{error}");
    }
}
