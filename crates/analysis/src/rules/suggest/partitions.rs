//! CREATE INDEX on a partitioned table, which cannot be done CONCURRENTLY. The suggestion makes an index without
//! partitions first, then one on each partition, and then attaches those.

use squawk_syntax::ast::{self, AstNode as _};

use super::names::{Names, columns};
use super::{Scripts, edited, plain};
use crate::catalog::{Relation, RelationKind};
use crate::effects::name_of;
use crate::name::{Name, quoted};

/// The maximum number of migrations in a suggestion. No author would write more by hand.
const MOST: usize = 20;

pub(super) fn create_index(tables: &[Relation], create: &ast::CreateIndex, name: &str) -> Option<Scripts> {
    let (table, partitions) = tables.split_first()?;
    // Without one of the partitions, the index would never be valid.
    let all_are_known = partitions.len() == table.descendants.len();
    if !all_are_known || partitions.len() > MOST {
        return None;
    }
    let target = create.table_relation_name()?;
    let end = target.syntax().text_range().end();
    let mut tree = Tree {
        partitions,
        unique: if create.unique_token().is_some() { "UNIQUE " } else { "" },
        columns: columns(create),
        of_what: edited(create.syntax(), |token| token.text_range().start() >= end, |_| None),
        whole: Vec::new(),
        parts: Vec::new(),
        attached: Vec::new(),
    };
    let target = target.table_name_ref()?;
    tree.level(table, &plain(target.syntax()), &name_of(target.syntax()).renamed(name))?;
    let mut scripts = Scripts::default();
    scripts.add(tree.whole);
    tree.parts.into_iter().for_each(|part| scripts.add([part]));
    scripts.add(tree.attached);
    Some(scripts)
}

struct Tree<'a> {
    partitions: &'a [Relation],
    unique: &'static str,
    columns: Option<Vec<String>>,
    /// The text after the table's name.
    of_what: String,
    /// Statements for tables that have partitions.
    whole: Vec<String>,
    /// Statements for tables that have rows.
    parts: Vec<String>,
    attached: Vec<String>,
}

impl Tree<'_> {
    /// Adds the index on `table`, which has partitions, and on these partitions.
    fn level(&mut self, table: &Relation, written: &str, index: &Name) -> Option<()> {
        let (unique, of_what) = (self.unique, self.of_what.clone());
        self.whole.push(format!("CREATE {unique}INDEX {} ON ONLY {written} {of_what}", quoted(&index.name)));
        for part in self.partitions.iter().filter(|part| part.parent.as_ref() == Some(&table.name)) {
            let name = &part.name;
            // An existing index might do.
            if self.columns.as_ref().is_none_or(|columns| part.indexes.iter().any(|known| known.key == *columns)) {
                return None;
            }
            let chosen = Names::of(part).choose(&name.name, self.columns.as_deref()?, "idx");
            let own = name.renamed(chosen);
            match part.kind {
                RelationKind::Table => {
                    self.parts
                        .push(format!("CREATE {unique}INDEX CONCURRENTLY {} ON {name} {of_what}", quoted(&own.name)));
                }
                RelationKind::Partitioned => self.level(part, &name.to_string(), &own)?,
                _ => return None,
            }
            self.attached.push(format!("ALTER INDEX {index} ATTACH PARTITION {own}"));
        }
        Some(())
    }
}
