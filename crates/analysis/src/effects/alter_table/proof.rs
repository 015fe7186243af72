//! Decides whether a CHECK proves that a column has no null.

use squawk_syntax::ast::{self, AstNode as _, BinOp, Expr};
use squawk_syntax::{SourceFile, SyntaxKind};

use crate::effects::{identifier_of, text};

/// Whether a CHECK's definition is `column IS NOT NULL`, perhaps followed by AND and more. Any other form may prove
/// less.
pub(super) fn says_not_null(definition: &str, column: &str) -> bool {
    let parse = SourceFile::parse(&format!("ALTER TABLE t ADD {definition}"));
    let check = parse.tree().syntax().descendants().find_map(ast::CheckConstraint::cast);
    parse.errors().is_empty() && check.and_then(|check| check.expr()).is_some_and(|expr| needs(&expr, column))
}

/// Whether `expr` is not true for a row with a null in the column.
fn needs(expr: &Expr, column: &str) -> bool {
    match expr {
        Expr::ParenExpr(it) => it.expr().is_some_and(|inner| needs(&inner, column)),
        Expr::BinExpr(it) => {
            let (Some(left), Some(right)) = (it.lhs(), it.rhs()) else { return false };
            match it.op() {
                Some(BinOp::And(_)) => needs(&left, column) || needs(&right, column),
                Some(BinOp::IsNot(_)) => is_column(&left, column) && text(right.syntax()).eq_ignore_ascii_case("null"),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_column(expr: &Expr, column: &str) -> bool {
    match expr {
        Expr::ParenExpr(it) => it.expr().is_some_and(|inner| is_column(&inner, column)),
        _ => expr.syntax().kind() == SyntaxKind::NAME_REF && identifier_of(expr.syntax()) == column,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_condition_that_must_be_true_is_a_proof() {
        for (definition, proves) in [
            ("CHECK ((a IS NOT NULL))", true),
            ("CHECK (((a > 0) AND ((b IS NULL) AND (a IS NOT NULL))))", true),
            ("CHECK ((A) is not null and a > 0)", true),
            ("CHECK (\"a\" IS NOT NULL) NO INHERIT", true),
            ("CHECK ((a IS NOT NULL)) NOT VALID", true),
            ("CHECK ((\"A\" IS NOT NULL))", false),
            ("CHECK ((b IS NOT NULL))", false),
            ("CHECK ((a IS NULL))", false),
            ("CHECK ((a IS NOT TRUE))", false),
            ("CHECK ((a IS NOT DISTINCT FROM NULL::integer))", false),
            ("CHECK (((a IS NOT NULL) OR (b > 0)))", false),
            ("CHECK ((NOT ((a IS NOT NULL) AND (b IS NOT NULL))))", false),
            ("CHECK (((a IS NOT NULL) AND (b IS NOT NULL)) IS NOT TRUE)", false),
            ("CHECK (((a IS NOT NULL) = (b IS NOT NULL)))", false),
            ("CHECK (CASE WHEN ((b > 1) AND (a IS NOT NULL) AND (b > 0)) THEN true ELSE false END)", false),
            ("CHECK (f((a IS NOT NULL)))", false),
            ("CHECK (('a IS NOT NULL'::text <> ''::text))", false),
            ("CHECK ((a.b IS NOT NULL))", false),
            ("CHECK ((a IS NOT NULL", false),
            ("", false),
        ] {
            assert_eq!(says_not_null(definition, "a"), proves, "{definition}");
        }
    }
}
