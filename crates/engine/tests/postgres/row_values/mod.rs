//! Tests that no row's value gets out, whatever the functions, operators and types of the server's own catalog say of a
//! text that they cannot read, in every kind of statement.

mod secrets;
mod statements;

use std::collections::BTreeMap;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use engine::error::MigrationFailure;
use engine::failure;
use engine::history::Migration;
use engine::plan::Planned;
use engine::script::classify;
use futures_util::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Either, PgConnection, Row as _};
use tracing_subscriber::fmt::MakeWriter;

use self::secrets::Secret;
use crate::support::{Database, history, run, texts, within};

/// A failure whose text from the server quotes a secret.
struct Quoting {
    expression: String,
    secret: Secret,
}

/// Extensions that a database's owner may install, with types or functions that read a text.
const EXTENSIONS: [&str; 14] = [
    "citext",
    "cube",
    "dict_int",
    "fuzzystrmatch",
    "hstore",
    "intarray",
    "isn",
    "lo",
    "ltree",
    "pg_trgm",
    "pgcrypto",
    "seg",
    "tablefunc",
    "unaccent",
];

/// Returns what is tried every time: one failure for each kind of text that the server quotes.
fn known(seed: u64) -> Vec<Quoting> {
    let random = &mut fastrand::Rng::with_seed(seed);
    let long = secrets::long();
    let known = [
        ("body::tsquery", "@&|!(@"),
        ("body::tsquery", long.as_str()),
        ("body::jsonpath", "$.@[*"),
        ("body::regclass", "@.@.@.@"),
        ("body::regclass", "@"),
        ("body::regoperator", "@(integer"),
        ("lo_get(body::oid)", "#"),
        ("query_to_xml(body, true, true, '')", "SELECT @ FROM"),
    ];
    known.map(|(e, form)| Quoting { expression: e.to_owned(), secret: secrets::secret(form, random) }).into()
}

/// Returns expressions and secrets for every form of an error in which the server quotes a secret, several for each
/// form. They are from one `part` of all expressions.
async fn quoting(connection: &mut PgConnection, secrets: &[Secret], part: u32) -> BTreeMap<(String, i32), Quoting> {
    run(connection, "CREATE SCHEMA extra").await;
    let mut extensions = EXTENSIONS.to_vec();
    if part > 1 {
        // Each extension takes a while.
        extensions = vec![extensions[fastrand::usize(..extensions.len())]];
    }
    for extension in extensions {
        let available = format!("SELECT name::text FROM pg_available_extensions WHERE name = '{extension}'");
        if texts(connection, &available).await.is_empty() {
            eprintln!("skipped {extension}: the server does not have it");
        } else {
            run(connection, &format!("CREATE EXTENSION \"{extension}\" SCHEMA extra")).await;
        }
    }
    run(connection, include_str!("catalog.sql")).await;
    let mut found = BTreeMap::new();
    for (number, secret) in secrets.iter().enumerate() {
        let parts: Vec<_> = secret.parts.iter().map(|part| format!("'{part}'")).collect();
        let text = secret.text.replace('\'', "''");
        let sql = format!(
            "SELECT e, quoted, id % 3 FROM (SELECT e, id, quoted(e, '{text}', ARRAY[{}]) FROM expression WHERE id % {part} = {number} % {part}) o \
             WHERE quoted IS NOT NULL",
            parts.join(", ")
        );
        for row in sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut *connection).await.unwrap() {
            let quoting = Quoting { expression: row.get(0), secret: secret.clone() };
            found.entry((row.get(1), row.get(2))).or_insert(quoting);
        }
    }
    found
}

fn holding(secret: &Secret) -> String {
    let text = secret.text.replace('\'', "''");
    format!(
        "CREATE TABLE vault (id int, body text); CREATE TABLE sink (made text); INSERT INTO vault VALUES (1, '{text}'), (2, '{text}')"
    )
}

/// Returns the failure of `sql`, sent on a connection that knows no ledger; `None` when it does not fail.
async fn said_of(connection: &mut PgConnection, sql: &str) -> Option<MigrationFailure> {
    let Ok(script) = classify(sql) else { panic!("refused: {sql}") };
    let Migration { key, name, checksum, .. } = Migration::prisma("1", sql);
    let planned = Planned { key, name, checksum, script };
    let mut completed = 0;
    let mut stream = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).fetch_many(connection);
    loop {
        match stream.try_next().await {
            Ok(Some(Either::Left(_))) => completed += 1,
            Ok(Some(Either::Right(_))) => {}
            Ok(None) => return None,
            Err(error) => return Some(failure::of_script(&planned, completed, error)),
        }
    }
}

/// Returns how long the statements may be tried, and which part of the catalog: all of it where `EVERY_EXPRESSION` is
/// set.
fn effort() -> (Duration, u32) {
    if std::env::var_os("EVERY_EXPRESSION").is_some() { (Duration::MAX, 1) } else { (Duration::from_secs(4), 40) }
}

#[tokio::test]
async fn nothing_in_the_catalog_gets_a_row_into_a_failure() {
    let seed = fastrand::u64(..);
    let (patience, part) = effort();
    let database = Database::create().await;
    let mut session = database.session().await;
    let found = quoting(&mut session, &secrets::all(seed), part).await;
    let started = Instant::now();
    let (mut tried, mut failed, mut told) = (0, 0, 0);
    let mut leaks = Vec::new();
    let mut forms: Vec<_> = found.iter().collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut forms);
    // The text of a data exception is never shown, so most of the time is for other errors.
    forms.sort_by_key(|((form, _), _)| form.starts_with("22"));
    let known = known(seed);
    let all =
        known.iter().map(|known| ("known", known)).chain(forms.into_iter().map(|((form, _), q)| (form.as_str(), q)));
    for (form, Quoting { expression, secret }) in all {
        if form != "known" && started.elapsed() > patience {
            break;
        }
        for sql in statements::all(expression) {
            run(&mut session, &format!("BEGIN; SET LOCAL statement_timeout = '5s'; {}", holding(secret))).await;
            let said = said_of(&mut session, &sql).await;
            run(&mut session, "ROLLBACK").await;
            tried += 1;
            let Some(failure) = said else { continue };
            failed += 1;
            told += usize::from(failure.message.is_some());
            let said = format!("{failure} {failure:?}");
            if let Some(piece) = secret.piece_in(&said) {
                leaks.push(format!("{piece:?} of {:?} by {sql}\n  {failure}\n  ({form})", secret.text));
            }
        }
    }
    eprintln!(
        "seed {seed}: {} forms of messages that quote a row; {tried} statements, {failed} failures, {told} with a text",
        found.len()
    );
    assert!(found.len() > 5 && failed > 50, "too little was tried to show anything");
    assert!(leaks.is_empty(), "{} leaks with seed {seed}:\n{}", leaks.len(), leaks.join("\n"));
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Kept {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_in_the_catalog_gets_a_row_out_of_a_run() {
    let seed = fastrand::u64(..);
    let (patience, part) = effort();
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt().with_writer(kept.clone()).with_max_level(tracing::Level::DEBUG).finish();
    let database = Database::create().await;
    let mut session = database.session().await;
    let found = quoting(&mut session, &secrets::all(seed), part * 2).await;
    let mut forms: Vec<_> = found.values().collect();
    fastrand::Rng::with_seed(seed).shuffle(&mut forms);
    let _logging = tracing::subscriber::set_default(subscriber);
    let started = Instant::now();
    let mut tried = 0;
    for Quoting { expression, secret } in forms {
        let scripts = statements::all(expression);
        let sql = &scripts[tried % scripts.len()];
        run(&mut session, "DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
        let all = history(&[("1", &holding(secret)), ("2", sql)]);
        let approved = database.approve(&all).await;
        let result = database.apply_within(&all, &approved, "run", within(Duration::from_secs(5))).await;
        let logged = String::from_utf8(std::mem::take(&mut *kept.0.lock().unwrap())).unwrap();
        let said =
            format!("{result:?} {} {logged}", result.as_ref().err().map(ToString::to_string).unwrap_or_default());
        assert_eq!(secret.piece_in(&said), None, "seed {seed}: {:?} by {sql}: {said}", secret.text);
        tried += 1;
        if started.elapsed() > patience.min(Duration::from_mins(2)) {
            break;
        }
    }
    assert!(tried > 3, "too little was tried to show anything");
}
