//! ALTER TABLE in steps: constraints are declared first and validated later, indexes are built beforehand.
//!
//! The steps contain all actions of the statement. An action that is not known to take only a moment has no place in
//! them: then there is no suggestion.

use report::Work;
use squawk_syntax::ast::{
    self, AlterColumnOption, AlterTableAction, AstNode, Constraint, ConstraintOption, IndexParameters,
};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::names::Names;
use super::text::is_in;
use super::{Altered, Scripts, edited, plain};
use crate::catalog::RelationKind;
use crate::effects::name_of;
use crate::name::{identifier, quoted};

/// The version from which a foreign key of a partitioned table can be added NOT VALID. It also validates a key that
/// refers to a partitioned table for all partitions.
pub(in crate::rules) const PARTITIONED_NOT_VALID: u32 = 180_000;

/// Returns migrations that do, one after the other, what the statement does at once.
pub(in crate::rules) fn in_steps(altered: &Altered) -> Option<Scripts> {
    // Steps do not save a rewrite.
    if altered.context.effects.of.iter().any(|effect| effect.work.contains(&Work::Rewrite)) {
        return None;
    }
    let mut steps = Steps::new(altered);
    for action in &altered.actions {
        steps.action(action)?;
    }
    steps.scripts()
}

/// Whether existing rows are checked when the constraint is added.
pub(in crate::rules) fn is_valid(constraint: &Constraint) -> bool {
    !options(constraint)
        .any(|option| matches!(option, ConstraintOption::NotValid(_) | ConstraintOption::NotEnforced(_)))
}

struct Steps<'a> {
    altered: &'a Altered<'a>,
    names: Names,
    /// The actions of the first migration.
    first: Vec<String>,
    /// Actions of the first migration; of the last one, if indexes are built.
    either: Vec<String>,
    /// The constraints that the second migration validates.
    validated: Vec<String>,
    /// The statements that need a migration each.
    indexes: Vec<String>,
    /// The actions of the last migration.
    last: Vec<String>,
    /// The constraints that are no longer needed after that.
    helpers: Vec<String>,
    /// The columns and constraints that are added, and those that are dropped.
    come: Vec<String>,
    go: Vec<String>,
    refers_to_itself: bool,
}

impl<'a> Steps<'a> {
    fn new(altered: &'a Altered<'a>) -> Self {
        Self {
            altered,
            names: Names::of(altered.before),
            first: Vec::new(),
            either: Vec::new(),
            validated: Vec::new(),
            indexes: Vec::new(),
            last: Vec::new(),
            helpers: Vec::new(),
            come: Vec::new(),
            go: Vec::new(),
            refers_to_itself: false,
        }
    }

    /// Finds the step for `action`; `None` if there is none.
    fn action(&mut self, action: &AlterTableAction) -> Option<()> {
        let written = plain(action.syntax());
        match action {
            AlterTableAction::AddConstraint(it) => return self.constraint(&it.constraint()?, written),
            AlterTableAction::AddColumn(it) => {
                self.come.push(column(it.column_name()?.syntax()));
                is_light(it).then(|| self.first.push(written))?;
            }
            AlterTableAction::DropColumn(it) => {
                self.go.push(column(it.column_name_ref()?.syntax()));
                self.either.push(written);
            }
            AlterTableAction::DropConstraint(it) => {
                self.go.push(column(it.constraint_name_ref()?.syntax()));
                self.either.push(written);
            }
            AlterTableAction::AlterColumn(it) => match it.option()? {
                AlterColumnOption::SetNotNull(_) => self.not_null(&column(it.column_name_ref()?.syntax()))?,
                AlterColumnOption::SetDefault(_)
                | AlterColumnOption::DropDefault(_)
                | AlterColumnOption::DropNotNull(_) => self.either.push(written),
                _ => return None,
            },
            _ => return None,
        }
        Some(())
    }

    fn constraint(&mut self, constraint: &Constraint, written: String) -> Option<()> {
        if !is_valid(constraint) {
            self.first.push(written);
            return Some(());
        }
        let table = &self.altered.table.name;
        match constraint {
            Constraint::CheckConstraint(it) => {
                let columns = self.columns_of(it.expr()?.syntax());
                // For a key of several columns, PostgreSQL's name contains none of them.
                let columns = if columns.len() == 1 { columns } else { Vec::new() };
                self.declared(constraint, |names| names.choose(table, &columns, "check"));
            }
            Constraint::ForeignKeyConstraint(it) => {
                let world = self.altered.context.world;
                let other = world.relation(&name_of(it.table_name_ref()?.syntax()))?;
                let has_partitions = self.altered.is_partitioned() || other.kind == RelationKind::Partitioned;
                if has_partitions && world.version < PARTITIONED_NOT_VALID {
                    return None;
                }
                self.refers_to_itself |= other.name == self.altered.before.name;
                let columns = it.syntax().children().find_map(ast::ForeignKeyColumnList::cast)?;
                let columns: Vec<_> = columns.column_name_refs().map(|name| column(name.syntax())).collect();
                self.declared(constraint, |names| names.choose(table, &columns, "fkey"));
            }
            Constraint::NotNullConstraint(it) => {
                let name = column(it.column_name_ref()?.syntax());
                self.declared(constraint, |names| names.choose(table, &[name], "not_null"));
            }
            Constraint::UniqueConstraint(it) if it.using_index().is_some() => self.last.push(written),
            Constraint::UniqueConstraint(it) => self.indexed(constraint, &it.index_parameters()?, "UNIQUE")?,
            Constraint::PrimaryKeyConstraint(it) => {
                self.indexed(constraint, &it.index_parameters()?, "PRIMARY KEY")?;
            }
            _ => return None,
        }
        Some(())
    }

    /// Declares a constraint for new rows; the second step validates it for existing rows.
    fn declared(&mut self, constraint: &Constraint, choose: impl FnOnce(&mut Names) -> String) {
        let name = given_name(constraint).unwrap_or_else(|| choose(&mut self.names));
        let definition = without_name(constraint);
        self.first.push(format!("ADD CONSTRAINT {} {definition} NOT VALID", quoted(&name)));
        self.validated.push(quoted(&name));
        self.come.push(name);
    }

    /// Lets a CHECK prove that there is no null, unless one does already, or the column is NOT NULL.
    fn not_null(&mut self, column: &str) -> Option<()> {
        let known = self.altered.before.columns.iter().find(|known| known.name == column)?;
        let constraints = || self.altered.before.constraints.iter().filter(|it| *it.columns == [column.to_owned()]);
        if let Some(declared) = constraints().find(|it| it.kind == 'n' && !it.validated) {
            self.validated.push(quoted(&declared.name));
            return Some(());
        }
        let action = format!("ALTER COLUMN {} SET NOT NULL", quoted(column));
        if known.not_null || self.last.contains(&action) {
            return Some(());
        }
        let name = quoted(column);
        let proof = format!("CHECK (({name} IS NOT NULL))");
        let is_proved = constraints().any(|it| it.kind == 'c' && it.validated && it.definition == proof);
        if !is_proved {
            let helper = quoted(&self.names.choose(&self.altered.table.name, &[column.to_owned()], "present"));
            self.first.push(format!("ADD CONSTRAINT {helper} CHECK ({name} IS NOT NULL) NOT VALID"));
            self.validated.push(helper.clone());
            self.helpers.push(helper);
        }
        self.last.push(action);
        Some(())
    }

    /// Builds the index of a constraint beforehand.
    fn indexed(&mut self, constraint: &Constraint, with: &IndexParameters, kind: &str) -> Option<()> {
        let list = with.column_list()?;
        // An index cannot become a partitioned table's constraint, or one that is more than unique.
        if self.altered.is_partitioned() || self.altered.if_exists || list.without_overlaps().is_some() {
            return None;
        }
        let columns: Vec<_> = list.column_name_refs().map(|name| column(name.syntax())).collect();
        let (in_name, label) = if kind == "PRIMARY KEY" { (&[][..], "pkey") } else { (&columns[..], "key") };
        if kind == "PRIMARY KEY" {
            for name in &columns {
                self.not_null(name)?;
            }
        }
        let table = &self.altered.table;
        // The index may have to exist beside one of the same name that is dropped later: PostgreSQL renames it then.
        let given = given_name(constraint);
        let index = match &given {
            Some(name) => self.names.free(|number| format!("{name}{number}")),
            None => self.names.choose(&table.name, in_name, label),
        };
        let name = quoted(&given.unwrap_or_else(|| index.clone()));
        let index = quoted(&index);
        let parts = [
            with.constraint_include_clause().map(|it| plain(it.syntax())),
            with.nulls_distinct_option().map(|it| plain(it.syntax())),
            with.with_params().map(|it| plain(it.syntax())),
            with.constraint_index_tablespace()
                .and_then(|it| it.tablespace_ref())
                .map(|it| format!("TABLESPACE {}", plain(it.syntax()))),
        ];
        let parts = spaced(parts.into_iter().flatten());
        let columns = plain(list.syntax());
        self.indexes.push(format!("CREATE UNIQUE INDEX CONCURRENTLY {index} ON {table} {columns}{parts}"));
        let options = spaced(options(constraint).map(|option| plain(option.syntax())));
        self.last.push(format!("ADD CONSTRAINT {name} {kind} USING INDEX {index}{options}"));
        Some(())
    }

    /// Returns the table's columns that `expression` names, in the table's order.
    fn columns_of(&self, expression: &SyntaxNode) -> Vec<String> {
        let is_called = |node: &SyntaxNode| {
            node.parent().is_some_and(|parent| {
                parent.kind() == SyntaxKind::CALL_EXPR && parent.children().next().as_ref() == Some(node)
            })
        };
        let names = expression.descendants().filter(|node| node.kind() == SyntaxKind::NAME_REF && !is_called(node));
        let names: Vec<_> = names.map(|node| column(&node)).collect();
        let columns = self.altered.before.columns.iter().map(|column| column.name.clone());
        columns.filter(|column| names.contains(column)).collect()
    }

    fn scripts(mut self) -> Option<Scripts> {
        if self.validated.is_empty() && self.indexes.is_empty() {
            return None;
        }
        // A dropped object is needed until its successor exists.
        if self.indexes.is_empty() {
            self.first.splice(0..0, self.either);
        } else {
            let clashes = self.come.iter().any(|name| self.go.contains(name)) || self.refers_to_itself;
            if clashes {
                return None;
            }
            self.last.splice(0..0, self.either);
        }
        let head = &self.altered.head;
        let one = |actions: Vec<String>| (!actions.is_empty()).then(|| format!("{head} {}", actions.join(", ")));
        let each = |verb: &str, names: Vec<String>| names.iter().map(|name| format!("{verb} {name}")).collect();
        let mut scripts = Scripts::default();
        scripts.add(one(self.first));
        scripts.add(one(each("VALIDATE CONSTRAINT", self.validated)));
        self.indexes.into_iter().for_each(|index| scripts.add([index]));
        scripts.add([one(self.last), one(each("DROP CONSTRAINT", self.helpers))].into_iter().flatten());
        Some(scripts)
    }
}

/// Whether a new column changes only the catalog: the caller knows that nothing is rewritten.
fn is_light(add: &ast::AddColumn) -> bool {
    let constraints: Vec<_> = add.constraints().collect();
    let has_default = constraints.iter().any(|it| matches!(it, Constraint::DefaultConstraint(_)));
    constraints.iter().all(|it| match it {
        Constraint::DefaultConstraint(_) | Constraint::NullConstraint(_) => true,
        Constraint::NotNullConstraint(_) => has_default,
        _ => false,
    })
}

pub(in crate::rules) fn options(constraint: &Constraint) -> impl Iterator<Item = ConstraintOption> {
    constraint.syntax().children().filter_map(ConstraintOption::cast)
}

fn name_clause(constraint: &Constraint) -> Option<SyntaxNode> {
    constraint.syntax().children().find(|node| node.kind() == SyntaxKind::CONSTRAINT_NAME_CLAUSE)
}

fn given_name(constraint: &Constraint) -> Option<String> {
    let clause = name_clause(constraint)?;
    clause.children().find(|node| node.kind() == SyntaxKind::CONSTRAINT_NAME).map(|name| column(&name))
}

fn without_name(constraint: &Constraint) -> String {
    let clause = name_clause(constraint);
    edited(constraint.syntax(), |token| !is_in(token, clause.as_ref()), |_| None)
}

/// Returns the name of a column or a constraint.
fn column(node: &SyntaxNode) -> String {
    identifier(&plain(node))
}

/// Returns the parts, each after a blank.
fn spaced(parts: impl Iterator<Item = String>) -> String {
    parts.flat_map(|part| [" ".to_owned(), part]).collect()
}
