//! The report without a database: what the text of the scripts tells.

use std::collections::BTreeMap;

use report::Report;

use super::scripts::Scripts;
use super::{Pending, concluded, migration, notes, runs};
use crate::NoReport;
use crate::apart::deep;
use crate::catalog::newest;
use crate::effects::{self, World};

/// Returns the report on `pending`, which come after the scripts `earlier`. No database is asked: every relation that a
/// script does not make itself counts as existing, its size is unknown, and no failure is foretold. `made_at` is in RFC
/// 3339, `warnings` are those about the directory.
///
/// # Errors
///
/// [`NoReport::NoThread`]; [`NoReport::GaveUp`].
pub fn report_on_text(
    earlier: Vec<Pending>,
    pending: Vec<Pending>,
    made_at: String,
    warnings: &[String],
) -> Result<Report, NoReport> {
    deep(|| {
        let before = earlier.len();
        let mut world = World::new(newest());
        // What exists is known only as far as scripts tell.
        world.doubts();
        for (_, parse) in Scripts::parse(earlier).iter() {
            world.next_script();
            for statement in parse.tree().stmts().filter(runs) {
                effects::of(&statement, &mut world);
            }
            world.settles();
        }
        let (mut tables, mut blind) = (BTreeMap::new(), None);
        let mut migrations = Vec::new();
        for (one, parse) in Scripts::parse(pending).iter() {
            migrations.push(migration::migration(one, parse, &mut world, &mut tables, &mut blind));
            // The next script may run when this one has long been applied.
            world.settles();
        }
        concluded(made_at, None, before, migrations, tables.into_values().collect(), notes::of_plan(warnings, None))
    })
}
