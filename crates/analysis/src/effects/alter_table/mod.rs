//! ALTER TABLE: one statement with one lock, the strongest that any of its subcommands needs.

mod add_column;
mod column_type;
mod constraint;
mod partition;
mod proof;
mod remember;
mod written;

use report::{Lock, Work};
use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AlterColumnOption, AlterTableAction, AstNode as _, Constraint};

use super::{Unknown, What, identifier_of, name_of, text, world::World};
use crate::catalog::RelationKind;
use crate::name::{Name, quoted};

pub(super) use add_column::{generated, is_plain};
pub(super) use column_type::canonical;
pub(super) use constraint::{dropped, refuse_doubles};
pub(super) use remember::{column, indexed, made_with};

pub(super) fn effects(statement: &ast::AlterTable, world: &mut World) {
    let Some(target) = statement.table_relation_name() else {
        // ALTER TABLE ALL IN TABLESPACE: the text does not name the relations.
        return world.unknown(Unknown::which("relations of the tablespace"));
    };
    let Some(written) = target.table_name_ref().map(|name| name_of(name.syntax())) else { return };
    let table = Table { only: target.only_token().is_some(), name: world.resolve(&written) };
    if world.relation(&table.name).is_none() {
        // The server only gives a notice, and takes no lock.
        if statement.if_exists().is_some() {
            return;
        }
        let may_be_made = !world.is_as_before(&table.name.name)
            || table.name.name.ends_with("_seq") && world.may_belong_to_made(&table.name);
        if world.knows(statement.syntax()) && !may_be_made {
            world.fails(format!("there is no {}", table.name));
        }
    }
    let mut actions: Vec<_> = statement.actions().collect();
    // The server starts with what is dropped, wherever it is written: a dropped constraint proves nothing to the other
    // subcommands. New columns come next, since the other subcommands may name them.
    actions.sort_by_key(|it| match it {
        AlterTableAction::DropColumn(_) | AlterTableAction::DropConstraint(_) => 0,
        AlterTableAction::AlterColumn(it) if drops(it) => 0,
        AlterTableAction::AddColumn(_) => 1,
        // A key has to exist before a foreign key refers to it.
        AlterTableAction::AddConstraint(it) if matches!(it.constraint(), Some(Constraint::ForeignKeyConstraint(_))) => {
            3
        }
        _ => 2,
    });
    if actions.iter().all(|action| drops_nothing(action, &table.name, world)) {
        world.absent();
    }
    for action in &actions {
        subcommand(action, &table, world);
    }
}

/// Whether a column loses a property: the server does that first.
fn drops(alter: &ast::AlterColumn) -> bool {
    matches!(
        alter.option(),
        Some(
            AlterColumnOption::DropDefault(_)
                | AlterColumnOption::DropNotNull(_)
                | AlterColumnOption::DropExpression(_)
        )
    )
}

/// Whether a subcommand says IF EXISTS of something that does not exist.
fn drops_nothing(action: &AlterTableAction, table: &Name, world: &World) -> bool {
    match action {
        AlterTableAction::DropColumn(it) if it.if_exists().is_some() => {
            let column = it.column_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
            world.existing(table).is_some() && world.column(table, &column).is_none()
        }
        AlterTableAction::DropConstraint(it) if it.if_exists().is_some() => {
            let name = it.constraint_name_ref().map(|name| identifier_of(name.syntax())).unwrap_or_default();
            world.existing(table).is_some() && world.constraint(table, &name).is_none()
        }
        _ => false,
    }
}

/// The table that is altered.
pub(super) struct Table {
    pub(super) name: Name,
    /// Whether the statement leaves the inheriting tables alone.
    pub(super) only: bool,
}

impl Table {
    /// Returns the table and, unless ONLY is said, its partitions or the tables that inherit from it.
    pub(super) fn family(&self, world: &World) -> Vec<Name> {
        if self.only { vec![self.name.clone()] } else { world.family(&self.name) }
    }

    fn lock(&self, world: &mut World, lock: Lock) {
        for name in self.family(world) {
            world.lock(&name, lock);
        }
    }

    fn works(&self, world: &mut World, lock: Lock, work: Work) {
        for name in self.family(world) {
            world.works(&name, lock, work);
        }
    }
}

fn subcommand(action: &AlterTableAction, table: &Table, world: &mut World) {
    use AlterTableAction as Action;
    match action {
        Action::AddColumn(it) => add_column::effects(it, table, world),
        Action::DropColumn(it) => drop_column(it, table, world),
        Action::AlterColumn(it) => alter_column(it, table, world),
        Action::AddConstraint(it) => constraint::add(it, table, world),
        Action::DropConstraint(it) => constraint::drop(it, table, world),
        Action::ValidateConstraint(it) => constraint::validate(it, table, world),
        Action::AlterConstraint(it) => constraint::alter(it, table, world),
        Action::AttachPartition(it) => partition::attach(it, table, world),
        Action::DetachPartition(it) => partition::detach(it, table, world),
        Action::InheritTable(it) => {
            world.lock(&table.name, Lock::AccessExclusive);
            let Some(parent) = it.table_name_ref().map(|name| name_of(name.syntax())) else { return };
            world.lock(&parent, Lock::ShareUpdateExclusive);
            world.joins(&table.name, &parent);
        }
        Action::NoInheritTable(it) => {
            world.lock(&table.name, Lock::AccessExclusive);
            let Some(parent) = it.table_name_ref().map(|name| name_of(name.syntax())) else { return };
            world.lock(&parent, Lock::AccessShare);
            world.leaves(&table.name, &parent);
        }
        Action::EnableTrigger(_)
        | Action::DisableTrigger(_)
        | Action::EnableAlwaysTrigger(_)
        | Action::EnableReplicaTrigger(_) => table.lock(world, Lock::ShareRowExclusive),
        Action::ClusterOn(_) | Action::SetWithoutCluster(_) => world.lock(&table.name, Lock::ShareUpdateExclusive),
        Action::SetOptions(it) => world.lock(&table.name, options(it.syntax())),
        Action::ResetOptions(it) => world.lock(&table.name, options(it.syntax())),
        Action::RenameColumn(it) => rename_column(it, table, world),
        Action::TableRenameTo(it) => {
            world.lock(&table.name, Lock::AccessExclusive);
            if let Some(to) = it.table_name() {
                let to = table.name.renamed(identifier_of(to.syntax()));
                if world.relation(&to).is_some() {
                    world.fails(format!("there is a {to} already"));
                }
                world.rename(&table.name, &to);
            }
        }
        Action::SetSchema(it) => {
            world.lock(&table.name, Lock::AccessExclusive);
            if let Some(schema) = it.schema_ref().map(|schema| identifier_of(schema.syntax())) {
                moves(&table.name, &schema, world);
            }
        }
        Action::SetLogged(_) | Action::SetUnlogged(_) | Action::SetAccessMethod(_) | Action::SetTablespace(_) => {
            world.works(&table.name, Lock::AccessExclusive, Work::Rewrite);
        }
        Action::RenameConstraint(it) => {
            table.lock(world, Lock::AccessExclusive);
            remember::renamed(it, table, world);
        }
        Action::MergePartitions(_) | Action::SplitPartition(_) => {
            for name in world.family(&table.name) {
                world.works(&name, Lock::AccessExclusive, Work::Rewrite);
            }
        }
        // Any other subcommand changes only the catalog, but no other session may read the table meanwhile.
        _ => world.lock(&table.name, Lock::AccessExclusive),
    }
}

fn alter_column(alter: &ast::AlterColumn, table: &Table, world: &mut World) {
    let Some(column) = alter.column_name_ref().map(|name| identifier_of(name.syntax())) else { return };
    refuse_missing(&column, table, world);
    match alter.option() {
        Some(AlterColumnOption::SetType(it)) => column_type::effects(&it, &column, table, world),
        Some(AlterColumnOption::SetDefault(_)) => {
            table.lock(world, Lock::AccessExclusive);
            refuse_generated(&column, table, world);
            // The new default is not recorded.
            world.change_column(&table.name, &column, |known| known.default = None);
        }
        Some(AlterColumnOption::DropDefault(_)) => {
            table.lock(world, Lock::AccessExclusive);
            refuse_generated(&column, table, world);
            world.change_column(&table.name, &column, |known| known.default = None);
        }
        Some(AlterColumnOption::SetNotNull(_)) => constraint::set_not_null(&column, table, world),
        Some(AlterColumnOption::DropNotNull(_)) => {
            table.lock(world, Lock::AccessExclusive);
            for name in table.family(world) {
                world.change_column(&name, &column, |known| known.not_null = false);
                if let Some(relation) = world.relation_mut(&name) {
                    relation.constraints.retain(|it| it.kind != 'n' || *it.columns != [column.clone()]);
                }
            }
        }
        Some(
            AlterColumnOption::SetStatistics(_) | AlterColumnOption::SetOptions(_) | AlterColumnOption::ResetOptions(_),
        ) => {
            table.lock(world, Lock::ShareUpdateExclusive);
        }
        Some(AlterColumnOption::DropExpression(_)) => {
            table.lock(world, Lock::AccessExclusive);
            world.change_column(&table.name, &column, |known| known.generated = ' ');
        }
        // The values of all rows are computed again.
        Some(AlterColumnOption::SetExpression(_)) => table.works(world, Lock::AccessExclusive, Work::Rewrite),
        _ => table.lock(world, Lock::AccessExclusive),
    }
}

fn drop_column(drop: &ast::DropColumn, table: &Table, world: &mut World) {
    let Some(column) = drop.column_name_ref().map(|name| identifier_of(name.syntax())) else { return };
    // Even with ONLY, an inherited column becomes the inheriting table's own.
    for name in world.family(&table.name) {
        world.lock(&name, Lock::AccessExclusive);
    }
    if drop.if_exists().is_none() {
        refuse_missing(&column, table, world);
    }
    let is_whole = world.relation(&table.name).is_some_and(|relation| relation.kind == RelationKind::Partitioned);
    // Views and more, which only the server can list.
    if matches!(drop.drop_behavior(), Some(ast::DropBehavior::Cascade(_))) {
        let views = table.family(world).iter().flat_map(|name| world.users_of(name, Some(&column))).collect::<Vec<_>>();
        world.opaque(Unknown::cascade(&format!("the column {}", quoted(&column)), &views));
    } else {
        // A child that inherits without being a partition may also have the column of its own.
        refuse_used(&column, &Table { name: table.name.clone(), only: table.only || !is_whole }, world);
    }
    world.fills(&table.family(world), Some(std::slice::from_ref(&column)));
    for name in table.family(world) {
        if world.column(&name, &column).is_some() || world.may_have_more_than_known(&name) {
            world.changes(&name, What::DropColumn(column.clone()));
        }
        let indexes = world.column(&name, &column).map_or_else(Vec::new, |known| known.indexes.clone());
        for index in &indexes {
            world.remove(index);
        }
        let Some(relation) = world.relation_mut(&name) else { continue };
        if name != table.name && !is_whole {
            // The table keeps columns of its own, and which ones it has by now is not followed.
            relation.columns.clear();
            continue;
        }
        relation.columns.retain(|known| known.name != column);
        let (gone, kept) =
            std::mem::take(&mut relation.constraints).into_iter().partition(|known| known.columns.contains(&column));
        relation.constraints = kept;
        let gone: Vec<_> = gone;
        for constraint in gone {
            constraint::dropped(&name, &constraint, world);
        }
    }
}

/// Reports that a missing column cannot be altered. Of a table that the plan makes from a query, the columns are not
/// known.
fn refuse_missing(column: &str, table: &Table, world: &mut World) {
    let is_known = world.existing(&table.name).is_some()
        && world.relation(&table.name).is_some_and(|relation| !relation.columns.is_empty());
    if is_known && world.column(&table.name, column).is_none() {
        world.fails(format!("{} has no column {}", table.name, quoted(column)));
    }
}

/// Reports that a generated column has no default.
fn refuse_generated(column: &str, table: &Table, world: &mut World) {
    let is_generated = world.column(&table.name, column).is_some_and(|known| known.generated != ' ');
    if is_generated && world.is_as_before(column) {
        world.fails(format!("the column {} of {} is generated, and has no default", quoted(column), table.name));
    }
}

/// Reports that a column that a view uses can neither be dropped nor change its type.
fn refuse_used(column: &str, table: &Table, world: &mut World) {
    let family = table.family(world);
    if let Some(view) = family.iter().find_map(|name| world.user_of(name, Some(column))) {
        world.fails(format!("the view {view} uses the column {}", quoted(column)));
    }
}

fn rename_column(rename: &ast::RenameColumn, table: &Table, world: &mut World) {
    table.lock(world, Lock::AccessExclusive);
    let (Some(from), Some(to)) = (rename.column_name_ref(), rename.column_name()) else { return };
    let (from, to) = (identifier_of(from.syntax()), identifier_of(to.syntax()));
    refuse_missing(&from, table, world);
    if world.column(&table.name, &to).is_some() {
        world.fails(format!("{} has a column {} already", table.name, quoted(&to)));
    }
    for name in table.family(world) {
        remember::column_renamed(&from, &to, &name, world);
    }
}

/// Moves a table's indexes into the table's new schema.
fn moves(table: &Name, schema: &str, world: &mut World) {
    let indexes = world.relation(table).map_or_else(Vec::new, |relation| relation.indexes.clone());
    for name in indexes.iter().map(|index| &index.name).chain([table]) {
        world.rename(name, &Name { schema: Some(schema.to_owned()), name: name.name.clone() });
    }
}

/// Returns the lock for a change of storage parameters. For those that the server reads while others work, it only
/// keeps out other changes of the kind.
fn options(node: &SyntaxNode) -> Lock {
    let strong = ["user_catalog_table"];
    let written = text(node).to_lowercase();
    if strong.iter().any(|name| written.contains(name)) { Lock::AccessExclusive } else { Lock::ShareUpdateExclusive }
}
