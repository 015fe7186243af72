//! The catalog of an empty database of the newest PostgreSQL that is supported: its own functions, types and casts.
//!
//! `newest.txt` was read from a server, and a test compares it with one.

use std::collections::BTreeSet;

use super::{Catalog, Function, TypeFacts};
use crate::name::Name;

/// The lines of the catalog: `cast<TAB>source<TAB>target`, `function<TAB>name<TAB>volatility`, `type<TAB>name<TAB>kind`.
/// Functions of which nothing but the worst can be assumed are left out.
pub const NEWEST: &str = include_str!("newest.txt");

/// The version of that server: 180000 is 18.0.
const VERSION: u32 = 180_000;

/// The schema of a name without one.
const SCHEMA: &str = "public";

/// PostgreSQL's own schema.
const SYSTEM: &str = "pg_catalog";

/// Returns the catalog of a database of which nothing is known but its server's version. No function of it has
/// overloads: which arguments they take is not known.
pub fn newest() -> Catalog {
    let mut catalog = Catalog {
        version: VERSION,
        schema: SCHEMA.to_owned(),
        schemas: [SCHEMA.to_owned()].into(),
        casts: BTreeSet::new(),
        ..Catalog::default()
    };
    for line in NEWEST.lines() {
        let mut fields = line.split('\t');
        let (Some(kind), Some(name), Some(what)) = (fields.next(), fields.next(), fields.next()) else { continue };
        let names = [Name::unqualified(name), Name { schema: Some(SYSTEM.to_owned()), name: name.to_owned() }];
        let letter = what.chars().next().unwrap_or(' ');
        match kind {
            "cast" => {
                catalog.casts.insert((name.to_owned(), what.to_owned()));
            }
            "function" => {
                let function = Function { volatility: letter, builtin: true, overloads: Vec::new() };
                catalog.functions.extend(names.map(|name| (name, function.clone())));
            }
            "type" => {
                let facts = TypeFacts {
                    constrained_domain: false,
                    schema: SYSTEM.to_owned(),
                    labels: Vec::new(),
                    kind: letter,
                };
                catalog.types.extend(names.map(|name| (name, facts.clone())));
            }
            _ => {}
        }
    }
    catalog
}
