//! The report without a database: what the text of the scripts tells.

use std::collections::BTreeMap;

use engine::history::Migration;
use engine::script::classify;
use report::{Note, Report, ScriptClass, Verdict};

use super::migration::is_unread;
use super::psql::blanked;
use super::scripts::{Script, Scripts};
use super::{Pending, class, concluded, migration, notes, runs};
use crate::NoReport;
use crate::apart::deep;
use crate::catalog::newest;
use crate::effects::{self, World};

/// Returns the report on `pending`, which come after the scripts `earlier`. No database is asked: every relation that a
/// script does not make itself counts as existing, its size is unknown, and no failure is foretold. A script that the
/// engine would refuse hides nothing: its statements are read as far as possible. `made_at` is in RFC 3339, `warnings`
/// are those about the directory.
///
/// # Errors
///
/// [`NoReport::NoThread`]; [`NoReport::GaveUp`].
pub fn report_on_text(
    earlier: &[&Migration],
    pending: &[&Migration],
    made_at: String,
    warnings: &[String],
) -> Result<Report, NoReport> {
    deep(|| {
        let mut notes = notes::of_plan(warnings, None);
        let mut world = World::new(newest());
        world.is_of_text_alone();
        for script in scripts(earlier).iter() {
            if let Some(refusal) = &script.refusal {
                let name = &script.pending.name;
                let text = format!("Lockstep would refuse {name}, which counts as applied: {refusal}");
                notes.push(Note { verdict: Verdict::Safe, text });
                if is_unread(refusal) {
                    world.trusts(effects::Names::Nothing);
                }
            }
            world.next_script();
            for statement in script.parse.tree().stmts().filter(runs) {
                effects::assume(&statement, &mut world);
                effects::of(&statement, &mut world);
            }
            world.settles();
        }
        let (mut tables, mut blind) = (BTreeMap::new(), None);
        let mut migrations = Vec::new();
        for script in scripts(pending).iter() {
            migrations.push(migration::migration(script, &mut world, &mut tables, &mut blind));
            // The next script may run when this one has long been applied.
            world.settles();
        }
        concluded(made_at, None, earlier.len(), migrations, tables.into_values().collect(), notes)
    })
}

fn scripts(migrations: &[&Migration]) -> Scripts {
    Scripts::new(migrations.iter().map(|migration| script(migration)))
}

fn script(migration: &Migration) -> Script {
    let Migration { name, sql, .. } = migration;
    let pending = |class| Pending { name: name.clone(), class, sql: sql.clone(), resumed: false };
    match classify(sql) {
        Ok(script) => Script::parse(pending(class(&script.class)), sql, None),
        Err(refusal) => {
            let text = if is_unread(&refusal) { String::new() } else { blanked(sql) };
            Script::parse(pending(ScriptClass::Transactional), &text, Some(refusal))
        }
    }
}
