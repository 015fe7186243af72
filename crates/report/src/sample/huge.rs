//! A history of which no migration was applied.

use super::small;
use crate::{MigrationReport, Report};

/// Returns a plan as [`small()`], with `many` migrations, of which every fiftieth is dangerous.
pub fn huge(many: usize) -> Report {
    let report = small();
    let [dangerous, caution, .., safe] = report.migrations.as_slice() else { return report };
    let migrations = (0..many).map(|at| {
        let (like, what) = match at % 50 {
            7 => (dangerous, "order_numbers"),
            31 | 32 => (caution, "lower_emails"),
            _ => (safe, "order_notes"),
        };
        MigrationReport { name: format!("2026{at:08}_{what}"), ..like.clone() }
    });
    Report { migrations: migrations.collect(), ..report.clone() }
}
