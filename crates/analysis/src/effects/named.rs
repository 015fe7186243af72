//! Finds what the catalog has to be asked about before effects can be inferred.

use std::collections::BTreeSet;

use engine::script::unquoted;
use squawk_syntax::{Parse, SourceFile, SyntaxKind, SyntaxNode};

use super::{name_of, text};
use crate::catalog::{Named, Object};
use crate::name::{Name, identifier};

/// Returns what `sql` names, whether it exists or not.
pub fn named(sql: &str) -> Named {
    named_in(&SourceFile::parse(&scan::readable(sql)))
}

/// Returns what a parsed script names.
pub(crate) fn named_in(parse: &Parse<SourceFile>) -> Named {
    let mut named = Named::default();
    for node in parse.syntax_node().descendants() {
        match node.kind() {
            SyntaxKind::TABLE_NAME_REF
            | SyntaxKind::RELATION_NAME_REF
            | SyntaxKind::VIEW_REF
            | SyntaxKind::INDEX_REF
            | SyntaxKind::SEQUENCE_REF
            // An object that is to be made may exist already.
            | SyntaxKind::TABLE_NAME
            | SyntaxKind::VIEW
            | SyntaxKind::INDEX
            | SyntaxKind::SEQUENCE => {
                named.relations.insert(name_of(&node));
            }
            SyntaxKind::QUALIFIED_COLUMN_NAME_REF => {
                named.relations.extend(table_of_column(&node));
            }
            SyntaxKind::CREATE_FUNCTION | SyntaxKind::CREATE_PROCEDURE => {
                if let Some(body) = routine(&node) {
                    named.extend(self::named(&body));
                }
            }
            SyntaxKind::DO => named.relations.extend(mentioned(&node)),
            SyntaxKind::CALL_EXPR => {
                named.functions.extend(callee(&node));
                // `uuid('…')` is a cast.
                named.types.extend(callee(&node));
            }
            SyntaxKind::FUNCTION_NAME | SyntaxKind::FUNCTION_NAME_REF => {
                named.functions.insert(name_of(&node));
            }
            SyntaxKind::PATH_TYPE
            | SyntaxKind::DOMAIN_REF
            | SyntaxKind::DOMAIN
            | SyntaxKind::TYPE_NAME
            | SyntaxKind::TYPE_NAME_REF => {
                named.types.insert(type_name(&node));
            }
            SyntaxKind::SCHEMA | SyntaxKind::SCHEMA_REF => {
                named.schemas.insert(identifier(&text(&node)));
            }
            _ => {}
        }
        named.dropped.extend(dropped(&node));
        named.counted.extend(counted(&node));
    }
    let qualified = named.relations.iter().chain(&named.functions).chain(&named.types);
    let schemas: Vec<_> = qualified.filter_map(|name| name.schema.clone()).collect();
    named.schemas.extend(schemas);
    named
}

/// Returns the table whose rows decide whether the server refuses `statement`.
fn counted(statement: &SyntaxNode) -> Option<Name> {
    let has = |kind| statement.descendants_with_tokens().any(|element| element.kind() == kind);
    let depends = match statement.kind() {
        SyntaxKind::CREATE_INDEX => has(SyntaxKind::UNIQUE_KW),
        SyntaxKind::ALTER_TABLE => {
            let kinds = [
                SyntaxKind::SET_NOT_NULL,
                SyntaxKind::NOT_NULL_CONSTRAINT,
                SyntaxKind::UNIQUE_CONSTRAINT,
                SyntaxKind::PRIMARY_KEY_CONSTRAINT,
            ];
            kinds.into_iter().any(has)
        }
        _ => false,
    };
    let mut names = statement.descendants().filter(|node| node.kind() == SyntaxKind::TABLE_NAME_REF);
    names.next().filter(|_| depends).map(|name| name_of(&name))
}

/// Returns the object with the name `node` that is dropped, although others may depend on it.
fn dropped(node: &SyntaxNode) -> Option<(Object, Name)> {
    let object = match (node.kind(), node.parent()?.kind()) {
        (SyntaxKind::TYPE_NAME_REF, SyntaxKind::DROP_TYPE) | (SyntaxKind::DOMAIN_REF, SyntaxKind::DROP_DOMAIN) => {
            Object::Type
        }
        (SyntaxKind::FUNCTION_NAME_REF, SyntaxKind::FUNCTION_SIG)
            if node.ancestors().any(|outer| outer.kind() == SyntaxKind::DROP_FUNCTION) =>
        {
            Object::Function
        }
        (SyntaxKind::SCHEMA_REF, SyntaxKind::DROP_SCHEMA) => Object::Schema,
        (SyntaxKind::SEQUENCE_REF, SyntaxKind::DROP_SEQUENCE) => Object::Sequence,
        _ => return None,
    };
    Some((object, name_of(node)))
}

/// Returns the body of a function or procedure that is quoted SQL: the server checks it when the function is made.
pub(super) fn routine(create: &SyntaxNode) -> Option<String> {
    let is_sql = create.descendants().filter(|node| node.kind() == SyntaxKind::LANGUAGE_FUNC_OPTION).any(|language| {
        text(&language).to_lowercase().trim_start_matches("language").trim_matches(['\'', '"']) == "sql"
    });
    let tokens = create.descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    let quoted = tokens.filter(|token| matches!(token.kind(), SyntaxKind::DOLLAR_QUOTED_STRING | SyntaxKind::STRING));
    quoted.last().filter(|_| is_sql).map(|written| unquoted(written.text()))
}

/// The maximum number of names from one block that the catalog is asked about.
const MOST_MENTIONED: usize = 1_000;

/// Returns every word in a DO block that can be a relation's name. The block is not read further.
pub(super) fn mentioned(block: &SyntaxNode) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    let tokens = block.descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    for body in tokens.filter(|token| matches!(token.kind(), SyntaxKind::DOLLAR_QUOTED_STRING | SyntaxKind::STRING)) {
        let mut in_quotes = false;
        let is_apart = |c: char| {
            in_quotes ^= c == '"';
            !(in_quotes || c.is_alphanumeric() || matches!(c, '_' | '.' | '"'))
        };
        for word in body.text().split(is_apart).filter(|word| !word.is_empty()) {
            if names.len() >= MOST_MENTIONED {
                return names;
            }
            let name = Name::parse(word);
            // A column's name can follow its table's.
            names.extend(name.schema.clone().map(Name::unqualified));
            names.insert(name);
        }
    }
    names
}

/// Returns the names in a DO block that stand where SQL has a table's name. The block is not read further.
pub(super) fn tables_in(block: &SyntaxNode) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    let tokens = block.descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    for body in tokens.filter(|token| matches!(token.kind(), SyntaxKind::DOLLAR_QUOTED_STRING | SyntaxKind::STRING)) {
        let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '"');
        let (mut before, mut last) = (String::new(), String::new());
        let mut rest = body.text();
        while let Some(start) = rest.find(is_of_name) {
            let (gap, begun) = rest.split_at(start);
            let (word, behind) = begun.split_at(begun.find(|c| !is_of_name(c)).unwrap_or(begun.len()));
            if gap.contains([';', ',', '(']) {
                last.clear();
            }
            let lower = word.to_ascii_lowercase();
            // These words are between the key word and the name.
            if !["if", "not", "exists", "only"].contains(&lower.as_str()) {
                let is_called = behind.trim_start().starts_with('(') && last != "into" && last != "table";
                if is_before_table(&before, &last) && !is_called && names.len() < MOST_MENTIONED {
                    names.insert(Name::parse(word));
                }
                before = std::mem::replace(&mut last, lower);
            }
            rest = behind;
        }
    }
    names
}

/// Whether a table's name follows the word `last`, which comes after `before`.
fn is_before_table(before: &str, last: &str) -> bool {
    match last {
        "from" => before != "distinct",
        "into" => ["insert", "merge"].contains(&before),
        "update" => !["for", "on", "do", "or", "before", "after", "key"].contains(&before),
        "join" | "table" | "truncate" => true,
        _ => false,
    }
}

/// Returns the function that a call names.
pub(crate) fn callee(call: &SyntaxNode) -> Option<Name> {
    let function = call.children().next()?;
    let is_name = matches!(function.kind(), SyntaxKind::NAME_REF | SyntaxKind::FIELD_EXPR);
    is_name.then(|| name_of(&function)).filter(|name| !is_syntax(name))
}

/// Whether `name` looks like a function but is not one: the catalog does not know it.
fn is_syntax(name: &Name) -> bool {
    name.schema.is_none() && ["coalesce", "greatest", "grouping", "least", "nullif"].contains(&name.name.as_str())
}

/// PostgreSQL's own words for types that have another name in the catalog.
const WORDS: [&str; 10] =
    ["bigint", "boolean", "dec", "decimal", "float", "int", "integer", "nchar", "real", "smallint"];

/// Words that stand for a column with a sequence's default.
const SERIALS: [&str; 6] = ["serial", "serial4", "bigserial", "serial8", "smallserial", "serial2"];

/// Whether a type is one of PostgreSQL's own under a name that the catalog does not have.
pub(super) fn is_word_for_type(name: &Name) -> bool {
    name.schema.is_none() && (WORDS.contains(&name.name.as_str()) || is_serial(name))
}

/// Whether a type stands for a column with a sequence's default.
pub(crate) fn is_serial(name: &Name) -> bool {
    name.schema.is_none() && SERIALS.contains(&name.name.as_str())
}

/// Returns a type's name, without its arguments.
pub(super) fn type_name(of_type: &SyntaxNode) -> Name {
    let path = of_type.children().find(|child| child.kind() == SyntaxKind::PATH_REF);
    name_of(&path.unwrap_or_else(|| of_type.clone()))
}

/// Returns the table of `schema.table.column`.
pub(super) fn table_of_column(column: &SyntaxNode) -> Option<Name> {
    let path = column.children().next()?;
    let qualifier = path.children().find(|child| child.kind() == SyntaxKind::PATH_REF)?;
    Some(name_of(&qualifier))
}
