//! Syntax that older servers do not know.

use squawk_syntax::{SyntaxKind, SyntaxNode};

use crate::effects::{has, world::World};

/// A form of a statement, and the first version of PostgreSQL that knows it.
struct Since {
    version: u32,
    what: &'static str,
    is: fn(&SyntaxNode) -> bool,
}

const FORMS: &[Since] = &[
    Since {
        version: 18,
        what: "NOT NULL that is NOT VALID",
        is: |node| node.kind() == SyntaxKind::NOT_NULL_CONSTRAINT && has(node, SyntaxKind::NOT_VALID),
    },
    Since {
        version: 18,
        what: "a constraint that is NOT ENFORCED",
        is: |node| matches!(node.kind(), SyntaxKind::NOT_ENFORCED | SyntaxKind::ENFORCED),
    },
    Since {
        version: 18,
        what: "a generated column that is not STORED",
        is: |node| node.kind() == SyntaxKind::GENERATED_STORED && !has(node, SyntaxKind::STORED_KW),
    },
    Since {
        version: 18,
        what: "a key WITHOUT OVERLAPS",
        is: |node| token(node, SyntaxKind::OVERLAPS_KW) && is_key(node),
    },
    Since { version: 17, what: "SET EXPRESSION", is: |node| node.kind() == SyntaxKind::SET_EXPRESSION },
    Since {
        version: 17,
        what: "MERGE with RETURNING",
        is: |node| {
            node.kind() == SyntaxKind::MERGE
                && node.children().any(|child| child.kind() == SyntaxKind::RETURNING_CLAUSE)
        },
    },
];

fn token(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    node.children_with_tokens().any(|element| element.kind() == kind)
}

fn is_key(node: &SyntaxNode) -> bool {
    node.ancestors()
        .any(|outer| matches!(outer.kind(), SyntaxKind::PRIMARY_KEY_CONSTRAINT | SyntaxKind::UNIQUE_CONSTRAINT))
}

pub(super) fn refused(statement: &SyntaxNode, world: &World) -> Option<String> {
    let newer = FORMS.iter().filter(|form| world.version < form.version * 10_000).collect::<Vec<_>>();
    if newer.is_empty() {
        return None;
    }
    let found = statement.descendants().find_map(|node| newer.iter().find(|form| (form.is)(&node)).copied())?;
    Some(format!(
        "PostgreSQL {} does not know {}: that came with {}",
        world.version / 10_000,
        found.what,
        found.version
    ))
}
