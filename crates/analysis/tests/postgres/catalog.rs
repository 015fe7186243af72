//! Tests the look at the catalog of a real database.

mod naming;
mod newest;
mod structure;
mod use_of_tables;
mod waiting;

use std::time::Duration;

use analysis::catalog::{Catalog, Named, Relation, ask_catalog};
use analysis::name::Name;
use report::Table;
use sqlx::PgConnection;

use crate::support::{names, written};

/// Longer than any look takes, and shorter than the tests hold a lock.
const AT_ONCE: Duration = Duration::from_secs(5);

async fn look_for(connection: &mut PgConnection, relations: &[&str]) -> Catalog {
    let named = Named::of_relations(names(relations));
    let looking = ask_catalog(connection, &named);
    tokio::time::timeout(AT_ONCE, looking).await.unwrap().unwrap()
}

fn relation<'a>(catalog: &'a Catalog, name: &str) -> &'a Relation {
    let known = written(catalog.relations.keys());
    catalog.relations.get(&Name::parse(name)).unwrap_or_else(|| panic!("{name} is not among {known:?}"))
}

fn facts<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    &relation(catalog, name).facts
}

fn index_names(table: &Table) -> Vec<&str> {
    table.indexes.iter().map(|index| index.name.as_str()).collect()
}

fn keys(table: &Table) -> Vec<String> {
    table.referenced_by.iter().map(|key| format!("{} {}", key.table, key.name)).collect()
}
