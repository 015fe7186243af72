//! The state of the database while a plan runs: the catalog, and the changes of earlier statements.

mod assumed;
mod names;
mod schema;

use std::collections::{BTreeMap, BTreeSet};

use report::{Effect, Lock, Table, Work};

use squawk_syntax::ast::{self, AstNode as _, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::named::type_name;
use super::{Change, Effects, Fails, Lookup, Unknown, What};
use crate::catalog::{
    Catalog, Column, Constraint, Dependent, Function, Object, Relation, RelationKind, TypeFacts, rows,
};
use crate::name::{Name, identifier};

/// The state of the database before the next statement.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own of the database, or of the script so far")]
pub struct World {
    /// The server's version, as the catalog has it.
    pub(crate) version: u32,
    schema: String,
    /// Whether the database was empty when the catalog was asked, so that the plan has made everything that exists by
    /// now.
    pub(crate) was_empty: bool,
    /// Whether the plan creates extensions: their functions, types and tables exist then, and nothing is missing for
    /// certain.
    pub(super) is_extended: bool,
    /// Whether a session begins in UTC.
    was_utc: bool,
    /// Whether the script's session is in UTC at this point.
    pub(super) is_utc: bool,
    /// The relations, by qualified name.
    relations: BTreeMap<Name, Relation>,
    /// What a script's name stands for. Only for names that the catalog was asked about.
    aliases: BTreeMap<Name, Name>,
    /// Relations that the plan has made itself.
    new: BTreeSet<Name>,
    /// The facts on relations that existed before, even after the plan has dropped them; by the names in effects.
    facts: BTreeMap<String, Table>,
    /// The facts on relations that the plan has filled from others, new or not, in their present state.
    filled: BTreeMap<String, Table>,
    pub(super) functions: BTreeMap<Name, Function>,
    pub(crate) types: BTreeMap<Name, TypeFacts>,
    /// How far names can still be trusted.
    names: Names,
    /// Whether an earlier statement has unknown effects.
    was_opaque: bool,
    /// Whether no database was asked, so that what exists is known only as far as scripts tell.
    is_of_text: bool,
    /// The relations that exist only because a script names them.
    assumed: BTreeSet<Name>,
    /// The relations that the plan has dropped or renamed, with their kinds.
    gone: BTreeMap<Name, RelationKind>,
    /// Types that the plan has made itself, by name.
    pub(super) plan_types: BTreeSet<String>,
    /// Types that the script has made itself.
    pub(super) made_types: BTreeSet<String>,
    /// Values that the script has added to types that it did not make.
    pub(super) added_values: Vec<(Name, String)>,
    /// The existing schemas.
    pub(super) schemas: BTreeSet<String>,
    casts: BTreeSet<(String, String)>,
    dependents: BTreeMap<(Object, Name), Vec<Dependent>>,
    /// Every name in a statement of the plan that does more than read or write rows. The catalog's answers hold only
    /// for other names.
    named: BTreeSet<String>,
    /// Whether the plan has changed rows, or made the statistics of them outdated.
    pub(crate) has_changed_rows: bool,
    /// Whether the script has said when constraints are checked.
    pub(super) has_set_constraints: bool,
    /// Relations that the plan has changed so far, by the names in effects.
    touched: BTreeSet<String>,
    /// Tables whose rows the script has written.
    pub(super) written: BTreeSet<Name>,
    /// Columns that the plan has added and that have no value in any existing row.
    pub(super) unset: BTreeSet<(Name, String)>,
    /// Tables whose rows the transaction has changed, and for which a check is pending until its end.
    pub(super) pending: BTreeSet<Name>,
    /// The script's setting of `lock_timeout`.
    pub(super) patience: Patience,
    effects: Effects,
}

/// How far the names in a script still stand for what the catalog was asked about. The order is from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Names {
    /// Not at all: earlier objects may be gone, or changed by a statement that could not be read.
    Nothing,
    /// Names with a schema still do. The path for other names has been changed.
    Qualified,
    /// All names still do.
    All,
}

/// How long a script's statements wait for their locks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// As long as the session's setting allows.
    Bounded,
    /// Without a limit, or for more than a minute.
    Endless,
}

impl World {
    /// Returns the database in the state of `catalog`.
    pub fn new(catalog: Catalog) -> Self {
        let Catalog {
            version,
            schema,
            is_empty: was_empty,
            is_utc,
            relations,
            functions,
            types,
            schemas,
            casts,
            dependents,
        } = catalog;
        let aliases = relations.iter().map(|(written, relation)| (written.clone(), relation.name.clone())).collect();
        let relations: BTreeMap<_, _> =
            relations.into_values().map(|relation| (relation.name.clone(), relation)).collect();
        let facts = relations.values().map(|relation| (relation.name.to_string(), relation.facts.clone())).collect();
        Self {
            version,
            schema,
            was_empty,
            is_extended: false,
            was_utc: is_utc,
            is_utc,
            relations,
            aliases,
            new: BTreeSet::new(),
            filled: BTreeMap::new(),
            facts,
            functions,
            types,
            names: Names::All,
            was_opaque: false,
            is_of_text: false,
            assumed: BTreeSet::new(),
            gone: BTreeMap::new(),
            plan_types: BTreeSet::new(),
            made_types: BTreeSet::new(),
            added_values: Vec::new(),
            schemas,
            casts,
            dependents,
            named: BTreeSet::new(),
            has_changed_rows: false,
            has_set_constraints: false,
            touched: BTreeSet::new(),
            written: BTreeSet::new(),
            unset: BTreeSet::new(),
            pending: BTreeSet::new(),
            patience: Patience::Bounded,
            effects: Effects::default(),
        }
    }

    /// Begins the next script: the engine gives it a session that is as good as new.
    pub(crate) fn next_script(&mut self) {
        self.relations.retain(|name, _| !is_temporary(name));
        self.new.retain(|name| !is_temporary(name));
        self.names = if self.names == Names::Nothing { Names::Nothing } else { Names::All };
        self.made_types.clear();
        self.added_values.clear();
        self.pending.clear();
        self.written.clear();
        self.has_set_constraints = false;
        self.is_utc = self.was_utc;
        self.patience = Patience::Bounded;
    }

    /// Ends a transaction of the script's own if `statement` is its COMMIT: the checks that were pending until then are
    /// done.
    pub(crate) fn ends_block(&mut self, statement: &Stmt) {
        if matches!(statement, Stmt::Commit(_)) {
            self.pending.clear();
            self.written.clear();
        }
    }

    pub(super) fn begin(&mut self) {
        self.effects = Effects::default();
    }

    pub(super) fn end(&mut self) -> Effects {
        // A statement that could not be read may have filled them.
        if self.effects.is_opaque() {
            self.has_changed_rows = true;
            self.unset.clear();
        }
        self.was_opaque |= self.effects.unknowns.iter().any(|unknown| unknown.changes_catalog);
        let strong = |effect: &&Effect| effect.lock >= Lock::ShareRowExclusive;
        self.touched.extend(self.effects.of.iter().filter(strong).map(|effect| effect.relation.clone()));
        std::mem::take(&mut self.effects)
    }

    /// Returns the facts on an effect's relation, if the relation existed before the plan, or the plan has filled it.
    pub fn facts(&self, effect: &Effect) -> Option<&Table> {
        let before = || self.facts.get(&effect.relation).filter(|_| !effect.is_new);
        self.filled.get(&effect.relation).or_else(before).filter(|_| self.names != Names::Nothing)
    }

    /// Returns the facts on an effect's relation as of before the plan.
    pub(crate) fn facts_before(&self, effect: &Effect) -> Option<&Table> {
        self.facts.get(&effect.relation).filter(|_| !effect.is_new && self.names != Names::Nothing)
    }

    /// Returns the facts on the relation called `name` in effects, new or not.
    pub(crate) fn facts_of_name(&self, name: &str) -> Option<&Table> {
        self.filled.get(name).or_else(|| self.facts.get(name)).filter(|_| self.names != Names::Nothing)
    }

    /// Returns the facts on the relation of a change.
    pub(crate) fn facts_of(&self, change: &Change) -> Option<&Table> {
        self.facts.get(&change.relation).filter(|_| self.names != Names::Nothing)
    }

    /// Whether the plan has made the relation called `name` in effects, and has not filled it.
    pub(crate) fn is_made(&self, name: &str) -> bool {
        self.new.contains(&Name::parse(name)) && !self.filled.contains_key(name)
    }

    /// Returns the tables with a constraint for which `refers` holds, such as a foreign key.
    pub(super) fn referring(&self, refers: impl Fn(&Constraint) -> bool) -> Vec<Name> {
        let tables = self.relations.values().filter(|relation| relation.constraints.iter().any(&refers));
        tables.map(|relation| relation.name.clone()).collect()
    }

    /// Returns the tables with a constraint for which `refers` holds, each with that constraint.
    pub(super) fn referring_by(&self, refers: impl Fn(&Constraint) -> bool) -> Vec<(Name, Constraint)> {
        let mut found = Vec::new();
        for relation in self.relations.values() {
            let keys = relation.constraints.iter().filter(|constraint| refers(constraint));
            found.extend(keys.map(|constraint| (relation.name.clone(), constraint.clone())));
        }
        found
    }

    /// Whether the plan has filled the relation `name` from others.
    pub(super) fn is_filled(&self, name: &Name) -> bool {
        self.filled.contains_key(&self.resolve(name).to_string())
    }

    /// Whether the plan has made the relation `name`.
    pub(crate) fn is_new(&self, name: &Name) -> bool {
        self.new.contains(&self.resolve(name))
    }

    /// Returns `written` with its partitions, or the tables that inherit from it.
    pub(crate) fn family(&self, written: &Name) -> Vec<Name> {
        let descendants = self.relation(written).map_or_else(Vec::new, |relation| relation.descendants.clone());
        [self.resolve(written)].into_iter().chain(descendants).collect()
    }

    /// Records that the statement takes `lock` on `written`.
    pub(super) fn lock(&mut self, written: &Name, lock: Lock) {
        self.touch(written, lock, None);
    }

    /// Records that the statement takes `lock` on `written`, and does `work` that takes longer for more rows.
    pub(super) fn works(&mut self, written: &Name, lock: Lock, work: Work) {
        if !self.effects.only_looked.is_empty() {
            self.effects.only_looked.remove(&self.resolve(written).to_string());
        }
        self.touch(written, lock, Some(work));
    }

    fn touch(&mut self, written: &Name, lock: Lock, work: Option<Work>) {
        let name = self.resolve(written);
        // If the relation is uncertain, the statement as a whole is reported as unknown.
        if is_system(&name) || !self.is_clear(&name) {
            return;
        }
        let is_new = self.new.contains(&name);
        // A partitioned table has no rows of its own.
        let is_empty = self.relations.get(&name).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
        let work = work.filter(|_| !is_empty);
        let relation = name.to_string();
        let known = self.effects.of.iter_mut().position(|effect| effect.relation == relation);
        let at = known.unwrap_or_else(|| {
            self.effects.of.push(Effect { relation, lock, work: Vec::new(), is_new });
            self.effects.of.len() - 1
        });
        let Some(effect) = self.effects.of.get_mut(at) else { return };
        effect.lock = effect.lock.max(lock);
        if work == Some(Work::IndexBuild) {
            self.effects.builds.entry(effect.relation.clone()).or_default().wide += 1;
        }
        if let Some(work) = work.filter(|work| !effect.work.contains(work)) {
            effect.work.push(work);
            effect.work.sort();
        }
        // A rewrite reads every row and builds every index.
        if effect.work.contains(&Work::Rewrite) {
            effect.work.retain(|work| *work == Work::Rewrite);
        }
    }

    /// Records that the statement takes `lock` on `written`, and looks up a row there by its key for each row of `by`.
    /// If those are few, the lookups are few.
    pub(super) fn looks_up(&mut self, written: &Name, lock: Lock, by: &Name) {
        self.works(written, lock, Work::Scan);
        let (relation, by) = (self.resolve(written).to_string(), self.resolve(by).to_string());
        self.effects.looked_up.insert(relation, by);
    }

    /// Records that the statement takes `lock` on `written`, and builds an index with this `key`: of columns, or of
    /// unknown expressions.
    pub(super) fn builds(&mut self, written: &Name, lock: Lock, key: &[String]) {
        self.works(written, lock, Work::IndexBuild);
        let types: Option<Vec<&str>> =
            key.iter().map(|name| self.column(written, name).map(|column| column.of_type.as_str())).collect();
        let is_narrow = types.is_some_and(|types| !types.is_empty() && types.into_iter().all(is_narrow));
        let relation = self.resolve(written).to_string();
        if let Some(builds) = self.effects.builds.get_mut(&relation).filter(|builds| is_narrow && builds.wide > 0) {
            builds.wide -= 1;
            builds.narrow += 1;
        }
    }

    /// Records a lookup of rows, which reads all of `scanned` each time.
    pub(super) fn refers(&mut self, lookup: Lookup, scanned: &[Name], lock: Lock) {
        for member in scanned {
            let relation = self.resolve(member).to_string();
            let is_read = |effect: &Effect| effect.relation == relation && effect.work.contains(&Work::Scan);
            if !self.effects.of.iter().any(is_read) {
                self.effects.only_looked.insert(relation);
            }
            self.touch(member, lock, Some(Work::Scan));
        }
        self.effects.lookups.push(lookup);
    }

    /// Returns about how many rows `written` has, as far as that is known.
    pub(super) fn rows_of(&self, written: &Name) -> Option<u64> {
        let name = self.resolve(written);
        let relation = name.to_string();
        if self.new.contains(&name) && !self.filled.contains_key(&relation) {
            return Some(0);
        }
        self.facts_of_name(&relation).and_then(rows)
    }

    /// Records what `statement` locks, without its other effects.
    pub(super) fn only_locks(&mut self, statement: impl FnOnce(&mut Self)) {
        let before = std::mem::take(&mut self.effects);
        statement(self);
        let inner = std::mem::replace(&mut self.effects, before);
        for effect in inner.of {
            self.touch(&Name::parse(&effect.relation), effect.lock, None);
        }
    }

    /// Records that a part of the statement's effects cannot be known.
    pub(super) fn opaque(&mut self, what: Unknown) {
        if !self.effects.unknowns.contains(&what) {
            self.effects.unknowns.push(what);
        }
    }

    /// Records that the values of a column change with its type.
    pub(super) fn converts(&mut self) {
        self.effects.converts = true;
    }

    /// Records that the sizes do not tell how long the statement takes.
    pub(super) fn untimed(&mut self) {
        self.effects.untimed = true;
    }

    /// Records that a part of the statement's effects cannot be known, and neither can its duration.
    pub(super) fn unknown(&mut self, what: Unknown) {
        self.opaque(what);
        self.untimed();
    }

    /// Records that the server will refuse the statement: `why` is a clause.
    pub(super) fn fails(&mut self, why: String) {
        self.refuse(Fails::Known(why));
    }

    /// Records that the server will refuse the statement according to the statistics: `why` is a clause.
    pub(super) fn fails_by_statistics(&mut self, why: String) {
        self.refuse(Fails::ByStatistics(why));
    }

    fn refuse(&mut self, why: Fails) {
        // A statement with unknown effects may have changed what the server would refuse.
        if !self.was_opaque {
            self.effects.fails.get_or_insert(why);
        }
    }

    /// Records that IF NOT EXISTS finds something else, so that the statement does nothing: `what` is a clause.
    pub(super) fn skips(&mut self, what: String) {
        if !self.was_opaque {
            self.effects.skips.get_or_insert(what);
        }
    }

    /// Records that the statement names `written`, for an unknown purpose.
    pub(super) fn mentions(&mut self, written: &Name) {
        let is_table =
            |kind| matches!(kind, RelationKind::Table | RelationKind::Partitioned | RelationKind::MaterializedView);
        if let Some(name) = self.existing(written)
            && self.relation(&name).is_some_and(|relation| is_table(relation.kind))
        {
            self.effects.mentions.push(name.to_string());
        }
    }

    /// Records that the scripts so far were applied before the next one, and that their tables may have grown: what they
    /// made counts as existing, and its size as unknown.
    pub(crate) fn settles(&mut self) {
        self.new.clear();
        self.filled.clear();
        self.facts.clear();
        self.unset.clear();
        self.plan_types.clear();
        self.touched.clear();
        self.has_changed_rows = false;
        // A script that could not be read may have changed everything that is known so far.
        if self.names == Names::Nothing {
            self.relations.clear();
            self.aliases.clear();
            self.assumed.clear();
            self.gone.clear();
            self.functions.clear();
            self.types.clear();
            self.names = Names::All;
        }
    }

    /// Records that from here on it is uncertain what exists.
    pub(crate) fn doubts(&mut self) {
        self.was_opaque = true;
    }

    /// Records a change to rows or values of `written`. A relation that the plan makes itself had none.
    pub(super) fn changes(&mut self, written: &Name, what: What) {
        let name = self.resolve(written);
        let change = Change { relation: name.to_string(), what };
        if !self.new.contains(&name)
            && !is_system(&name)
            && self.is_clear(&name)
            && !self.effects.changes.contains(&change)
        {
            self.effects.changes.push(change);
        }
    }

    /// Whether the statement changes rows of `name` that existed before the plan.
    pub(super) fn has_changed(&self, name: &Name) -> bool {
        let relation = name.to_string();
        self.effects.changes.iter().any(|change| change.relation == relation)
    }

    /// Records that these `columns` of `tables` may have a value in any row from now on; without `columns`, all
    /// columns.
    pub(super) fn fills(&mut self, tables: &[Name], columns: Option<&[String]>) {
        let is_set = |(of, column): &(Name, String)| {
            tables.contains(of) && columns.is_none_or(|columns| columns.contains(column))
        };
        self.unset.retain(|one| !is_set(one));
    }

    /// Whether a table has an index of this name, made by any statement.
    pub(super) fn has_index(&self, name: &Name) -> bool {
        self.relations.values().any(|relation| relation.indexes.iter().any(|index| index.name == *name))
    }

    /// Returns the facts on the type that a script calls `written`: the worst of all types for which the name can
    /// stand.
    pub(super) fn type_facts(&self, written: &Name) -> Option<TypeFacts> {
        let schema = written.schema.clone().unwrap_or_else(|| self.schema.clone());
        let qualified = Name { schema: Some(schema), name: written.name.clone() };
        let own = qualified.schema.as_ref() == Some(&self.schema);
        let names = [written.clone(), qualified].into_iter().chain(own.then(|| Name::unqualified(&written.name)));
        let mut known: Vec<_> = names.filter_map(|name| self.types.get(&name)).collect();
        known.sort_by_key(|facts| !facts.constrained_domain);
        known.first().copied().cloned()
    }

    /// Returns the facts on that type under each of its names.
    pub(super) fn types_called(&mut self, written: &Name) -> impl Iterator<Item = &mut TypeFacts> {
        let schema = self.type_facts(written).map(|facts| facts.schema);
        let own = written.name.clone();
        let known = self
            .types
            .iter_mut()
            .filter(move |(name, facts)| name.name == own && Some(&facts.schema) == schema.as_ref());
        known.map(|(_, facts)| facts)
    }

    /// Whether `of_type` is a domain, which can have a default of its own.
    pub(crate) fn is_domain(&self, of_type: &ast::Type) -> bool {
        self.type_facts(&type_name(of_type.syntax())).is_some_and(|facts| facts.kind == 'd')
    }

    /// Forgets the type `written`: the plan drops it, or renames it.
    pub(super) fn remove_type(&mut self, written: &Name) {
        let Some(schema) = self.type_facts(written).map(|facts| facts.schema) else { return };
        self.types.retain(|name, facts| name.name != written.name || facts.schema != schema);
    }

    /// Whether the server implicitly casts a value of the type `from` to the type `to` when it stores it; `None` where
    /// this is not known. Both are as `format_type` writes them, without arguments.
    pub(super) fn casts(&self, from: &str, to: &str) -> Option<bool> {
        const TEXTS: [&str; 4] = ["character", "character varying", "name", "text"];
        // The catalog has no casts, or few, from these types.
        const ALONE: [&str; 4] = ["bytea", "tsquery", "tsvector", "uuid"];
        // Every value can be stored as its text.
        if from == to || TEXTS.contains(&to) {
            return Some(true);
        }
        // The database's own types are written with their schema.
        let is =
            |known: &str, of_type: &str| known == of_type || known.rsplit('.').next() == of_type.rsplit('.').next();
        if self.casts.iter().any(|(source, target)| is(source, from) && is(target, to)) {
            return Some(true);
        }
        if is(from, to) {
            return None;
        }
        let is_plain = |of_type: &str| {
            let is_among = |(from, to): &(String, String)| from == of_type || to == of_type;
            TEXTS.contains(&of_type) || self.casts.iter().any(is_among)
        };
        let is_enum = |of_type: &str| self.type_facts(&Name::parse(of_type)).is_some_and(|facts| facts.kind == 'e');
        let is_known = |of_type: &str| ALONE.contains(&of_type) || is_enum(of_type) || is_plain(of_type);
        // An array is cast only to arrays and texts, and only arrays are cast to an array.
        if let (Some(element), other) | (other, Some(element)) = (from.strip_suffix("[]"), to.strip_suffix("[]"))
            && other.is_none()
        {
            let other = if from.ends_with("[]") { to } else { from };
            return (is_known(element) && is_known(other)).then_some(false);
        }
        (is_known(from) && is_known(to)).then_some(false)
    }

    /// Returns a dependent of an object that belongs to a relation which the plan has not changed.
    pub(super) fn dependent(&self, object: Object, written: &Name) -> Option<&Dependent> {
        let dependents = self.dependents.get(&(object, written.clone()))?;
        dependents.iter().find(|dependent| !self.touched.contains(&dependent.table.to_string()))
    }

    /// Records the names in a statement that changes more than rows.
    pub(super) fn keep_names(&mut self, statement: &SyntaxNode) {
        self.named.extend(statement.descendants().filter_map(|node| single(&node)));
        if matches!(statement.kind(), SyntaxKind::DROP_PUBLICATION | SyntaxKind::ALTER_PUBLICATION) {
            self.named.insert(PUBLICATIONS.to_owned());
        }
    }

    /// Whether `name` is as before the plan: the plan's statements have used it only to read or write rows.
    pub(super) fn is_as_before(&self, name: &str) -> bool {
        !self.named.contains(name)
    }

    /// Whether the plan has changed neither the table nor a publication.
    pub(crate) fn is_published_as_before(&self, table: &Name) -> bool {
        self.is_as_before(&table.name) && self.is_as_before(PUBLICATIONS)
    }

    /// Whether `name` can be an object that the plan has made along with a table: its sequence or its index.
    pub(super) fn may_belong_to_made(&self, name: &Name) -> bool {
        let changed = self.touched.iter().map(|table| Name::parse(table).name);
        let own = self.new.iter().map(|table| table.name.clone());
        own.chain(changed).any(|table| name.name.starts_with(&table))
    }

    /// Whether it is uncertain what exists.
    pub(crate) fn is_blind(&self) -> bool {
        self.was_opaque
    }

    /// Whether none of the objects exists that the statement would drop.
    pub(super) fn is_absent(&self) -> bool {
        self.effects.is_absent
    }

    /// Records that none of the objects exists that the statement would drop.
    pub(super) fn absent(&mut self) {
        self.effects.is_absent = !self.was_opaque;
    }

    /// Whether the server is known to refuse the statement.
    pub(super) fn has_failed(&self) -> bool {
        self.effects.fails.is_some()
    }

    /// Returns the constraint `name` of `written`.
    pub(super) fn constraint(&self, written: &Name, name: &str) -> Option<&Constraint> {
        self.relation(written)?.constraints.iter().find(|constraint| constraint.name == name)
    }

    /// Changes the column `name` of `written`, if it is there.
    pub(super) fn change_column(&mut self, written: &Name, name: &str, change: impl Fn(&mut Column)) {
        let columns = self.relation_mut(written).into_iter().flat_map(|relation| &mut relation.columns);
        columns.filter(|column| column.name == name).for_each(change);
    }

    /// Returns the column `name` of `written`.
    pub(super) fn column(&self, written: &Name, name: &str) -> Option<&Column> {
        self.relation(written)?.columns.iter().find(|column| column.name == name)
    }
}

/// Whether values of this type have a few bytes, and are compared as such.
fn is_narrow(of_type: &str) -> bool {
    const NARROW: [&str; 9] =
        ["smallint", "integer", "bigint", "real", "double precision", "boolean", "date", "uuid", "oid"];
    NARROW.contains(&of_type) || of_type.starts_with("timestamp") || of_type.starts_with("time ")
}

/// The name under which a change of publications is recorded. No real name contains a NUL.
const PUBLICATIONS: &str = "\0publications";

/// Returns the name that `node` is, if it is one word.
fn single(node: &SyntaxNode) -> Option<String> {
    let mut tokens = node.children_with_tokens().filter(|element| !element.kind().is_trivia());
    let token = tokens.next()?.into_token()?;
    tokens.next().is_none().then(|| identifier(token.text()))
}

/// Whether `name` is of PostgreSQL's own catalog.
fn is_system(name: &Name) -> bool {
    matches!(name.schema.as_deref(), Some("pg_catalog" | "information_schema"))
}

/// Whether `name` is in the session's own schema, which is dropped with the session.
pub(crate) fn is_temporary(name: &Name) -> bool {
    name.schema.as_deref() == Some(TEMPORARY)
}

/// The schema of temporary tables, whatever it is called.
const TEMPORARY: &str = "pg_temp";

/// Returns the temporary relation called `written`.
pub(crate) fn temporary(written: &Name) -> Name {
    Name { schema: Some(TEMPORARY.to_owned()), name: written.name.clone() }
}

/// Returns the name of what `statement`, or a clause of it, makes and calls `written`: in the session's own schema, if
/// it says TEMP.
pub(crate) fn made(statement: &SyntaxNode, written: &Name) -> Name {
    let is_temporary = statement.children().any(|child| child.kind() == SyntaxKind::TEMP);
    if is_temporary { temporary(written) } else { written.clone() }
}
