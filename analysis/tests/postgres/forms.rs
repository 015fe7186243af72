//! What is inferred of each form in `analysis/forms` is what was observed on a real server.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use analysis::catalog::{Catalog, Kind, look};
use analysis::effects::{Effects, infer, named};
use report::{Effect, Lock, Work};

use crate::support::{Database, run, text};

/// One form; see `observe/forms.py`.
#[derive(Debug, Clone, Default)]
struct Form {
    name: String,
    since: u32,
    worse: bool,
    setup: String,
    statement: String,
}

fn groups() -> Vec<PathBuf> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("forms");
    let files = fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    let mut groups: Vec<_> = files.filter(|file| file.extension().is_some_and(|ending| ending == "sql")).collect();
    groups.sort();
    groups
}

fn forms(group: &Path) -> Vec<Form> {
    let mut common = Form::default();
    let mut forms: Vec<Form> = Vec::new();
    let mut in_setup = true;
    for line in fs::read_to_string(group).unwrap().lines() {
        let current = forms.last_mut().unwrap_or(&mut common);
        match line.strip_prefix("-- ").map(|line| line.split_once(':').unwrap_or((line, ""))) {
            Some(("form", name)) => {
                let form = Form { name: name.trim().to_owned(), setup: common.setup.clone(), ..Form::default() };
                forms.push(form);
            }
            Some(("since", version)) => current.since = version.trim().parse().unwrap(),
            Some(("worse", _)) => current.worse = true,
            Some(("setup", _)) => in_setup = true,
            Some(("statement", _)) => in_setup = false,
            Some(_) => {}
            None if in_setup => current.setup.extend([line, "\n"]),
            None => current.statement.extend([line, "\n"]),
        }
    }
    forms
}

/// What was observed, by form.
fn observed(group: &Path, major: u32) -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(group.with_extension("observed")).unwrap();
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut name = String::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(relation) = line.strip_prefix("    ") {
            found.get_mut(&name).unwrap().push(relation.to_owned());
        } else {
            line.clone_into(&mut name);
            found.insert(name.clone(), Vec::new());
        }
    }
    // A major version that differs has an entry of its own.
    let own: Vec<_> =
        found.keys().filter_map(|name| name.strip_suffix(&format!(" ({major})")).map(str::to_owned)).collect();
    for name in own {
        let lines = found.remove(&format!("{name} ({major})")).unwrap();
        found.insert(name, lines);
    }
    for lines in found.values_mut() {
        lines.retain(|line| line != "nothing");
    }
    found
}

fn line(effect: &Effect) -> String {
    if effect.is_new {
        return format!("{} new", effect.relation);
    }
    let work = effect.work.iter().map(|work| match work {
        Work::Scan => "scan",
        Work::IndexBuild => "index build",
        Work::Rewrite => "rewrite",
    });
    let work = work.collect::<Vec<_>>().join(", ");
    format!("{} {} {work}", effect.relation, effect.lock.name()).trim_end().to_owned()
}

/// As the snapshots have it.
fn inferred(effects: &[Effects], catalog: &Catalog) -> Vec<String> {
    let kinds: BTreeMap<String, Kind> =
        catalog.relations.values().map(|relation| (relation.name.to_string(), relation.kind)).collect();
    let written = |effect: &Effect| match kinds.get(&effect.relation) {
        _ if effect.is_new => line(effect),
        Some(Kind::Index) => format!("index {}", line(effect)),
        Some(Kind::Sequence) => format!("sequence {}", line(effect)),
        None if effect.lock == Lock::AccessExclusive && is_index(&effect.relation, catalog) => {
            format!("index {}", line(effect))
        }
        _ => line(effect),
    };
    let mut lines: Vec<_> = effects.iter().flat_map(|one| &one.of).map(written).collect();
    lines.sort();
    lines
}

/// Whether it is an index of a table that was asked for.
fn is_index(relation: &str, catalog: &Catalog) -> bool {
    let tables = catalog.relations.values();
    tables
        .flat_map(|table| table.facts.indexes.iter().map(|index| table.name.renamed(index.name.as_str())))
        .any(|name| name.to_string() == relation)
}

/// What is not compared: the sequence that goes with a column, and who reads behind a view.
fn comparable(observed: &[String], inferred: &[String], catalog: &Catalog) -> Vec<String> {
    let views = catalog.relations.values().any(|relation| matches!(relation.kind, Kind::View | Kind::MaterializedView));
    let counts = |line: &&String| {
        inferred.contains(line) || !(line.starts_with("sequence ") || (views && line.contains(" ACCESS SHARE")))
    };
    // A rewrite reads every row and builds every index.
    let absorbed = |line: &String| {
        let work = line.find(" scan").into_iter().chain(line.find(" index build")).min();
        match work.filter(|_| line.ends_with(" rewrite")) {
            Some(at) => format!("{} rewrite", &line[..at]),
            None => line.clone(),
        }
    };
    observed.iter().filter(counts).map(absorbed).collect()
}

/// Without the scans that an index may spare a statement on rows, which only the server knows.
fn without_reading(lines: &[String]) -> Vec<String> {
    let weak = [Lock::AccessShare, Lock::RowShare, Lock::RowExclusive].map(|lock| format!(" {} scan", lock.name()));
    lines
        .iter()
        .map(|line| {
            if weak.iter().any(|end| line.ends_with(end)) {
                line.trim_end_matches(" scan").to_owned()
            } else {
                line.clone()
            }
        })
        .collect()
}

/// Whether `inferred` says at least what was `observed`.
fn covers(inferred: &[String], observed: &[String]) -> bool {
    let parse = |line: &str| {
        let (relation, rest) = line.split_once(' ').unwrap_or((line, ""));
        let lock =
            Lock::ALL.into_iter().filter(|lock| rest.starts_with(lock.name())).max_by_key(|lock| lock.name().len());
        let work: Vec<_> = ["scan", "index build", "rewrite"].into_iter().filter(|work| rest.contains(work)).collect();
        (relation.to_owned(), lock, work)
    };
    observed.iter().map(|line| parse(line)).all(|(relation, lock, work)| {
        inferred.iter().map(|line| parse(line)).any(|(other, stronger, more)| {
            // A rewrite reads and indexes all.
            let does = |work: &&str| more.contains(work) || more.contains(&"rewrite");
            other == relation && stronger >= lock && work.iter().all(does)
        })
    })
}

#[tokio::test]
async fn what_is_inferred_is_what_was_observed() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let only = std::env::var("FORM").unwrap_or_default();
    for group in groups() {
        let any = Database::create().await;
        let version: u32 =
            text(&mut any.session().await, "current_setting('server_version_num')::int").await.parse().unwrap();
        let snapshots = observed(&group, version / 10_000);
        for form in forms(&group).into_iter().filter(|form| form.since <= version / 10_000 && form.name.contains(&only))
        {
            let database = Database::create().await;
            let superuser = &mut database.superuser().await;
            run(superuser, &form.setup).await;
            let names = named(&form.statement);
            let list = |names: std::collections::BTreeSet<_>| names.into_iter().collect::<Vec<_>>();
            let (relations, functions, types) = (list(names.relations), list(names.functions), list(names.types));
            let catalog = look(superuser, &relations, &functions, &types).await.unwrap();
            let effects: Vec<_> = infer(&form.statement, &catalog).into_iter().map(|(_, effects)| effects).collect();
            let inferred = inferred(&effects, &catalog);
            let observed = comparable(&snapshots[&form.name], &inferred, &catalog);
            let is_opaque = effects.iter().any(|one| one.opaque);
            let agrees = if is_opaque {
                without_reading(&inferred).iter().all(|line| without_reading(&observed).contains(line))
            } else if form.worse {
                covers(&inferred, &observed)
            } else {
                // It may say that all is read where an index is used, never the other way round.
                covers(&inferred, &observed) && without_reading(&inferred) == without_reading(&observed)
            };
            database.drop().await;
            count += 1;
            if !agrees {
                let opaque = if is_opaque { " (and more)" } else { "" };
                wrong.push(format!(
                    "{}: {}\n    inferred{opaque} {inferred:?}\n    observed {observed:?}",
                    form.name,
                    form.statement.trim()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} disagree:\n{}", wrong.len(), wrong.join("\n"));
}
