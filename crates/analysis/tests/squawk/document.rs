//! Tests the table in the documentation.

use std::fs;
use std::path::Path;

#[test]
fn the_documented_table_is_the_mapping() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/squawk-rules.md");
    let table = analysis::squawk::table();
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, &table).unwrap();
    }
    let documented = fs::read_to_string(&path).unwrap_or_default();
    assert!(documented == table, "docs/squawk-rules.md is not the mapping: run this test with UPDATE=1");
}
