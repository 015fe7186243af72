//! Reads the ledger.

use ::sqlx::Row as _;

use super::owner::check as check_owner;
use super::row::{Ledger, Row};
use super::shape;
use super::statements::Statements;
use crate::history::Key;
use crate::session::Session;
use crate::{Error, Result, sqlstate};

/// Returns the ledger's rows; `None` when there is no ledger yet.
///
/// # Errors
///
/// When the query fails, by cause; [`Error::Config`] when rows may be hidden from the role, or the ledger would run
/// another role's code.
pub(crate) async fn read(session: &mut Session, statements: &Statements) -> Result<Option<Ledger>> {
    match read_rows(session, statements).await {
        Err(error) => {
            check_owner(session, statements).await?;
            Err(shape::explain(session, statements, error).await?)
        }
        ledger => ledger,
    }
}

async fn read_rows(session: &mut Session, statements: &Statements) -> Result<Option<Ledger>> {
    let doing = "reading the ledger";
    let sql = format!("{}; {}; {}", statements.refuse_others_code(), statements.is_hidden(), statements.read());
    let mut rows = match session.rows(doing, &sql).await {
        // There is no ledger yet. Asking for it first would cost a round trip.
        Err(Error::Query { code, .. })
            if [sqlstate::UNDEFINED_TABLE, sqlstate::INVALID_SCHEMA_NAME].contains(&code.as_str()) =>
        {
            return Ok(None);
        }
        rows => rows?.into_iter(),
    };
    let first = rows.nth(1).ok_or(::sqlx::Error::RowNotFound);
    let first = first.and_then(|row| Ok((row.try_get::<Option<bool>, _>(0)?, row.try_get::<bool, _>(1)?)));
    let (hidden, unlogged) = first.map_err(|error| session.error(doing, &error))?;
    if unlogged {
        return Err(statements.unlogged());
    }
    if hidden == Some(true) {
        return Err(Error::Config {
            name: "the ledger".into(),
            reason: format!(
                "row level security is on for {}, and may hide rows from {}; let the table's owner migrate",
                statements.table(),
                session.role()
            ),
        });
    }
    let rows = rows
        .map(|row| {
            let name: String = row.try_get(1)?;
            Ok(Row {
                id: row.try_get(0)?,
                key: match row.try_get(2)? {
                    Some(version) => Key::Version(version),
                    None => Key::Name(name.clone()),
                },
                name,
                checksum: row.try_get(3)?,
                started_at: row.try_get(4)?,
                finished: row.try_get(5)?,
                rolled_back: row.try_get(6)?,
                marked: row.try_get(7)?,
                duration_ms: u64::try_from(row.try_get::<i64, _>(8)?).unwrap_or(0),
            })
        })
        .collect::<Result<Vec<_>, ::sqlx::Error>>()
        .map_err(|error| session.error(doing, &error))?;
    Ok(Some(Ledger { rows }))
}
