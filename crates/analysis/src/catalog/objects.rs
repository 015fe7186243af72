//! What the names of functions, types and schemas mean, and what depends on objects that are dropped.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::ask::{asked, function_is_visible, relation_is_visible, schema_is_visible, texts, type_is_visible};
use super::{Dependent, Function, Named, Object, Overload, TypeFacts};
use crate::name::Name;

/// The answers about functions, types and schemas.
#[derive(Default)]
pub(super) struct Objects {
    pub(super) functions: BTreeMap<Name, Function>,
    pub(super) types: BTreeMap<Name, TypeFacts>,
    pub(super) schemas: BTreeSet<String>,
    pub(super) casts: BTreeSet<(String, String)>,
    pub(super) dependents: BTreeMap<(Object, Name), Vec<Dependent>>,
}

/// The number of queries.
pub(super) const QUERIES: usize = 5;

/// Returns the queries about `named`.
pub(super) fn queries(named: &Named) -> [String; QUERIES] {
    let functions: Vec<Name> = named.functions.iter().cloned().collect();
    let types: Vec<Name> = named.types.iter().cloned().collect();
    [overloads(&functions), self::types(&types), schemas(named), CASTS.to_owned(), dependents(named)]
}

/// Reads the answers.
pub(super) fn read(named: &Named, answers: &[Vec<PgRow>]) -> Result<Objects, sqlx::Error> {
    let [overloads, types, schemas, casts, dependents] = answers else { return Err(sqlx::Error::RowNotFound) };
    let mut objects = Objects::default();
    let functions: Vec<&Name> = named.functions.iter().collect();
    for row in overloads {
        let Some(name) = at(&functions, row)? else { continue };
        let overload = overload(row)?;
        let volatility = row.try_get::<&str, _>("volatility")?.chars().next().unwrap_or('v');
        let builtin: bool = row.try_get("builtin")?;
        let known = objects.functions.entry(name.clone());
        let known = known.or_insert(Function { volatility: 'i', builtin: true, overloads: Vec::new() });
        known.volatility = known.volatility.max(volatility);
        known.builtin &= builtin;
        known.overloads.push(overload);
    }
    let types_asked: Vec<&Name> = named.types.iter().collect();
    for row in types {
        let facts = TypeFacts {
            constrained_domain: row.try_get("constrained")?,
            schema: row.try_get("schema")?,
            labels: row.try_get("labels")?,
            kind: row.try_get::<&str, _>("kind")?.chars().next().unwrap_or('b'),
        };
        objects.types.extend(at(&types_asked, row)?.map(|name| (name.clone(), facts)));
    }
    objects.schemas = schemas.iter().map(|row| row.try_get("name")).collect::<Result<_, _>>()?;
    for row in casts {
        objects.casts.insert((row.try_get("source")?, row.try_get("target")?));
    }
    let dropped: Vec<&(Object, Name)> = named.dropped.iter().collect();
    for row in dependents {
        let Some(object) = at(&dropped, row)? else { continue };
        let table = Name { schema: Some(row.try_get("schema")?), name: row.try_get("name")? };
        let dependent = Dependent { what: row.try_get("what")?, table };
        objects.dependents.entry((*object).clone()).or_default().push(dependent);
    }
    Ok(objects)
}

/// Returns which of the requested objects a row is about.
fn at<'a, T>(asked: &[&'a T], row: &PgRow) -> Result<Option<&'a T>, sqlx::Error> {
    let number: i64 = row.try_get("number")?;
    let index = usize::try_from(number).ok().and_then(|number| number.checked_sub(1));
    Ok(index.and_then(|index| asked.get(index)).copied())
}

fn overload(row: &PgRow) -> Result<Overload, sqlx::Error> {
    Ok(Overload {
        schema: row.try_get("schema")?,
        arguments: row.try_get("arguments")?,
        returns: row.try_get("returns")?,
        body: row.try_get("body")?,
    })
}

/// Returns a condition on `n`, a namespace, that `asked` is found there: in its own schema, or along the session's
/// search path. `to_regclass` would do this too, but fails altogether where the role may not use one of the schemas.
pub(super) fn found(visible: &str) -> String {
    format!("CASE WHEN asked.schema IS NULL THEN {visible} ELSE n.nspname = asked.schema::pg_catalog.name END")
}

/// Returns a query for functions, aggregates and procedures. It gives the body where its names are looked up along the
/// caller's search path: where the body is text, and the function has no path of its own.
fn overloads(names: &[Name]) -> String {
    format!(
        "SELECT asked.number, p.provolatile::pg_catalog.text AS volatility, n.nspname = 'pg_catalog' AS builtin, n.nspname AS schema, \
                pg_catalog.oidvectortypes(p.proargtypes) AS arguments, \
                CASE WHEN p.prokind IN ('f', 'w') AND NOT p.proretset THEN pg_catalog.format_type(p.prorettype, NULL) END AS returns, \
                CASE WHEN l.lanname = 'sql' AND NOT p.prosecdef AND pg_catalog.to_jsonb(p) ->> 'prosqlbody' IS NULL AND NOT EXISTS ( \
                         SELECT FROM pg_catalog.unnest(p.proconfig) AS c(setting) WHERE c.setting LIKE 'search_path=%') \
                     THEN pg_catalog.left(p.prosrc, 10000) END AS body \
         FROM {} JOIN pg_catalog.pg_proc p ON p.proname = asked.name::pg_catalog.name \
         JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace JOIN pg_catalog.pg_language l ON l.oid = p.prolang WHERE {}",
        asked(names),
        found(&function_is_visible()),
    )
}

fn types(names: &[Name]) -> String {
    format!(
        "SELECT asked.number, t.typtype::pg_catalog.text AS kind, n.nspname AS schema, \
                ARRAY(SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum e WHERE e.enumtypid = t.oid \
                      ORDER BY e.enumsortorder) AS labels, \
                EXISTS ( \
             WITH RECURSIVE below AS ( \
                 SELECT t.oid, t.typbasetype, t.typnotnull \
                 UNION ALL SELECT b.oid, b.typbasetype, b.typnotnull \
                 FROM below JOIN pg_catalog.pg_type b ON b.oid = below.typbasetype AND b.typtype = 'd' \
             ) \
             SELECT FROM below WHERE below.typnotnull \
             OR EXISTS (SELECT FROM pg_catalog.pg_constraint k WHERE k.contypid = below.oid) \
         ) AS constrained \
         FROM {} JOIN pg_catalog.pg_type t ON t.typname = asked.name::pg_catalog.name \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace WHERE {}",
        asked(names),
        found(&type_is_visible()),
    )
}

fn schemas(named: &Named) -> String {
    let schemas = texts(named.schemas.iter().map(|name| Some(name.as_str())));
    format!("SELECT nspname::pg_catalog.text AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ({schemas})")
}

/// The types between which the server casts implicitly when it stores a value.
const CASTS: &str = "\
    SELECT pg_catalog.format_type(castsource, NULL) AS source, pg_catalog.format_type(casttarget, NULL) AS target \
    FROM pg_catalog.pg_cast WHERE castcontext <> 'e'";

/// The maximum number of dependents that are listed for one object.
const MOST_DEPENDENTS: usize = 100;

/// Returns a query for what belongs to a relation and would keep an object from being dropped. `pg_depend` has no
/// entries for the system's own objects.
fn dependents(named: &Named) -> String {
    let kinds = texts(named.dropped.iter().map(|(object, _)| {
        Some(match object {
            Object::Type => "type",
            Object::Function => "function",
            Object::Schema => "schema",
            Object::Sequence => "sequence",
        })
    }));
    let dropped: Vec<Name> = named.dropped.iter().map(|(_, name)| name.clone()).collect();
    let asked = asked(&dropped);
    let class = |name: &str| format!("'pg_catalog.{name}'::pg_catalog.regclass");
    format!(
        "SELECT object.number, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS what, \
                m.nspname AS schema, c.relname AS name \
         FROM ( \
             SELECT asked.number, {type_class} AS class, t.oid, t.typarray AS other FROM {asked} \
             JOIN pg_catalog.pg_type t ON t.typname = asked.name::pg_catalog.name \
             JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
             WHERE ({kinds})[asked.number] = 'type' AND {visible_type} \
             UNION ALL SELECT asked.number, {function_class}, pg_catalog.min(p.oid), 0 FROM {asked} \
             JOIN pg_catalog.pg_proc p ON p.proname = asked.name::pg_catalog.name \
             JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
             WHERE ({kinds})[asked.number] = 'function' AND {visible_function} \
             GROUP BY asked.number HAVING pg_catalog.count(*) = 1 \
             UNION ALL SELECT asked.number, {schema_class}, n.oid, 0 FROM {asked} \
             JOIN pg_catalog.pg_namespace n ON n.nspname = asked.name::pg_catalog.name \
             WHERE ({kinds})[asked.number] = 'schema' \
             UNION ALL SELECT asked.number, {relation_class}, c.oid, 0 FROM {asked} \
             JOIN pg_catalog.pg_class c ON c.relname = asked.name::pg_catalog.name \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             WHERE ({kinds})[asked.number] = 'sequence' AND c.relkind = 'S' AND {visible_relation} \
         ) AS object CROSS JOIN LATERAL ( \
             SELECT * FROM pg_catalog.pg_depend d WHERE d.refclassid = object.class \
             AND d.refobjid IN (object.oid, object.other) AND d.deptype = 'n' LIMIT {MOST_DEPENDENTS} \
         ) AS d \
         JOIN pg_catalog.pg_class c ON c.oid = CASE d.classid \
             WHEN {relation_class} THEN d.objid \
             WHEN {default_class} THEN (SELECT x.adrelid FROM pg_catalog.pg_attrdef x WHERE x.oid = d.objid) \
             WHEN {trigger_class} THEN (SELECT x.tgrelid FROM pg_catalog.pg_trigger x WHERE x.oid = d.objid) \
             WHEN {constraint_class} THEN (SELECT x.conrelid FROM pg_catalog.pg_constraint x WHERE x.oid = d.objid) \
             WHEN {rule_class} THEN (SELECT x.ev_class FROM pg_catalog.pg_rewrite x WHERE x.oid = d.objid) \
             WHEN {policy_class} THEN (SELECT x.polrelid FROM pg_catalog.pg_policy x WHERE x.oid = d.objid) END \
         JOIN pg_catalog.pg_namespace m ON m.oid = c.relnamespace",
        type_class = class("pg_type"),
        function_class = class("pg_proc"),
        schema_class = class("pg_namespace"),
        relation_class = class("pg_class"),
        default_class = class("pg_attrdef"),
        trigger_class = class("pg_trigger"),
        constraint_class = class("pg_constraint"),
        rule_class = class("pg_rewrite"),
        policy_class = class("pg_policy"),
        visible_type = found(&type_is_visible()),
        visible_function = found(&schema_is_visible()),
        visible_relation = found(&relation_is_visible()),
    )
}
