//! Finds, in SQL, what a script names.

use crate::name::Name;
use crate::quote::{identifier, literal};

/// Returns an expression for the relation that a script calls `name`, or null. The relation is looked up in its schema,
/// or along the script's search path, which is not the path of our own queries.
pub(crate) fn regclass(name: &Name, path: &[String]) -> String {
    let in_schema = |schema: &str| {
        let qualified = format!("{}.{}", identifier(schema), identifier(&name.name));
        format!("pg_catalog.to_regclass({})", literal(&qualified))
    };
    match &name.schema {
        Some(schema) => in_schema(schema),
        None => format!("coalesce({})", path.iter().map(|schema| in_schema(schema)).collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_where_the_script_would_find_it() {
        let path = ["app".to_owned(), "it's".to_owned()];
        assert_eq!(regclass(&Name::parse("s.T"), &path), "pg_catalog.to_regclass('\"s\".\"t\"')");
        assert_eq!(
            regclass(&Name::parse("t"), &path),
            "coalesce(pg_catalog.to_regclass('\"app\".\"t\"'), pg_catalog.to_regclass('\"it''s\".\"t\"'))"
        );
    }
}
