//! Rules on who gets more rights.

use report::Verdict;
use squawk_syntax::ast::{self, AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::rule::{Context, Found, Rule};
use super::safer::safer;
use crate::name::identifier;

/// Powerful roles of PostgreSQL and RDS, and what a member may do.
const POWERFUL: [(&str, &str); 10] = [
    ("pg_create_subscription", "have another server write rows here"),
    ("pg_execute_server_program", "run programs on the server's machine"),
    ("pg_maintain", "lock and rewrite every table"),
    ("pg_read_all_data", "read every table"),
    ("pg_read_server_files", "read the files of the server"),
    ("pg_signal_backend", "end the sessions of other roles"),
    ("pg_write_all_data", "write to every table"),
    ("pg_write_server_files", "write to the files of the server"),
    ("rds_replication", "read every change of every table"),
    ("rds_superuser", "do nearly everything on the instance"),
];

/// Attributes of a role that override the privileges on tables.
const ATTRIBUTES: [(&str, &str); 4] = [
    ("bypassrls", "see the rows that policies hide"),
    ("createrole", "make roles, and give rights away"),
    ("replication", "read every change of every table"),
    ("superuser", "do everything"),
];

pub(super) const POWERFUL_ROLE: Rule = Rule {
    name: "powerful-role",
    about: "A member of a role such as pg_read_all_data or rds_superuser, and a role with SUPERUSER, CREATEROLE, \
            REPLICATION or BYPASSRLS, may do more than the rights on any table say, in every database of the server.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "GRANT pg_read_all_data TO CURRENT_USER",
    good: "GRANT SELECT ON big TO CURRENT_USER",
    judge: |context| {
        let (what, may) = powerful(context.statement)?;
        Some(Found {
            verdict: Verdict::Danger,
            text: format!("With {what}, a role can {may} from now on, whatever rights it has on the tables"),
            safer: safer("Grant only the rights that the role needs, on the tables that it needs", None),
        })
    },
};

/// Returns what makes a role powerful in this statement, and what the role may do then.
fn powerful(statement: &Stmt) -> Option<(String, &'static str)> {
    let node = statement.syntax();
    let named = match statement {
        Stmt::Grant(_) => members_of(node)?,
        Stmt::AlterGroup(_) => {
            // The first role is the group.
            let adds = node.children().any(|child| child.kind() == SyntaxKind::ADD_USERS);
            roles(node).take(usize::from(adds)).collect()
        }
        Stmt::CreateRole(_) | Stmt::CreateUser(_) | Stmt::CreateGroup(_) | Stmt::AlterRole(_) | Stmt::AlterUser(_) => {
            let given = node.descendants().filter(|part| part.kind() == SyntaxKind::ROLE_OPTION_GENERIC);
            let mut given = given.map(|part| part.text().to_string().to_lowercase());
            let attribute = given.find_map(|given| ATTRIBUTES.iter().find(|(name, _)| *name == given));
            if let Some((name, may)) = attribute {
                return Some((name.to_uppercase(), *may));
            }
            roles(node).collect::<Vec<_>>()
        }
        _ => return None,
    };
    let (name, may) = named.iter().find_map(|role| POWERFUL.iter().find(|(name, _)| name == role))?;
    Some(((*name).to_owned(), *may))
}

/// Returns the roles whose membership GRANT gives; `None` where it gives privileges on objects.
fn members_of(grant: &SyntaxNode) -> Option<Vec<String>> {
    let is_about_objects = grant.children().any(|child| child.kind() == SyntaxKind::ON_PRIVILEGE_OBJECTS_CLAUSE);
    (!is_about_objects).then(|| privileges(grant))
}

/// Whether GRANT makes PUBLIC a member of a role.
pub(super) fn grants_to_no_role(statement: &Stmt) -> bool {
    let node = statement.syntax();
    matches!(statement, Stmt::Grant(_)) && members_of(node).is_some() && is_to_all(node)
}

pub(super) const GRANTED_TO_ALL: Rule = Rule {
    name: "granted-to-all",
    about: "Every role that can connect has what is granted to PUBLIC, also a role that is made later: to read or to write a \
            table, or to make objects in a schema, which a script of another role may then run.",
    setup: "CREATE TABLE big (id bigint)",
    bad: "GRANT ALL ON big TO PUBLIC",
    good: "GRANT ALL ON big TO CURRENT_USER",
    judge: granted_to_all,
};

fn granted_to_all(context: &Context) -> Option<Found> {
    let node = match context.statement {
        Stmt::Grant(it) => it.syntax().clone(),
        Stmt::AlterDefaultPrivileges(it) => {
            it.syntax().children().find(|child| child.kind() == SyntaxKind::GRANT_DEFAULT_PRIVILEGES)?
        }
        _ => return None,
    };
    if !is_to_all(&node) {
        return None;
    }
    let rights = privileges(&node);
    let has = |right: &str| rights.iter().any(|given| given == right || given == "all");
    let writing = ["insert", "update", "delete", "truncate", "references", "trigger", "maintain"];
    let (verdict, may) = match target(&node)? {
        Target::Tables if writing.iter().any(|right| has(right)) => {
            (Verdict::Danger, "change the rows of these tables")
        }
        Target::Tables if has("select") => (Verdict::Caution, "read these tables"),
        Target::Schemas if has("create") => {
            (Verdict::Caution, "create objects there, so that a script can run another role's function or operator")
        }
        Target::Database if has("create") => (Verdict::Caution, "create schemas in the database"),
        _ => return None,
    };
    Some(Found {
        verdict,
        text: format!("Every role of the server, also one that is made later, may {may}"),
        safer: safer("Grant it only to the roles that need it", None),
    })
}

/// What privileges are granted on.
enum Target {
    Tables,
    Schemas,
    Database,
}

fn target(grant: &SyntaxNode) -> Option<Target> {
    grant.descendants().find_map(|node| match node.kind() {
        SyntaxKind::PRIVILEGE_TABLE
        | SyntaxKind::PRIVILEGE_DEFAULT
        | SyntaxKind::PRIVILEGE_ALL_TABLES_IN_SCHEMA
        | SyntaxKind::PRIVILEGE_TARGET_TABLES => Some(Target::Tables),
        SyntaxKind::PRIVILEGE_SCHEMA | SyntaxKind::PRIVILEGE_TARGET_SCHEMAS => Some(Target::Schemas),
        SyntaxKind::PRIVILEGE_DATABASE => Some(Target::Database),
        _ => None,
    })
}

/// Returns the privileges, or the roles, before ON or TO; `all` for all privileges.
fn privileges(grant: &SyntaxNode) -> Vec<String> {
    let words = grant.children().flat_map(|child| match child.kind() {
        SyntaxKind::ALL_PRIVILEGES => vec!["all".to_owned()],
        SyntaxKind::REVOKE_COMMAND_LIST => child
            .children()
            .filter_map(ast::RevokeCommand::cast)
            .filter_map(|command| Some(command.syntax().first_token()?.text().to_owned()))
            .map(|word| identifier(&word))
            .collect(),
        _ => Vec::new(),
    });
    words.collect()
}

/// Whether the grant is to PUBLIC.
fn is_to_all(grant: &SyntaxNode) -> bool {
    let lists = grant.children().filter(|child| child.kind() == SyntaxKind::ROLE_REF_LIST);
    lists.flat_map(|list| roles(&list).collect::<Vec<_>>()).any(|role| role == "public")
}

/// Returns the roles that are named, in order.
fn roles(node: &SyntaxNode) -> impl Iterator<Item = String> {
    let named = node.descendants().filter(|part| part.kind() == SyntaxKind::ROLE_REF);
    // A role can follow the word GROUP.
    named.filter_map(|role| Some(identifier(role.last_token()?.text())))
}
