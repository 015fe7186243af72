//! Finds the privileges that a statement needs.

use squawk_syntax::ast::{self, AlterTableAction, AstNode, Constraint, Stmt};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::effects::{World, is_temporary, made, name_of};
use crate::name::{Name, identifier};
use crate::server::{Need, Privilege};

/// Returns what `statement` needs in the `world` before it, concerning what existed before the plan.
pub(crate) fn needs(statement: &Stmt, world: &World) -> Vec<Need> {
    let mut found = Found { world, needs: Vec::new() };
    let node = statement.syntax();
    match statement {
        Stmt::AlterTable(it) => {
            found.each(it.table_relation_name().as_ref().map(AstNode::syntax), Need::Alter);
            for action in it.actions() {
                if let AlterTableAction::AddConstraint(added) = &action
                    && matches!(added.constraint(), Some(Constraint::ForeignKeyConstraint(_)))
                {
                    found.each(Some(added.syntax()), |name| Need::Do(Privilege::References, name));
                }
                if let AlterTableAction::AddColumn(added) = &action {
                    found.each(Some(added.syntax()), |name| Need::Do(Privilege::References, name));
                }
            }
        }
        Stmt::CreateIndex(it) => found.each(it.table_relation_name().as_ref().map(AstNode::syntax), Need::Alter),
        Stmt::AlterIndex(_) | Stmt::AlterView(_) | Stmt::AlterMaterializedView(_) | Stmt::AlterSequence(_) => {
            found.first(node, Need::Alter);
        }
        Stmt::CommentOn(_)
        | Stmt::CreatePolicy(_)
        | Stmt::AlterPolicy(_)
        | Stmt::DropPolicy(_)
        | Stmt::CreateRule(_)
        | Stmt::DropRule(_)
        | Stmt::DropTrigger(_)
        | Stmt::CreateStatistics(_) => found.first(node, Need::Alter),
        Stmt::DropTable(_)
        | Stmt::DropIndex(_)
        | Stmt::DropView(_)
        | Stmt::DropMaterializedView(_)
        | Stmt::DropSequence(_) => found.each(Some(node), Need::Drop),
        Stmt::CreateTable(it) => {
            found.creates(node, it.table_name().as_ref().map(AstNode::syntax));
            found.each(it.table_arg_list().as_ref().map(AstNode::syntax), |name| Need::Do(Privilege::References, name));
        }
        Stmt::CreateTableAs(it) => {
            found.creates(node, it.table_name().as_ref().map(AstNode::syntax));
            found.reads(it.query().map(|query| query.syntax().clone()), None);
        }
        Stmt::CreateView(it) => found.creates(node, it.view().as_ref().map(AstNode::syntax)),
        Stmt::CreateMaterializedView(it) => {
            found.creates(node, it.view().as_ref().map(AstNode::syntax));
            found.reads(it.query().map(|query| query.syntax().clone()), None);
        }
        Stmt::CreateSchema(_) => found.needs.push(Need::CreateSchema),
        Stmt::CreateDatabase(_) => found.needs.push(Need::CreateDatabase),
        Stmt::CreateRole(_) | Stmt::CreateUser(_) | Stmt::CreateGroup(_) => found.needs.push(Need::CreateRole),
        Stmt::CreateExtension(it) => {
            let name = it.syntax().descendants().find(|inner| inner.kind() == SyntaxKind::EXTENSION);
            found.needs.extend(name.map(|name| Need::CreateExtension(identifier(&name.text().to_string()))));
        }
        Stmt::CreateTrigger(it) => {
            found.each(it.on_relation().as_ref().map(AstNode::syntax), |name| Need::Do(Privilege::Trigger, name));
        }
        Stmt::Truncate(_) => found.each(Some(node), |name| Need::Do(Privilege::Truncate, name)),
        Stmt::Refresh(_) | Stmt::Reindex(_) | Stmt::Cluster(_) => {
            found.first(node, |name| Need::Do(Privilege::Maintain, name));
        }
        Stmt::Vacuum(_) | Stmt::Analyze(_) => found.each(Some(node), |name| Need::Do(Privilege::Vacuum, name)),
        Stmt::Insert(it) => {
            found.writes(node, it.relation_name_ref().as_ref().map(AstNode::syntax), Privilege::Insert);
        }
        Stmt::Update(it) => found.writes(node, relation(it.relation_name()).as_ref(), Privilege::Update),
        Stmt::Delete(it) => found.writes(node, relation(it.relation_name()).as_ref(), Privilege::Delete),
        Stmt::Select(_) | Stmt::CompoundSelect(_) | Stmt::ParenSelect(_) | Stmt::Table(_) => {
            found.reads(Some(node.clone()), None);
        }
        _ => {}
    }
    found.needs
}

fn relation(name: Option<ast::RelationName>) -> Option<SyntaxNode> {
    name.and_then(|name| name.relation_name_ref()).map(|name| name.syntax().clone())
}

struct Found<'a> {
    world: &'a World,
    needs: Vec<Need>,
}

impl Found<'_> {
    /// Adds the need for every relation that `node` names and that existed before.
    fn each(&mut self, node: Option<&SyntaxNode>, need: impl Fn(Name) -> Need) {
        for name in node.into_iter().flat_map(SyntaxNode::descendants).filter(names_relation) {
            self.add(&name, &need);
        }
    }

    /// Adds the need for the first relation only.
    fn first(&mut self, node: &SyntaxNode, need: impl Fn(Name) -> Need) {
        if let Some(name) = node.descendants().find(names_relation) {
            self.add(&name, &need);
        }
    }

    fn add(&mut self, name: &SyntaxNode, need: &impl Fn(Name) -> Need) {
        if let Some(name) = self.world.existing(&name_of(name)) {
            self.needs.push(need(name));
        }
    }

    /// Adds the need for making a relation of this name.
    fn creates(&mut self, statement: &SyntaxNode, name: Option<&SyntaxNode>) {
        let Some(name) = name.map(|name| made(statement, &name_of(name))) else { return };
        if !is_temporary(&name)
            && self.world.existing(&name).is_none()
            && let Some(schema) = self.world.schema_of(&name)
        {
            self.needs.push(Need::CreateIn(schema));
        }
    }

    fn reads(&mut self, node: Option<SyntaxNode>, except: Option<&SyntaxNode>) {
        let Some(node) = node else { return };
        for name in node.descendants().filter(names_relation).filter(|name| Some(name) != except) {
            self.add(&name, &|name| Need::Do(Privilege::Select, name));
        }
    }

    fn writes(&mut self, node: &SyntaxNode, target: Option<&SyntaxNode>, privilege: Privilege) {
        if let Some(target) = target {
            self.add(target, &|name| Need::Do(privilege, name));
        }
        self.reads(Some(node.clone()), target);
    }
}

fn names_relation(node: &SyntaxNode) -> bool {
    matches!(
        node.kind(),
        SyntaxKind::TABLE_NAME_REF
            | SyntaxKind::RELATION_NAME_REF
            | SyntaxKind::VIEW_REF
            | SyntaxKind::INDEX_REF
            | SyntaxKind::SEQUENCE_REF
    )
}
