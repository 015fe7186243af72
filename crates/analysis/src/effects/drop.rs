//! DROP and TRUNCATE: the dependent relations are locked too.

use report::Lock;
use squawk_syntax::ast::{self, AstNode as _, DropBehavior};

use super::alter_table::dropped;
use super::{Unknown, What, name_of, world::World};
use crate::name::Name;

pub(super) fn tables(drop: &ast::DropTable, world: &mut World) {
    let cascades = matches!(drop.drop_behavior(), Some(DropBehavior::Cascade(_)));
    let going: Vec<Name> = drop.table_name_refs().map(|name| world.resolve(&name_of(name.syntax()))).collect();
    for written in drop.table_name_refs().map(|name| name_of(name.syntax())).collect::<Vec<_>>() {
        if !cascades
            && world.relation(&written).is_some()
            && let Some(other) =
                referring(&world.resolve(&written), world).into_iter().find(|other| !going.contains(other))
        {
            world.fails(format!("a foreign key of {other} refers to {}", world.resolve(&written)));
        }
        if let Some(view) = world.user_of(&written, None).filter(|_| !cascades) {
            world.fails(format!("the view {view} uses {}", world.resolve(&written)));
        }
        if world.relation(&written).is_none() {
            // An earlier statement that could not be read may have made it.
            if drop.if_exists().is_none() && !world.has_failed() {
                world.changes(&written, What::Drop);
            }
            continue;
        }
        let gone = world.family(&written);
        for name in &gone {
            world.changes(name, What::Drop);
        }
        if let Some(parent) = world.relation(&written).and_then(|relation| relation.parent.clone()) {
            world.lock(&parent, Lock::AccessExclusive);
            if let Some(default) = world.relation(&parent).and_then(|relation| relation.default_partition.clone()) {
                world.lock(&default, Lock::AccessExclusive);
            }
        }
        for name in &gone {
            world.lock(name, Lock::AccessExclusive);
            let constraints = world.relation(name).map_or_else(Vec::new, |relation| relation.constraints.clone());
            for constraint in constraints.iter().filter(|it| it.kind == 'f') {
                dropped(name, constraint, world);
            }
            if cascades {
                for other in referring(name, world) {
                    world.lock(&other, Lock::AccessExclusive);
                }
                let mut known = world.users_of(name, None);
                known.extend(referring(name, world).iter().map(|other| format!("the foreign key of {other}")));
                world.opaque(Unknown::cascade(&name.to_string(), &known));
            }
        }
        for name in &gone {
            world.remove(name);
        }
    }
}

/// Returns the tables whose foreign keys refer to `table`.
fn referring(table: &Name, world: &World) -> Vec<Name> {
    world.referring(|constraint| constraint.refers_to.as_ref() == Some(table))
}

pub(super) fn truncate(truncate: &ast::Truncate, world: &mut World) {
    let cascades = matches!(truncate.drop_behavior(), Some(DropBehavior::Cascade(_)));
    let mut pending: Vec<Name> = Vec::new();
    for target in truncate.table_list().into_iter().flat_map(|list| list.table_relation_names()) {
        let Some(written) = target.table_name_ref().map(|name| name_of(name.syntax())) else { continue };
        pending.extend(if target.only_token().is_some() {
            vec![world.resolve(&written)]
        } else {
            world.family(&written)
        });
    }
    let referring_to = pending.iter().find_map(|name| {
        // A key that is not enforced is not validated either, and refuses nothing.
        let others = world.referring(|it| it.validated && it.refers_to.as_ref() == Some(name));
        others.into_iter().find(|other| !pending.contains(other)).map(|other| (name, other))
    });
    if let Some((name, other)) = referring_to.filter(|_| !cascades) {
        let why = format!(
            "a foreign key of {other} refers to {name}, and without CASCADE that refuses TRUNCATE of {name} alone"
        );
        world.fails(why);
    }
    let mut done = Vec::new();
    while let Some(name) = pending.pop() {
        if done.contains(&name) {
            continue;
        }
        // Empty files replace the old ones, however large those are.
        world.lock(&name, Lock::AccessExclusive);
        world.changes(&name, What::Truncate);
        if cascades {
            pending.extend(referring(&name, world));
        }
        done.push(name);
    }
}
