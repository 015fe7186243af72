//! Rules on names that running code still uses.

use report::Verdict;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AlterTableAction, AstNode as _};

use super::rule::{Context, Found, Rule};
use super::safer::safer;

pub(super) const RENAME: Rule = Rule {
    name: "rename",
    about: "Code that runs during the migration, or is rolled back later, still uses the old name.",
    setup: "CREATE TABLE big (id bigint, a integer)",
    bad: "ALTER TABLE big RENAME COLUMN a TO b",
    good: "ALTER TABLE big ADD COLUMN b integer",
    judge: |context| {
        let what = renamed(context)?;
        Some(Found { verdict: Verdict::Danger, text: what.consequence(), safer: safer(what.way_out(), None) })
    },
};

/// What gets another name.
#[derive(Clone, Copy)]
enum Renamed {
    Column,
    Table,
    View,
    Schema,
    /// A relation that moves to another schema.
    Moved,
}

impl Renamed {
    fn consequence(self) -> String {
        let what = match self {
            Self::Column => "column",
            Self::Table => "table",
            Self::View => "view",
            Self::Schema => "schema",
            Self::Moved => {
                return "Code that looks for it in its old schema fails after this migration, and code that looks in the new \
                        one fails before it"
                    .to_owned();
            }
        };
        format!(
            "Code that uses the old name of the {what} fails after this migration, and code that uses the new name fails \
             before it"
        )
    }

    fn way_out(self) -> &'static str {
        match self {
            Self::Column => {
                "Do not rename. Add the new column, deploy code that writes both, copy the old values in batches, deploy code \
                 that uses only the new one, and drop the old column in a later migration"
            }
            Self::Table | Self::View => "Leave a view with the old name until no code uses it",
            Self::Schema => "Before this migration, deploy code that finds its tables under both names of the schema",
            Self::Moved => "Leave a view with its name in the old schema until no code uses that",
        }
    }
}

/// Returns what gets another name and existed before.
fn renamed(context: &Context) -> Option<Renamed> {
    let existed = context.effects.of.iter().any(|effect| !effect.is_new);
    let statement = context.statement.syntax();
    let has = |kind| statement.children().any(|child| child.kind() == kind);
    match context.statement {
        ast::Stmt::AlterTable(it) => it.actions().filter(|_| existed).find_map(|action| match action {
            AlterTableAction::RenameColumn(_) => Some(Renamed::Column),
            AlterTableAction::TableRenameTo(_) => Some(Renamed::Table),
            AlterTableAction::SetSchema(_) => Some(Renamed::Moved),
            _ => None,
        }),
        ast::Stmt::AlterView(_) | ast::Stmt::AlterMaterializedView(_) if existed => {
            let names = [SyntaxKind::VIEW_RENAME_TO, SyntaxKind::RENAME_COLUMN, SyntaxKind::SET_SCHEMA];
            let moves = has(SyntaxKind::SET_SCHEMA);
            names.into_iter().any(has).then_some(if moves { Renamed::Moved } else { Renamed::View })
        }
        ast::Stmt::AlterSchema(_) => has(SyntaxKind::SCHEMA_RENAME_TO).then_some(Renamed::Schema),
        _ => None,
    }
}

pub(super) const UNCLEAR_NAME: Rule = Rule {
    name: "unclear-name",
    about: "After SET search_path, ROLLBACK TO SAVEPOINT, DISCARD and ALTER SCHEMA … RENAME, the text does not tell what a name \
            stands for: any table may be locked, and the rows of any table may be deleted.",
    setup: "CREATE SCHEMA archive; CREATE TABLE archive.big (id bigint); CREATE TABLE big (id bigint)",
    bad: "SET search_path TO archive;\nTRUNCATE big",
    good: "CREATE TABLE archive.small (id bigint)",
    judge: |context| {
        context.is_unclear.then(|| Found {
            verdict: if is_mild(context.statement) { Verdict::Caution } else { Verdict::Danger },
            text: "The script has changed what names stand for: the statement may be about another object than the one that this \
                   report looked at"
                .to_owned(),
            safer: safer("Write the schema in front of each name, and do not set search_path", None),
        })
    },
};

/// Whether the users of the relations that `statement` names can go on, whichever relations these are.
fn is_mild(statement: &ast::Stmt) -> bool {
    use ast::Stmt;
    matches!(
        statement,
        Stmt::CommentOn(_)
            | Stmt::CreateMaterializedView(_)
            | Stmt::CreateSequence(_)
            | Stmt::CreateTable(_)
            | Stmt::CreateTableAs(_)
            | Stmt::CreateView(_)
            | Stmt::Grant(_)
            | Stmt::Insert(_)
            | Stmt::Select(_)
            | Stmt::Values(_)
    )
}
