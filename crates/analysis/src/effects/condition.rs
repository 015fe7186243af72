//! Decides whether a condition finds only a few rows, whatever the table contains.

use std::collections::BTreeMap;

use squawk_syntax::ast::{self, AstNode as _, BinOp, Expr, LitKind};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::identifier_of;
use crate::catalog::{Column, Index};

/// So many rows can be changed at once without a long wait for a session that needs one of them.
const FEW: u64 = 100_000;

/// How many rows a condition can find.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// All rows: it names no column.
    All,
    /// Any number.
    Any,
    /// At most so many rows, which are few: it gives the values of a key's columns.
    Few(u64),
}

/// Returns how many rows the condition `expr` finds of a table that is called by one of `names`, and has these
/// `columns` and `indexes`.
pub(super) fn found(expr: Option<&Expr>, names: &[String], columns: &[Column], indexes: &[Index]) -> Found {
    let Some(expr) = expr else { return Found::All };
    let whole = |column: &&Column| ["smallint", "integer", "bigint"].contains(&column.of_type.as_str());
    let whole = columns.iter().filter(whole).map(|column| column.name.as_str()).collect();
    let mut bounds = Bounds { names, whole, values: BTreeMap::new(), least: BTreeMap::new(), most: BTreeMap::new() };
    bounds.read(expr);
    if let Some(few) = indexes.iter().filter(|index| index.unique).filter_map(|index| bounds.few(&index.key)).min() {
        return Found::Few(few);
    }
    if expr.syntax().descendants().any(|node| is_column(&node)) { Found::Any } else { Found::All }
}

fn is_column(node: &SyntaxNode) -> bool {
    // A function's name is the first part of its call.
    let is_called = node.parent().is_some_and(|parent| parent.kind() == SyntaxKind::CALL_EXPR);
    node.kind() == SyntaxKind::NAME_REF && !is_called
}

/// The limits that the parts of a condition, joined by AND, set to columns.
struct Bounds<'a> {
    names: &'a [String],
    /// The columns of whole numbers. For other types there can be any number of values between two.
    whole: Vec<&'a str>,
    /// How many values a column can have.
    values: BTreeMap<String, u64>,
    least: BTreeMap<String, i64>,
    most: BTreeMap<String, i64>,
}

impl Bounds<'_> {
    fn read(&mut self, expr: &Expr) {
        match expr {
            Expr::ParenExpr(it) => {
                if let Some(inner) = it.expr() {
                    self.read(&inner);
                }
            }
            Expr::BinExpr(it) => {
                if let (Some(left), Some(op), Some(right)) = (it.lhs(), it.op(), it.rhs()) {
                    self.compared(&left, &op, &right);
                }
            }
            Expr::BetweenExpr(it) if it.not_token().is_none() && it.between_symmetry().is_none() => {
                let column = it.target().and_then(|target| self.column(&target));
                let ends = it.start().and_then(|start| number(&start)).zip(it.end().and_then(|end| number(&end)));
                if let (Some(column), Some((start, end))) = (column, ends) {
                    self.least.insert(column.clone(), start);
                    self.most.insert(column, end);
                }
            }
            _ => {}
        }
    }

    fn compared(&mut self, left: &Expr, op: &BinOp, right: &Expr) {
        if let BinOp::And(_) = op {
            self.read(left);
            self.read(right);
            return;
        }
        let (column, right) = match (self.column(left), self.column(right)) {
            (Some(column), None) => (column, right),
            (None, Some(column)) if matches!(op, BinOp::Eq(_)) => (column, left),
            _ => return,
        };
        match op {
            BinOp::Eq(_) if is_value(right) => {
                self.values.insert(column, 1);
            }
            BinOp::Eq(_) => self.values.extend(any_of(right).map(|many| (column, many))),
            BinOp::In(_) => {
                let Expr::TupleExpr(list) = right else {
                    // One value in parentheses.
                    if matches!(right, Expr::ParenExpr(it) if it.expr().is_some_and(|expr| is_value(&expr))) {
                        self.values.insert(column, 1);
                    }
                    return;
                };
                let values: Vec<_> = list.exprs().collect();
                if values.iter().all(is_value) {
                    self.values.insert(column, values.len() as u64);
                }
            }
            BinOp::Gteq(_) => self.least.extend(number(right).map(|number| (column, number))),
            BinOp::RAngle(_) => self.least.extend(number(right).map(|number| (column, number.saturating_add(1)))),
            BinOp::Lteq(_) => self.most.extend(number(right).map(|number| (column, number))),
            BinOp::LAngle(_) => self.most.extend(number(right).map(|number| (column, number.saturating_sub(1)))),
            _ => {}
        }
    }

    /// Returns the column of the table that `expr` is.
    fn column(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::NameRef(it) => Some(identifier_of(it.syntax())),
            Expr::FieldExpr(it) => {
                let Some(Expr::NameRef(of)) = it.base() else { return None };
                let is_of_table = self.names.contains(&identifier_of(of.syntax()));
                it.field().filter(|_| is_of_table).map(|field| identifier_of(field.syntax()))
            }
            Expr::ParenExpr(it) => self.column(&it.expr()?),
            _ => None,
        }
    }

    /// Returns how many values the columns of a unique `key` can have together, if those are few.
    fn few(&self, key: &[String]) -> Option<u64> {
        let many = key.iter().map(|column| self.many(column)).try_fold(1_u64, |all, one| all.checked_mul(one?));
        many.filter(|many| !key.is_empty() && *many <= FEW)
    }

    fn many(&self, column: &str) -> Option<u64> {
        let between = || {
            if !self.whole.contains(&column) {
                return None;
            }
            let (least, most) = (self.least.get(column)?, self.most.get(column)?);
            u64::try_from(most.saturating_sub(*least).saturating_add(1).max(0)).ok()
        };
        self.values.get(column).copied().or_else(between)
    }
}

/// Whether `expr` has one value that depends on no row.
fn is_value(expr: &Expr) -> bool {
    match expr {
        Expr::Literal(_) => true,
        Expr::CastExpr(it) => it.syntax().children().find_map(Expr::cast).is_some_and(|inner| is_value(&inner)),
        Expr::PrefixExpr(it) => it.expr().is_some_and(|inner| is_value(&inner)),
        Expr::ParenExpr(it) => it.expr().is_some_and(|inner| is_value(&inner)),
        _ => false,
    }
}

/// Returns how many values `ANY (…)` has, if they are listed.
fn any_of(expr: &Expr) -> Option<u64> {
    let any = expr.syntax().children().find(|node| node.kind() == SyntaxKind::ANY_FN)?;
    let mut inner = any.children().find_map(Expr::cast)?;
    while let Expr::CastExpr(it) = &inner {
        inner = it.syntax().children().find_map(Expr::cast)?;
    }
    match &inner {
        Expr::Literal(it) => Some(it.syntax().text().to_string().split(',').count() as u64),
        Expr::ArrayExpr(it) => {
            let values: Vec<_> = it.syntax().children().filter_map(Expr::cast).collect();
            values.iter().all(is_value).then_some(values.len() as u64)
        }
        _ => None,
    }
}

/// Returns a whole number.
fn number(expr: &Expr) -> Option<i64> {
    match expr {
        Expr::Literal(it) => match it.kind()? {
            LitKind::IntNumber(token) => token.text().replace('_', "").parse().ok(),
            _ => None,
        },
        Expr::PrefixExpr(it) => {
            let is_minus = it.syntax().first_token().is_some_and(|token| token.text() == "-");
            it.expr().filter(|_| is_minus).and_then(|inner| number(&inner)).map(i64::saturating_neg)
        }
        _ => None,
    }
}

/// Returns the condition of an UPDATE or a DELETE; `None` where there is none. A cursor's row counts as one row.
pub(super) fn of(clause: Option<ast::WhereClauseOrCurrentOf>) -> Result<Option<Expr>, Found> {
    match clause {
        None => Ok(None),
        Some(ast::WhereClauseOrCurrentOf::WhereClause(it)) => it.expr().map(Some).ok_or(Found::Any),
        Some(ast::WhereClauseOrCurrentOf::WhereCurrentOf(_)) => Err(Found::Few(1)),
    }
}

#[cfg(test)]
mod tests {
    use squawk_syntax::SourceFile;

    use super::*;
    use crate::name::Name;

    fn condition(sql: &str) -> Found {
        let parse = SourceFile::parse(&format!("DELETE FROM shop.orders o WHERE {sql}"));
        let ast::Stmt::Delete(delete) = parse.tree().stmts().next().unwrap() else { panic!("not a DELETE") };
        let names = ["orders".to_owned(), "o".to_owned()];
        let columns = [("id", "integer"), ("shop", "text"), ("number", "bigint"), ("score", "double precision")];
        let columns = columns.map(|(name, of_type)| Column {
            name: name.into(),
            of_type: of_type.into(),
            not_null: true,
            collated: false,
            generated: ' ',
            default: None,
            nulls: None,
            most: None,
            indexes: Vec::new(),
        });
        let keys = [&["id"][..], &["shop", "number"], &["score"]];
        let indexes = keys.map(|key| Index {
            name: Name::unqualified("key"),
            unique: true,
            key: key.iter().map(|column| (*column).to_owned()).collect(),
            computed: false,
            finds: Vec::new(),
        });
        of(delete.where_clause_or_current_of())
            .map_or_else(|few| few, |expr| found(expr.as_ref(), &names, &columns, &indexes))
    }

    #[test]
    fn a_key_finds_few_rows() {
        for (sql, many) in [
            ("id = 1", 1),
            ("o.id = 1 AND total > 3", 1),
            ("(id) = (7::bigint)", 1),
            ("id IN (1, 2, 3)", 3),
            ("id IN (1)", 1),
            ("id BETWEEN -5 AND 5", 11),
            ("id >= 1 AND id < 5000", 4999),
            ("shop = 'a' AND number IN (1, 2)", 2),
            ("CURRENT OF c", 1),
            ("5 = id", 1),
            ("id = ANY ('{1,2}'::integer[])", 2),
            ("id = ANY (ARRAY[1, 2])", 2),
            ("score = 1.5", 1),
            ("id BETWEEN 1 AND 1000 AND shop = 'a' AND number = 7", 1),
        ] {
            assert_eq!(condition(sql), Found::Few(many), "{sql}");
        }
    }

    #[test]
    fn everything_else_finds_any_number() {
        for sql in [
            "id > 0",
            "id <> 1",
            "id = 1 OR total > 3",
            "NOT id = 1",
            "id = total",
            "other.id = 1",
            "id NOT BETWEEN 1 AND 2",
            "id BETWEEN 1 AND 100000000",
            "id IN (SELECT id FROM customers)",
            "shop = 'a'",
            "id = (SELECT max(id) FROM orders)",
            "id::text = '1'",
            "score BETWEEN 0 AND 1",
            "id = ANY (SELECT id FROM customers)",
            "id = number",
        ] {
            assert_eq!(condition(sql), Found::Any, "{sql}");
        }
    }

    #[test]
    fn a_condition_without_a_column_finds_all() {
        assert_eq!(["true", "1 = 1", "now() > '2020-01-01'"].map(condition), [Found::All; 3]);
    }
}
