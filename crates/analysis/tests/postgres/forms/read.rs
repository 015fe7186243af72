//! Reads `crates/analysis/forms`: the statements, and the effects that servers were observed to have. `proofs/observe`
//! explains both.

use std::fs;
use std::path::{Path, PathBuf};

/// One form of a statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    pub name: String,
    /// The first major version that has it.
    pub since: u32,
    /// Whether the text does not show all effects.
    pub opaque: bool,
    /// Why the inferred effects may be worse than the observed ones.
    pub worse: String,
    /// Why there may be fewer of them.
    pub less: String,
    pub setup: String,
    /// The statements that the plan has run before.
    pub plan: String,
    pub statement: String,
    /// The observed effects on a server of the requested major version, one line for each relation.
    pub observed: Vec<String>,
    /// Whether other major versions differ in these.
    pub by_major: bool,
}

/// Returns every form that a server of that major version has.
pub(crate) fn forms(major: u32) -> Vec<Form> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("forms");
    let mut files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    let mut forms: Vec<Form> = files.iter().flat_map(|file| group(file, major)).collect();
    forms.retain(|form| form.since <= major);
    forms
}

fn group(file: &Path, major: u32) -> Vec<Form> {
    let text = fs::read_to_string(file).unwrap();
    let observed = fs::read_to_string(file.with_extension("observed")).unwrap();
    let mut parts = text.split("-- form:");
    let common = section(parts.next().unwrap(), "setup");
    parts.map(|part| form(part, &common, &observed, major)).collect()
}

fn form(part: &str, common: &str, observed: &str, major: u32) -> Form {
    let name = part.lines().next().unwrap().trim().to_owned();
    let key = |key: &str| part.lines().find_map(|line| line.strip_prefix(&format!("-- {key}:"))).unwrap_or("").trim();
    let observed = [(format!("{name} ({major})"), true), (name.clone(), false)]
        .into_iter()
        .find_map(|(head, by_major)| Some((lines(observed, &head)?, by_major)));
    let (observed, by_major) = observed.unwrap_or_default();
    Form {
        since: key("since").parse().unwrap_or(0),
        opaque: part.lines().any(|line| line == "-- opaque"),
        worse: key("worse").to_owned(),
        less: key("less").to_owned(),
        setup: format!("{common}{}", section(part, "setup")),
        plan: section(part, "plan"),
        statement: section(part, "statement").trim().to_owned(),
        observed,
        by_major,
        name,
    }
}

/// Returns the lines between `-- name:` and the next section.
fn section(part: &str, name: &str) -> String {
    let head = format!("-- {name}:");
    let behind = part.lines().skip_while(|line| *line != head).skip(1);
    behind.take_while(|line| !line.starts_with("-- ")).flat_map(|line| [line, "\n"]).collect()
}

/// Returns the lines below `head`.
fn lines(observed: &str, head: &str) -> Option<Vec<String>> {
    let mut blocks = observed.split("\n\n").map(|block| block.trim().lines());
    let block = blocks.find_map(|mut lines| (lines.next() == Some(head)).then_some(lines))?;
    Some(block.map(|line| line.trim().to_owned()).collect())
}
