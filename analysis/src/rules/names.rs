//! Names that running code still uses.

use report::Verdict;
use squawk_syntax::ast::AlterTableAction;

use super::{Found, Rule, safer};

pub(super) const RENAME: Rule = Rule {
    name: "rename",
    about: "Code that runs while the plan does, or is rolled back later, still uses the old name.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big RENAME COLUMN a TO b",
    good: "ALTER TABLE big ADD COLUMN b integer",
    judge: |context| {
        let (_, actions) = context.altered()?;
        let what = actions.iter().find_map(|action| match action {
            AlterTableAction::RenameColumn(_) => Some("column"),
            AlterTableAction::TableRenameTo(_) => Some("table"),
            AlterTableAction::SetSchema(_) => Some("schema"),
            _ => None,
        })?;
        let existed = context.effects.of.iter().any(|effect| !effect.is_new);
        existed.then(|| Found {
            verdict: Verdict::Caution,
            text: format!("Whoever uses the old name of the {what} fails from then on"),
            safer: safer("Keep the old name as a view or a second column until nobody uses it", None),
        })
    },
};
