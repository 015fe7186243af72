//! Finds what the session's role may not do although statements need it.

use std::collections::BTreeSet;

use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row as _};

use crate::catalog::ask::{ask_leniently, asked, relation_is_visible, texts, type_is_visible};
use crate::name::{Name, quoted};

/// A privilege that a statement needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// To change a relation, or make an index on it, which only the owner may.
    Alter(Name),
    /// To drop a relation, which the owner of its schema may do too.
    Drop(Name),
    /// To change a type.
    AlterType(Name),
    /// To read or write a relation, or to use another privilege on it. A privilege on some of its columns is enough,
    /// where that is possible.
    Do(Privilege, Name),
    /// To create an object in a schema.
    CreateIn(String),
    /// To name any object in a schema.
    Use(String),
    /// To create a schema.
    CreateSchema,
    /// To create an extension.
    CreateExtension(String),
    /// To create a database.
    CreateDatabase,
    /// To create a role.
    CreateRole,
}

/// A privilege that can be granted on a relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privilege {
    /// SELECT.
    Select,
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
    /// TRUNCATE.
    Truncate,
    /// REFERENCES: a foreign key that refers to it.
    References,
    /// TRIGGER.
    Trigger,
    /// MAINTAIN: REINDEX, REFRESH, CLUSTER. Before PostgreSQL 17 only the owner may do these.
    Maintain,
    /// MAINTAIN for VACUUM and ANALYZE, which the database's owner may do too.
    Vacuum,
}

impl Privilege {
    /// Returns the privilege's name in GRANT.
    fn name(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
            Self::Maintain | Self::Vacuum => "MAINTAIN",
        }
    }

    /// Returns what the privilege lets a role do, as the text before the relation's name.
    fn deed(self) -> &'static str {
        match self {
            Self::Select => "read",
            Self::Insert => "insert into",
            Self::Update => "update",
            Self::Delete => "delete from",
            Self::Truncate => "truncate",
            Self::References => "refer to",
            Self::Trigger => "make a trigger on",
            Self::Maintain => "maintain",
            Self::Vacuum => "vacuum or analyze",
        }
    }
}

/// Returns which of `needs` the role lacks, once each, as clauses: `alter public.orders: its owner is shop`. The rights
/// of roles of which it is a member count. An object that does not exist is left out: the plan will create it.
///
/// This takes one round trip, and six where the server refuses some of the queries, whose answers are left out then.
/// The session must not be in a transaction: a refusal would end it.
///
/// # Errors
///
/// The errors of the connection or the server.
pub async fn missing(connection: &mut PgConnection, needs: &[Need]) -> Result<Vec<String>, sqlx::Error> {
    let needs: BTreeSet<&Need> = needs.iter().collect();
    let of = |pick: fn(&Need) -> Option<Name>| -> (Vec<&Need>, Vec<Name>) {
        needs.iter().filter_map(|need| Some((*need, pick(need)?))).unzip()
    };
    let (for_relations, relations) = of(|need| match need {
        Need::Alter(name) | Need::Drop(name) | Need::Do(_, name) => Some(name.clone()),
        _ => None,
    });
    let (for_types, types) = of(|need| match need {
        Need::AlterType(name) => Some(name.clone()),
        _ => None,
    });
    let (for_schemas, schemas) = of(|need| match need {
        Need::CreateIn(schema) | Need::Use(schema) => Some(Name::unqualified(schema)),
        _ => None,
    });
    let (for_extensions, extensions) = of(|need| match need {
        Need::CreateExtension(name) => Some(Name::unqualified(name)),
        _ => None,
    });
    let privileges = for_relations.iter().map(|need| match need {
        Need::Do(privilege, _) => Some(privilege.name()),
        _ => None,
    });
    let queries = [
        RELATIONS
            .replace("$privileges", &texts(privileges))
            .replace("$asked", &asked(&relations))
            .replace("$visible", &relation_is_visible()),
        TYPES.replace("$asked", &asked(&types)).replace("$visible", &type_is_visible()),
        SCHEMAS.replace("$asked", &asked(&schemas)),
        EXTENSIONS.replace("$asked", &asked(&extensions)),
        DATABASE.to_owned(),
    ];
    let answers = ask_leniently(connection, &queries).await?;
    let [relations, types, schemas, extensions, database] = &answers[..] else { return Err(sqlx::Error::RowNotFound) };
    let database = Database::read(database.first().ok_or(sqlx::Error::RowNotFound)?)?;

    let mut missing = Vec::new();
    for (need, row) in answered(&for_relations, relations)? {
        missing.extend(on_relation(need, row)?);
    }
    for (_, row) in answered(&for_types, types)? {
        if !row.try_get::<bool, _>("owned")? {
            missing.push(format!("alter type {}: its owner is {}", name(row)?, owner(row)?));
        }
    }
    for (need, row) in answered(&for_schemas, schemas)? {
        missing.extend(on_schema(need, row)?);
    }
    if needs.contains(&Need::CreateSchema) && !database.creates {
        missing.push(format!("make a schema: {}", database.denial()));
    }
    if needs.contains(&Need::CreateDatabase) && !database.makes_databases {
        missing.push("make a database: it does not have CREATEDB".to_owned());
    }
    if needs.contains(&Need::CreateRole) && !database.makes_roles {
        missing.push("make a role: it does not have CREATEROLE".to_owned());
    }
    for (_, row) in answered(&for_extensions, extensions)? {
        missing.extend(on_extension(row, &database)?);
    }
    Ok(missing)
}

/// Returns the rows, each with its need.
fn answered<'a>(needs: &[&'a Need], rows: &'a [PgRow]) -> Result<Vec<(&'a Need, &'a PgRow)>, sqlx::Error> {
    let numbers = rows.iter().map(|row| row.try_get::<i64, _>("number")).collect::<Result<Vec<_>, _>>()?;
    let need = |number: i64| needs.get(usize::try_from(number).ok()?.checked_sub(1)?).copied();
    Ok(numbers.into_iter().zip(rows).filter_map(|(number, row)| Some((need(number)?, row))).collect())
}

/// Returns what the role lacks on a relation.
fn on_relation(need: &Need, row: &PgRow) -> Result<Option<String>, sqlx::Error> {
    let has = |column| row.try_get::<bool, _>(column);
    let (allowed, deed, granted) = match need {
        Need::Alter(_) => (has("owned")?, "alter", None),
        Need::Drop(_) => (has("owned")? || has("schema_owned")?, "drop", None),
        Need::Do(privilege, _) => {
            let granted = (*privilege).name();
            let allowed = has("granted")? || *privilege == Privilege::Vacuum && has("database_owned")?;
            (allowed, privilege.deed(), Some(granted).filter(|_| has("grantable").unwrap_or(true)))
        }
        _ => return Ok(None),
    };
    if allowed {
        return Ok(None);
    }
    let not_granted = granted.map(|granted| format!(" and has not granted {granted}")).unwrap_or_default();
    Ok(Some(format!("{deed} {}: its owner is {}{not_granted}", name(row)?, owner(row)?)))
}

/// Returns what the role lacks on a schema.
fn on_schema(need: &Need, row: &PgRow) -> Result<Option<String>, sqlx::Error> {
    let (allowed, deed, granted): (bool, _, _) = match need {
        Need::CreateIn(_) => (row.try_get("creates")?, "make something in", "CREATE"),
        Need::Use(_) => (row.try_get("uses")?, "use", "USAGE"),
        _ => return Ok(None),
    };
    let schema = quoted(row.try_get("name")?);
    let clause = format!("{deed} schema {schema}: its owner is {} and has not granted {granted}", owner(row)?);
    Ok(Some(clause).filter(|_| !allowed))
}

/// Returns what the role lacks for an extension. For an extension that exists already, the server only gives a notice.
fn on_extension(row: &PgRow, database: &Database) -> Result<Option<String>, sqlx::Error> {
    let has = |column| row.try_get::<bool, _>(column);
    let reason = if has("installed")? {
        return Ok(None);
    } else if !has("available")? {
        "the server does not have it".to_owned()
    } else if !has("for_superusers")? || database.is_superuser || has("rds")? {
        return Ok(None);
    } else if !has("trusted")? {
        "only a superuser may".to_owned()
    } else if !database.creates {
        database.denial()
    } else {
        return Ok(None);
    };
    Ok(Some(format!("make extension {}: {reason}", quoted(row.try_get("name")?))))
}

/// The session's database, and what the role may do there.
#[expect(clippy::struct_excessive_bools, reason = "these are facts of the catalog")]
struct Database {
    name: String,
    owner: String,
    creates: bool,
    is_superuser: bool,
    makes_databases: bool,
    makes_roles: bool,
}

impl Database {
    fn read(row: &PgRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            name: quoted(row.try_get("name")?),
            owner: owner(row)?,
            creates: row.try_get("creates")?,
            is_superuser: row.try_get("is_superuser")?,
            makes_databases: row.try_get("makes_databases")?,
            makes_roles: row.try_get("makes_roles")?,
        })
    }

    fn denial(&self) -> String {
        format!("the owner of database {} is {} and has not granted CREATE", self.name, self.owner)
    }
}

fn name(row: &PgRow) -> Result<Name, sqlx::Error> {
    Ok(Name { schema: Some(row.try_get("schema")?), name: row.try_get("name")? })
}

fn owner(row: &PgRow) -> Result<String, sqlx::Error> {
    Ok(quoted(row.try_get("owner")?))
}

/// An index has its table's privileges. A server before PostgreSQL 17 has no MAINTAIN.
const RELATIONS: &str = "\
    SELECT number, schema, name, pg_catalog.pg_get_userbyid(relowner) AS owner, grantable, \
           pg_catalog.pg_has_role(relowner, 'USAGE') AS owned, \
           pg_catalog.pg_has_role(nspowner, 'USAGE') AS schema_owned, \
           pg_catalog.pg_has_role(datdba, 'USAGE') AS database_owned, \
           CASE WHEN privilege IS NULL THEN false \
                WHEN NOT grantable THEN pg_catalog.pg_has_role(relowner, 'USAGE') \
                WHEN privilege IN ('SELECT', 'INSERT', 'UPDATE', 'REFERENCES') \
                THEN pg_catalog.has_any_column_privilege(oid, privilege) \
                ELSE pg_catalog.has_table_privilege(oid, privilege) END AS granted \
    FROM ( \
        SELECT asked.number, n.nspname AS schema, c.relname AS name, c.relowner, n.nspowner, d.datdba, \
               coalesce(i.indrelid, c.oid) AS oid, p.privilege, \
               p.privilege IS DISTINCT FROM 'MAINTAIN' \
               OR pg_catalog.current_setting('server_version_num')::pg_catalog.int4 >= 170000 AS grantable \
        FROM $asked \
        JOIN pg_catalog.pg_class c ON c.relname = asked.name::pg_catalog.name \
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
        JOIN pg_catalog.pg_database d ON d.datname = pg_catalog.current_database() \
        JOIN pg_catalog.unnest($privileges) WITH ORDINALITY AS p(privilege, number) ON p.number = asked.number \
        LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
        WHERE CASE WHEN asked.schema IS NULL THEN $visible \
                   ELSE n.nspname = asked.schema::pg_catalog.name END \
    ) AS found ORDER BY number";

const TYPES: &str = "\
    SELECT asked.number, n.nspname AS schema, t.typname AS name, pg_catalog.pg_get_userbyid(t.typowner) AS owner, \
           pg_catalog.pg_has_role(t.typowner, 'USAGE') AS owned \
    FROM $asked JOIN pg_catalog.pg_type t ON t.typname = asked.name::pg_catalog.name \
    JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace \
    WHERE CASE WHEN asked.schema IS NULL THEN $visible \
               ELSE n.nspname = asked.schema::pg_catalog.name END \
    ORDER BY asked.number";

const SCHEMAS: &str = "\
    SELECT asked.number, n.nspname AS name, pg_catalog.pg_get_userbyid(n.nspowner) AS owner, \
           pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS creates, \
           pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS uses \
    FROM $asked JOIN pg_catalog.pg_namespace n ON n.nspname = asked.name::pg_catalog.name ORDER BY asked.number";

/// `trusted` came with PostgreSQL 13. RDS lets these roles of its own create extensions that otherwise only superusers
/// may create.
const EXTENSIONS: &str = "\
    SELECT asked.number, asked.name, e.name IS NOT NULL AS available, e.installed_version IS NOT NULL AS installed, \
           coalesce(v.superuser, true) AS for_superusers, \
           coalesce((pg_catalog.to_jsonb(v) ->> 'trusted')::pg_catalog.bool, false) AS trusted, \
           EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname IN ('rds_superuser', 'rds_extension') \
                   AND pg_catalog.pg_has_role(r.oid, 'USAGE')) AS rds \
    FROM $asked LEFT JOIN pg_catalog.pg_available_extensions e ON e.name = asked.name::pg_catalog.name \
    LEFT JOIN pg_catalog.pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version \
    ORDER BY asked.number";

const DATABASE: &str = "\
    SELECT d.datname AS name, pg_catalog.pg_get_userbyid(d.datdba) AS owner, \
           pg_catalog.has_database_privilege(d.oid, 'CREATE') AS creates, \
           r.rolsuper AS is_superuser, r.rolsuper OR r.rolcreatedb AS makes_databases, \
           r.rolsuper OR r.rolcreaterole AS makes_roles \
    FROM pg_catalog.pg_database d JOIN pg_catalog.pg_roles r ON r.rolname = current_user WHERE d.datname = pg_catalog.current_database()";
