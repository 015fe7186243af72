//! sqlx's own migrator as a command: runs, skips or undoes a directory, lists what is applied, holds its lock.
//!
//! ```text
//! sqlx-oracle run|skip|undo|info|list DIRECTORY [TARGET]
//! sqlx-oracle hold
//! ```
//!
//! libpq's environment variables name the database. An answer is one JSON document on standard output. What sqlx
//! refuses is an answer too, with the variant's name as `error`.

use std::env;
use std::error::Error;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde_json::{Value, json};
use sqlx::migrate::{AppliedMigration, Migrate, MigrateError, Migration, Migrator};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, PgConnection};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// The ledger's name, where it is not sqlx's default.
const TABLE: &str = "SQLX_TABLE";

fn main() -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(answer())?;
    writeln!(io::stdout(), "{answer}")?;
    Ok(())
}

async fn answer() -> Result<Value> {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().ok_or("a command is needed")?;
    if command == "hold" {
        return hold().await;
    }
    let directory = PathBuf::from(arguments.next().ok_or("a directory is needed")?);
    let target: Option<i64> = arguments.next().map(|text| text.parse()).transpose()?;
    let mut migrator = match Migrator::new(directory).await {
        Ok(migrator) => migrator,
        Err(error) => return Ok(refused(&error)),
    };
    migrator.dangerous_set_table_name(table());
    match command.as_str() {
        "list" => Ok(Value::Array(migrator.iter().map(listed).collect())),
        "info" => info(&migrator, &mut connect().await?).await,
        "run" => Ok(outcome(migrator.run_direct(target, &mut connect().await?, false).await)),
        "skip" => Ok(outcome(migrator.run_direct(target, &mut connect().await?, true).await)),
        "undo" => {
            let target = target.ok_or("a target is needed")?;
            Ok(outcome(migrator.undo(&mut connect().await?, target).await))
        }
        unknown => Err(format!("no such command: {unknown}").into()),
    }
}

async fn connect() -> Result<PgConnection> {
    Ok(PgConnectOptions::new().ssl_mode(PgSslMode::Disable).connect().await?)
}

fn table() -> String {
    env::var(TABLE).unwrap_or_else(|_| Migrator::DEFAULT.table_name.into_owned())
}

/// Takes the lock as a run does, reports it, and keeps the lock until standard input ends.
async fn hold() -> Result<Value> {
    let mut connection = connect().await?;
    connection.lock().await?;
    writeln!(io::stdout(), "{}", json!({ "held": true }))?;
    io::stdout().flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    connection.unlock().await?;
    Ok(json!({ "held": false }))
}

/// Returns what sqlx's command line shows of a database, by version.
async fn info(migrator: &Migrator, connection: &mut PgConnection) -> Result<Value> {
    connection.ensure_migrations_table(&migrator.table_name).await?;
    let applied = connection.list_applied_migrations(&migrator.table_name).await?;
    let dirty = connection.dirty_version(&migrator.table_name).await?;
    let known: Vec<&Migration> = migrator.iter().filter(|known| known.migration_type.is_up_migration()).collect();
    let row = |version: i64| -> Option<&AppliedMigration> { applied.iter().find(|row| row.version == version) };
    let changed = |migration: &Migration| row(migration.version).is_some_and(|row| row.checksum != migration.checksum);
    let versions = |matches: &dyn Fn(&Migration) -> bool| -> Vec<i64> {
        known.iter().filter(|known| matches(known)).map(|known| known.version).collect()
    };
    Ok(json!({
        "applied": applied.iter().map(|row| row.version).collect::<Vec<_>>(),
        "pending": versions(&|migration| row(migration.version).is_none()),
        "changed": versions(&changed),
        "missing": applied.iter().map(|row| row.version).filter(|version| !migrator.version_exists(*version))
            .collect::<Vec<_>>(),
        "dirty": dirty,
    }))
}

fn listed(migration: &Migration) -> Value {
    json!({
        "version": migration.version,
        "description": migration.description,
        "type": format!("{:?}", migration.migration_type),
        "noTransaction": migration.no_tx,
        "checksum": &*migration.checksum,
    })
}

fn outcome(result: std::result::Result<(), MigrateError>) -> Value {
    result.map_or_else(|error| refused(&error), |()| json!({}))
}

fn refused(error: &MigrateError) -> Value {
    let shown = format!("{error:?}");
    let variant = shown.split(['(', ' ']).next().unwrap_or_default();
    json!({ "error": variant, "message": error.to_string() })
}
