//! The migrations in the order in which they run: the SQL, with the findings at its lines.

use std::collections::HashMap;

use super::code::{self, Line, Piece};
use super::picture;
use super::writer::Writer;
use crate::quantity::plural;
use crate::{
    Effect, Finding, MigrationReport, Report, Safer, Source, StatementReport, Suppression, Table, Verdict, words,
};

/// The number of migrations from which on the page has a list of them.
const MANY: usize = 10;

/// The existing tables, by name.
type Tables<'a> = HashMap<&'a str, &'a Table>;

pub(super) fn migrations(page: &mut Writer, report: &Report) {
    let tables = report.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    page.with("section", &[("aria-labelledby", "migrations")], |section| {
        section.with("h2", &[("id", "migrations")], |heading| {
            heading.text("Migrations, in the order in which they run");
        });
        if report.migrations.is_empty() {
            section.say("p", "", "None is pending.");
        }
        if report.migrations.len() >= MANY {
            list(section, report);
        }
        for (at, migration) in report.migrations.iter().enumerate() {
            self::migration(section, at + 1, migration, &tables);
        }
    });
}

fn list(section: &mut Writer, report: &Report) {
    section.of("details", "list", |details| {
        details.say("summary", "", &format!("List of all {}", plural(report.migrations.len(), "migration")));
        details.of("ol", "", |list| {
            for (at, migration) in report.migrations.iter().enumerate() {
                list.of("li", "", |item| {
                    picture::badge(item, migration.worst());
                    item.text(" ");
                    let place = format!("#m{}", at + 1);
                    item.with("a", &[("href", &place)], |link| link.name(&migration.name));
                });
            }
        });
    });
}

fn migration(section: &mut Writer, number: usize, migration: &MigrationReport, tables: &Tables<'_>) {
    let verdict = migration.worst();
    let (id, title) = (format!("m{number}"), format!("t{number}"));
    let class = format!("migration {}", verdict.name());
    section.with("article", &[("class", &class), ("id", &id), ("aria-labelledby", &title)], |article| {
        article.with("h3", &[("id", &title)], |heading| {
            heading.say("span", "number", &format!("{number}. "));
            heading.name(&migration.name);
            heading.text(" ");
            picture::badge(heading, verdict);
        });
        article.say("p", "why", &migration.why);
        article.of("p", "small", |line| {
            line.text("How it runs: ");
            line.text(migration.class.name());
        });
        if let Some(blocking) = &migration.blocking {
            picture::waiting(article, blocking, "In all: ");
        }
        if !migration.suppressed.is_empty() {
            suppressed(article, &migration.suppressed);
        }
        let open = [("open", "")];
        // A safe statement takes one line until the reader opens it.
        article.with("details", if verdict == Verdict::Safe { &[] } else { &open }, |details| {
            details.say("summary", "", &contents(migration));
            for piece in code::pieces(migration) {
                match piece.statement.and_then(|at| Some((at, migration.statements.get(at)?))) {
                    None => code::listing(details, &piece.lines(), None),
                    Some((at, statement)) => {
                        self::statement(details, &format!("{id}s{}", at + 1), statement, &piece, tables);
                    }
                }
            }
        });
    });
}

fn contents(migration: &MigrationReport) -> String {
    let lines = plural(migration.sql.lines().count(), "line");
    match migration.statements.len() {
        0 => format!("SQL, {lines}; its statements are not known"),
        many => format!("SQL, {} in {lines}", plural(many, "statement")),
    }
}

fn suppressed(article: &mut Writer, suppressed: &[Suppression]) {
    article.say("p", "small", "Comments in it tell squawk to ignore findings:");
    article.of("ul", "small", |list| {
        for suppression in suppressed {
            list.of("li", "", |item| {
                item.text(&words::suppression(suppression));
                item.text(": ");
                match suppression.rules.as_slice() {
                    [] => item.text("every rule"),
                    rules => names(item, rules.iter().map(String::as_str)),
                }
            });
        }
    });
}

/// Writes names with commas between them.
pub(super) fn names<'a>(page: &mut Writer, names: impl Iterator<Item = &'a str>) {
    for (at, name) in names.enumerate() {
        if at > 0 {
            page.text(", ");
        }
        page.name(name);
    }
}

fn statement(details: &mut Writer, id: &str, statement: &StatementReport, piece: &Piece<'_>, tables: &Tables<'_>) {
    let class = format!("statement {}", statement.verdict.name());
    let title = format!("{id}t");
    details.with("section", &[("class", &class), ("id", id), ("aria-labelledby", &title)], |section| {
        section.with("h4", &[("id", &title)], |heading| {
            picture::badge(heading, statement.verdict);
            heading.text(" ");
            heading.prose(&statement.what);
        });
        section.say("p", "", &statement.why);
        if statement.opaque {
            section.say("p", "small", "A part of what it does is not known, as a finding says.");
        }
        if let Some(blocking) = &statement.blocking {
            picture::waiting(section, blocking, "");
        }
        with_findings(section, &piece.lines(), statement);
        if !statement.effects.is_empty() {
            locks(section, &statement.effects, tables);
        }
        if let Some(safer) = &statement.safer {
            self::safer(section, safer);
        }
    });
}

/// Writes the lines, with the findings below the lines that they are about.
fn with_findings(section: &mut Writer, lines: &[Line<'_>], of: &StatementReport) {
    let mut by_line: Vec<&Finding> = of.findings.iter().collect();
    by_line.sort_by_key(|finding| finding.line);
    let mut lines = lines;
    for group in by_line.chunk_by(|one, other| one.line == other.line) {
        let (above, below) = code::split_behind(lines, group[0].line);
        let worst = group.iter().map(|finding| finding.verdict).max();
        code::listing(section, above, worst);
        section.of("ul", "findings", |list| group.iter().for_each(|finding| self::finding(list, finding, of)));
        lines = below;
    }
    code::listing(section, lines, None);
}

fn finding(list: &mut Writer, finding: &Finding, of: &StatementReport) {
    list.of("li", finding.verdict.name(), |item| {
        item.of("p", "", |line| {
            picture::badge(line, finding.verdict);
            line.prose(&format!(" line {}: {}", finding.line, finding.text));
        });
        if let Some(help) = finding.help.as_ref().filter(|help| !of.says(help)) {
            item.say("p", "", help);
        }
        item.of("p", "small", |line| {
            line.text(match finding.source {
                Source::Lockstep => "Lockstep's rule ",
                Source::Squawk => "squawk's rule ",
            });
            line.name(&finding.rule);
        });
    });
}

fn locks(section: &mut Writer, effects: &[Effect], tables: &Tables<'_>) {
    section.of("ul", "locks", |list| {
        for effect in effects {
            list.of("li", "", |item| {
                item.text("Locks ");
                item.name(&effect.relation);
                item.text(": ");
                item.say("strong", "", effect.lock.name());
                item.text(&format!(", {}", words::lock_blocks(effect)));
                for work in &effect.work {
                    item.text("; ");
                    item.text(work.name());
                }
                if let Some(table) = tables.get(effect.relation.as_str()).filter(|_| effect.lasts()) {
                    item.say("span", "size", &format!(" ({})", words::size(table)));
                }
            });
        }
    });
}

fn safer(section: &mut Writer, safer: &Safer) {
    section.of("div", "safer", |part| {
        part.say("h5", "", "Safer");
        part.say("p", "", &safer.text);
        for (name, sql) in safer.named() {
            if let Some(name) = name {
                part.say("h6", "", &name);
            }
            let piece = Piece { statement: None, line: 1, text: sql };
            code::proposal(part, &piece.lines());
        }
    });
}
