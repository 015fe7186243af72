//! Real histories from the directory that `CORPORA` names: `prisma/<history>/` and `sqlx/<history>/`.

use std::fs;
use std::path::PathBuf;

use engine::history::{self, History};
use engine::script::classify;

use crate::support::Database;

fn histories() -> Vec<(String, History)> {
    let Some(corpora) = std::env::var_os("CORPORA").map(PathBuf::from).filter(|corpora| corpora.is_dir()) else {
        eprintln!("skipped: CORPORA names no directory of real histories");
        return Vec::new();
    };
    let mut found: Vec<_> = ["prisma", "sqlx"]
        .iter()
        .flat_map(|tool| fs::read_dir(corpora.join(tool)).unwrap())
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), history::read(&path).unwrap())
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    found
}

#[test]
fn every_real_script_is_understood() {
    for (name, history) in histories() {
        for migration in &history.migrations {
            let script =
                classify(&migration.sql).unwrap_or_else(|refusal| panic!("{name}/{}: {refusal}", migration.name));
            assert!(script.parsed, "{name}/{}", migration.name);
        }
        eprintln!("{name}: {} scripts understood", history.migrations.len());
    }
}

#[tokio::test]
async fn real_histories_are_applied_whole() {
    for (name, history) in histories() {
        let database = Database::create().await;
        let outcome = database.migrate(&history).await.unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((outcome.applied_now, outcome.remaining), (history.migrations.len(), 0), "{name}");
        let invalid = database.texts("SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid").await;
        assert!(invalid.is_empty(), "{name}: {invalid:?}");
        eprintln!("{name}: {} migrations applied", outcome.applied_now);
    }
}
