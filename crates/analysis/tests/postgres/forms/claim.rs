//! The inferred or observed effects of a statement, as lines that can be compared.

use std::collections::BTreeMap;

use analysis::catalog::{Catalog, RelationKind};
use analysis::effects::Effects;
use report::{Lock, Work};

/// The effects on one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    /// The lock; `None` for a new relation.
    lock: Option<Lock>,
    work: Vec<Work>,
}

/// The effects by relation. The name of an index or a sequence has that word before it.
pub(crate) type Claims = BTreeMap<String, Claim>;

const WORK: [(Work, &str); 3] = [(Work::Scan, "scan"), (Work::IndexBuild, "index build"), (Work::Rewrite, "rewrite")];

/// Returns the effects in the lines of a snapshot.
pub(crate) fn observed(lines: &[String]) -> Claims {
    lines.iter().filter(|line| *line != "nothing").map(|line| parse(line)).collect()
}

fn parse(line: &str) -> (String, Claim) {
    if let Some(relation) = line.strip_suffix(" new") {
        return (relation.to_owned(), Claim { lock: None, work: Vec::new() });
    }
    let (words, named) = WORK.iter().fold((line, Vec::new()), |(line, mut work), _| {
        match WORK.iter().find_map(|(kind, name)| Some((*kind, line.strip_suffix(name)?))) {
            Some((kind, rest)) => {
                work.push(kind);
                (rest.trim_end_matches([' ', ',']), work)
            }
            None => (line, work),
        }
    });
    // The longest name first: ACCESS SHARE ends with SHARE.
    let mut locks = Lock::ALL;
    locks.sort_by_key(|lock| std::cmp::Reverse(lock.name().len()));
    let (lock, relation) = locks
        .iter()
        .find_map(|lock| Some((*lock, words.strip_suffix(&format!(" {}", lock.name()))?)))
        .unwrap_or_else(|| panic!("no lock in {line}"));
    (relation.to_owned(), Claim { lock: Some(lock), work: sorted(named) })
}

/// Returns `effects` in a snapshot's terms: an index counts if its lock is stronger than its table's. What the
/// statements `before` have made existed on the server.
pub(crate) fn inferred(effects: &Effects, before: &[Effects], catalog: &Catalog) -> Claims {
    let made = |name: &str| before.iter().flat_map(|it| &it.of).any(|it| it.is_new && it.relation == name);
    let tables = tables_of_indexes(catalog);
    let kind = |name: &str| catalog.relations.values().find(|it| it.name.to_string() == name).map(|it| it.kind);
    let lock_of = |name: &str| effects.of.iter().find(|effect| effect.relation == name).map(|effect| effect.lock);
    let mut claims = Claims::new();
    for effect in &effects.of {
        let prefix = match tables.get(&effect.relation) {
            Some(table) if lock_of(table).is_some_and(|lock| lock >= effect.lock) => continue,
            Some(_) => "index ",
            None if kind(&effect.relation) == Some(RelationKind::Sequence) => "sequence ",
            // No session reads or writes a composite type.
            None if kind(&effect.relation) == Some(RelationKind::Composite) => continue,
            None => "",
        };
        let is_new = effect.is_new && !made(&effect.relation);
        let lock = (!is_new).then_some(effect.lock);
        let work = if is_new { Vec::new() } else { sorted(effect.work.clone()) };
        claims.insert(format!("{prefix}{}", effect.relation), Claim { lock, work });
    }
    claims
}

/// Returns the table of each known index.
fn tables_of_indexes(catalog: &Catalog) -> BTreeMap<String, String> {
    let mut tables = BTreeMap::new();
    for relation in catalog.relations.values() {
        let table = relation.table.as_ref().unwrap_or(&relation.name);
        for index in &relation.facts.indexes {
            tables.insert(table.renamed(&index.name).to_string(), table.to_string());
        }
    }
    tables
}

fn sorted(mut work: Vec<Work>) -> Vec<Work> {
    work.sort();
    work
}

/// Whether `more` contains everything in `less`, with locks that are no weaker.
pub(crate) fn within(less: &Claims, more: &Claims) -> bool {
    less.iter().all(|(relation, claim)| {
        more.get(relation)
            .is_some_and(|known| known.lock >= claim.lock && claim.work.iter().all(|work| known.does(*work)))
    })
}

impl Claim {
    /// Whether the effects include `work`: a rewrite includes reading the table, and building its indexes.
    fn does(&self, work: Work) -> bool {
        self.work.contains(&work) || self.work.contains(&Work::Rewrite)
    }
}

/// Returns the effects in the form of a snapshot.
pub(crate) fn text(claims: &Claims) -> String {
    let line = |(relation, claim): (&String, &Claim)| {
        let work: Vec<_> = WORK.iter().filter(|(work, _)| claim.work.contains(work)).map(|(_, name)| *name).collect();
        let lock = claim.lock.map_or("new", Lock::name);
        format!("    {relation} {lock} {}", work.join(", ")).trim_end().to_owned()
    };
    if claims.is_empty() { "    nothing".into() } else { claims.iter().map(line).collect::<Vec<_>>().join("\n") }
}
