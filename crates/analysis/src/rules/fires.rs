//! Rules on what the server does by itself: triggers and rules of tables, and its own catalog.

use report::Verdict;
use squawk_syntax::ast::{self, AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::effects::name_of;
use crate::name::Name;

pub(super) const FIRES: Rule = Rule {
    name: "fires",
    about: "A new trigger or rule of a table acts on the statements of every session, also of code that does not know it: a rule \
            may let them do something else, or nothing.",
    setup: "CREATE TABLE big (id bigint); CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END'",
    bad: "CREATE TRIGGER stamped BEFORE INSERT ON big FOR EACH ROW EXECUTE FUNCTION stamp()",
    good: "CREATE TABLE small (id bigint);\nCREATE TRIGGER stamped BEFORE INSERT ON small FOR EACH ROW EXECUTE FUNCTION stamp()",
    judge: |context| {
        let (table, text) = match context.statement {
            Stmt::CreateTrigger(it) => {
                (it.on_relation()?.syntax().clone(), "The trigger runs with each such change of")
            }
            Stmt::CreateRule(it) => (
                it.rule_on()?.syntax().clone(),
                "By the rule, statements of every session do something else, or nothing, on",
            ),
            _ => return None,
        };
        let table = name_of(&table.descendants().find(names_table)?);
        let is_new = context.world.is_new(&table);
        (!is_new).then(|| Found {
            verdict: Verdict::Caution,
            text: format!("{text} {table} from now on. If it fails, the statement that it belongs to fails too"),
            safer: safer("Try it on a copy of the database, with the statements of the code that runs", None),
        })
    },
};

fn names_table(node: &SyntaxNode) -> bool {
    matches!(node.kind(), SyntaxKind::RELATION_NAME_REF | SyntaxKind::TABLE_NAME_REF)
}

pub(super) const SYSTEM_CATALOG: Rule = Rule {
    name: "system-catalog",
    about: "The rows of PostgreSQL's own catalog are written by its commands. A statement that changes them directly is checked by \
            nothing, and can make tables unreadable.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "DELETE FROM pg_catalog.pg_description WHERE objoid = 'big'::regclass",
    good: "COMMENT ON TABLE big IS NULL",
    judge: |context| {
        let written = context.statement.syntax().descendants().filter_map(|node| written(&node));
        let of_system = written.into_iter().find(|name| is_of_system(name, context))?;
        Some(Found {
            verdict: Verdict::Danger,
            text: format!(
                "The statement changes rows of {of_system}, which is PostgreSQL's own catalog: nothing checks that what they say \
                 is true, and tables can become unreadable. Only a superuser may do this"
            ),
            safer: safer("Use the command that makes the change, such as ALTER TABLE or COMMENT", None),
        })
    },
};

/// Returns the relation whose rows `node`, a part of a statement, changes.
fn written(node: &SyntaxNode) -> Option<Name> {
    let of = |name: Option<ast::RelationName>| Some(name?.relation_name_ref()?.syntax().clone());
    let target = match node.kind() {
        SyntaxKind::INSERT => ast::Insert::cast(node.clone())?.relation_name_ref()?.syntax().clone(),
        SyntaxKind::UPDATE => of(ast::Update::cast(node.clone())?.relation_name())?,
        SyntaxKind::DELETE => of(ast::Delete::cast(node.clone())?.relation_name())?,
        SyntaxKind::MERGE => ast::Merge::cast(node.clone())?.table_relation_name()?.table_name_ref()?.syntax().clone(),
        _ => return None,
    };
    Some(name_of(&target))
}

/// Whether a table is of the system's catalog. An UPDATE of `pg_settings` is another way to write SET.
fn is_of_system(name: &Name, context: &Context) -> bool {
    context.world.schema_of(name).as_deref() == Some("pg_catalog") && name.name != "pg_settings"
}
