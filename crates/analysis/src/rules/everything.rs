//! Rules on statements that name no table, but affect many.

use engine::script::is_concurrent;
use report::Verdict;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{AstNode as _, ReindexTarget, Stmt};

use super::rule::{Context, Found, Rule};
use super::safer::safer;

pub(super) const CASCADE: Rule = Rule {
    name: "cascade",
    about: "DROP … CASCADE of an object that columns depend on also drops these columns, with their values. Such an object \
            is a type, a domain, an extension, a collation, a schema, a server, or anything that a role owns.",
    setup: "CREATE TYPE state AS ENUM ('open'); CREATE TABLE big (id bigint, a state)",
    bad: "DROP TYPE state CASCADE",
    good: "ALTER TABLE big ALTER COLUMN a TYPE text;\nDROP TYPE state",
    judge: |context| {
        let statement = context.statement.syntax();
        let drops = statement.first_token().is_some_and(|token| token.kind() == SyntaxKind::DROP_KW);
        // Dependents of these hold no values of their own, and another rule reports what happens to tables.
        let is_mild = matches!(
            context.statement,
            Stmt::DropTable(_)
                | Stmt::DropView(_)
                | Stmt::DropMaterializedView(_)
                | Stmt::DropIndex(_)
                | Stmt::DropSequence(_)
                | Stmt::DropFunction(_)
                | Stmt::DropTrigger(_)
                | Stmt::DropRule(_)
                | Stmt::DropPolicy(_)
        );
        let cascades = statement.children().any(|node| node.kind() == SyntaxKind::CASCADE);
        let is_all = matches!(context.statement, Stmt::DropOwned(_) | Stmt::DropDatabase(_));
        (drops && !is_mild && !context.effects.is_absent && (cascades || is_all)).then(|| Found {
            verdict: Verdict::Danger,
            text: "CASCADE also drops the columns, tables and other objects that depend on it, with their values, and the \
                   statement does not name them. Only a backup can bring them back"
                .to_owned(),
            safer: safer(
                "Remove CASCADE, and try it on a copy of the database: the error lists what depends on it. Then drop each object by its name",
                None,
            ),
        })
    },
};

pub(super) const WHOLE_DATABASE: Rule = Rule {
    name: "whole-database",
    about: "VACUUM FULL, CLUSTER and REINDEX without a table's name, and ALTER TABLE ALL IN TABLESPACE, lock one table after \
            the other until it is rewritten.",
    setup: "CREATE TABLE big (id bigint PRIMARY KEY)",
    bad: "REINDEX SCHEMA public",
    good: "REINDEX TABLE CONCURRENTLY big",
    judge: |context| {
        is_about_all(context).then(|| Found {
            verdict: Verdict::Danger,
            text: "The statement locks one table after the other: writers of each, and most of its readers, wait until the table or \
                   its indexes are rewritten"
                .to_owned(),
            safer: safer("Name each table that needs it, in a migration of its own", None),
        })
    },
};

fn is_about_all(context: &Context) -> bool {
    let statement = context.statement.syntax();
    let has = |kind| statement.descendants_with_tokens().any(|element| element.kind() == kind);
    let names_table = || has(SyntaxKind::RELATION_NAME_REF) || has(SyntaxKind::TABLE_NAME_REF);
    match context.statement {
        Stmt::Vacuum(_) => has(SyntaxKind::FULL_KW) && !names_table(),
        Stmt::Cluster(_) => !names_table(),
        Stmt::Reindex(it) => {
            let is_named = matches!(
                it.reindex_target(),
                Some(ReindexTarget::ReindexTargetIndex(_) | ReindexTarget::ReindexTargetTable(_))
            );
            !is_named && !is_concurrent(it)
        }
        Stmt::AlterTable(it) => it.table_relation_name().is_none(),
        _ => false,
    }
}

pub(super) const DOMAIN_CHECKED: Rule = Rule {
    name: "domain-checked",
    about: "A domain's new constraint is tried on every table with a column of the domain, while no session can write them.",
    setup: "CREATE DOMAIN price AS numeric; CREATE TABLE big (id bigint, a price)",
    bad: "ALTER DOMAIN price ADD CONSTRAINT positive CHECK (value > 0)",
    good: "ALTER DOMAIN price ADD CONSTRAINT positive CHECK (value > 0) NOT VALID",
    judge: |context| {
        let is_checked = matches!(context.statement, Stmt::AlterDomain(_)) && context.effects.is_opaque();
        is_checked.then(|| Found {
            verdict: Verdict::Danger,
            text: "Writers of every table with a column of the domain wait until PostgreSQL has read all rows of these tables"
                .to_owned(),
            safer: safer("Add it NOT VALID: then it holds for new values only, and no session waits. Validate it in a later migration", None),
        })
    },
};
