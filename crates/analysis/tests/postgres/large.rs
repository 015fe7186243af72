//! Tests a plan of a thousand migrations.

use analysis::plan::{Pending, ask_database};
use report::ScriptClass;

use crate::rules::subject;
use crate::support::{Database, run};

#[tokio::test]
async fn a_thousand_migrations_are_reported_in_order() {
    let database = Database::create().await;
    let session = &mut database.session().await;
    for number in 0..50 {
        run(session, &format!("CREATE TABLE t_{number} (id bigint PRIMARY KEY, note text)")).await;
    }
    let pending: Vec<_> = (0..1000)
        .map(|number| Pending {
            name: format!("{number:04}_change"),
            class: ScriptClass::Transactional,
            sql: format!(
                "ALTER TABLE t_{table} ADD COLUMN c_{number} integer;\nCREATE INDEX i_{number} ON t_{table} (c_{number});\n",
                table = number % 50
            ), resumed: false })
        .collect();
    let report = ask_database(session, pending.clone()).await.unwrap().report(subject());
    assert_eq!((report.migrations.len(), report.tables.len()), (1000, 50));
    assert!(report.migrations.iter().zip(&pending).all(|(told, asked)| told.name == asked.name));
    assert!(report.migrations.iter().all(|migration| migration.statements.len() == 2));
}
