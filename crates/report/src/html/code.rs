//! Splits a script into the pieces of its statements, and shows their lines.

use super::highlight;
use super::writer::Writer;
use crate::{MigrationReport, Verdict};

/// The number of lines from which on a listing scrolls within itself.
const LONG: usize = 60;

/// A part of a script. All parts in order make up the whole script.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece<'a> {
    /// The index of the statement with which it ends; `None` after the last statement.
    pub(super) statement: Option<usize>,
    /// The first line, from 1.
    pub(super) line: usize,
    /// The text, with the comments before the statement.
    pub(super) text: &'a str,
}

/// Returns the pieces of a script: each statement with the text before it, to the end of its line.
pub(super) fn pieces(migration: &MigrationReport) -> Vec<Piece<'_>> {
    let sql = migration.sql.as_str();
    let mut pieces = Vec::with_capacity(migration.statements.len() + 1);
    let (mut at, mut line) = (0, 1);
    for (index, statement) in migration.statements.iter().enumerate() {
        let ends = sql.ceil_char_boundary(statement.end).max(at);
        let next = migration.statements.get(index + 1).map_or(sql.len(), |next| sql.floor_char_boundary(next.start));
        let end_of_line = sql[ends..].find('\n').map_or(sql.len(), |found| ends + found + 1);
        let end = end_of_line.min(next).max(ends);
        pieces.push(Piece { statement: Some(index), line, text: &sql[at..end] });
        line += sql[at..end].matches('\n').count();
        at = end;
    }
    if at < sql.len() || pieces.is_empty() {
        pieces.push(Piece { statement: None, line, text: &sql[at..] });
    }
    pieces
}

/// A line of a listing.
pub(super) struct Line<'a> {
    number: usize,
    parts: Vec<highlight::Part<'a>>,
}

impl Piece<'_> {
    /// Returns its lines, without empty ones at the beginning and the end.
    pub(super) fn lines(&self) -> Vec<Line<'_>> {
        let is_empty = |line: &Line<'_>| line.parts.iter().all(|part| part.text.trim_matches([' ', '\t']).is_empty());
        let numbered = highlight::lines(self.text).into_iter().zip(self.line..);
        let mut lines: Vec<Line<'_>> =
            numbered.map(|(parts, number)| Line { number, parts }).skip_while(is_empty).collect();
        while lines.last().is_some_and(is_empty) {
            lines.pop();
        }
        lines
    }
}

/// Writes a listing of a script. Its last line is marked if there is a finding at it.
pub(super) fn listing(page: &mut Writer, lines: &[Line<'_>], last: Option<Verdict>) {
    let (Some(first), Some(end)) = (lines.first(), lines.last()) else { return };
    let label = format!("SQL, lines {} to {}", first.number, end.number);
    write(page, lines, last, "", &label);
}

/// Writes a listing of SQL that is in no script yet.
pub(super) fn proposal(page: &mut Writer, lines: &[Line<'_>]) {
    write(page, lines, None, " proposed", "SQL that is proposed");
}

fn write(page: &mut Writer, lines: &[Line<'_>], last: Option<Verdict>, kind: &str, label: &str) {
    let Some((end, before)) = lines.split_last() else { return };
    let long = if lines.len() > LONG { " long" } else { "" };
    let class = format!("sql{kind}{long}");
    // A listing that scrolls has to be reachable without a pointer.
    let attributes = [("class", class.as_str()), ("tabindex", "0"), ("role", "group"), ("aria-label", label)];
    page.with("pre", &attributes, |listing| {
        listing.of("code", "", |code| {
            for line in before {
                line.write(code, "l");
            }
            end.write(code, &last.map_or_else(|| "l".to_owned(), |verdict| format!("l {}", verdict.name())));
        });
    });
}

impl Line<'_> {
    fn write(&self, code: &mut Writer, class: &str) {
        code.with("span", &[("class", class), ("data-n", &self.number.to_string())], |line| {
            for part in &self.parts {
                match part.class {
                    "" => line.lines(part.text),
                    class => line.of("span", class, |token| token.lines(part.text)),
                }
            }
            line.lines("\n");
        });
    }
}

/// Returns the lines up to `number`, and the rest.
pub(super) fn split_behind<'a, 'b>(lines: &'b [Line<'a>], number: usize) -> (&'b [Line<'a>], &'b [Line<'a>]) {
    lines.split_at(lines.partition_point(|line| line.number <= number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_pieces_are_the_whole_script() {
        let reports = [sample::small(), sample::hostile()];
        for migration in reports.iter().flat_map(|report| &report.migrations) {
            let pieces = pieces(migration);
            assert_eq!(pieces.iter().map(|piece| piece.text).collect::<String>(), migration.sql);
            for piece in &pieces {
                let before = migration.sql.len() - pieces_from(&pieces, piece);
                assert_eq!(piece.line, migration.sql[..before].matches('\n').count() + 1);
            }
        }
    }

    fn pieces_from(pieces: &[Piece<'_>], from: &Piece<'_>) -> usize {
        pieces.iter().skip_while(|piece| *piece != from).map(|piece| piece.text.len()).sum()
    }

    #[test]
    fn two_statements_of_one_line_are_two_pieces() {
        let mut migration = sample::small().migrations.remove(0);
        let sql = "-- both\nSELECT 1; SELECT 2; -- done\n\n-- end\n";
        migration.statements.truncate(1);
        migration.statements.push(migration.statements[0].clone());
        for (statement, what) in migration.statements.iter_mut().zip(["SELECT 1", "SELECT 2"]) {
            statement.start = sql.find(what).unwrap();
            statement.end = statement.start + what.len();
        }
        migration.sql = sql.to_owned();
        let texts: Vec<_> = pieces(&migration).iter().map(|piece| (piece.line, piece.text)).collect();
        assert_eq!(texts, [(1, "-- both\nSELECT 1; "), (2, "SELECT 2; -- done\n"), (3, "\n-- end\n")]);
    }
}
