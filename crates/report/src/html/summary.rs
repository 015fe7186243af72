//! The summary, for a reader with twenty seconds.

use super::picture;
use super::writer::Writer;
use crate::quantity::plural;
use crate::ranking::Ranked;
use crate::{Report, words};

/// The maximum number of statements to look at first.
const FIRST: usize = 20;

pub(super) fn summary(page: &mut Writer, report: &Report) {
    let class = format!("verdict {}", report.verdict.name());
    page.with("section", &[("class", &class), ("aria-labelledby", "verdict")], |section| {
        section.with("h1", &[("id", "verdict"), ("tabindex", "-1")], |heading| {
            picture::shape(heading, report.verdict);
            heading.text(report.verdict.name());
        });
        section.say("p", "why", &report.why);
        let counts = report.counts();
        if counts.total() > 0 {
            picture::shares(section, counts);
        }
        section.of("p", "counts", |line| {
            line.text(&format!("{}. {}.", words::pending(report), words::counted(counts)));
            if let Some(suppressed) = words::suppressed(report) {
                line.text(&format!(" {suppressed}."));
            }
        });
        section.of("p", "decides", |line| {
            line.say("strong", "", words::about_itself(report));
            if let Some(live) = &report.live {
                line.text(" Digest ");
                line.name(&live.digest);
            }
        });
    });
    first(page, report);
    notes(page, report);
    identity(page, report);
}

/// Writes which plan this is, on which database.
fn identity(page: &mut Writer, report: &Report) {
    page.with("section", &[("class", "identity"), ("aria-labelledby", "plan")], |section| {
        section.with("h2", &[("id", "plan")], |heading| heading.text("This plan"));
        section.of("dl", "facts", |list| {
            for (label, value) in words::identity(report) {
                list.of("div", "", |pair| {
                    pair.say("dt", "", label);
                    pair.of("dd", "", |value_of| value_of.name(&value));
                });
            }
        });
    });
}

fn first(page: &mut Writer, report: &Report) {
    let ranked = report.worst_first();
    if ranked.is_empty() {
        return;
    }
    page.with("section", &[("aria-labelledby", "first")], |section| {
        section.with("h2", &[("id", "first")], |heading| heading.text("Look at first"));
        section.of("ol", "first", |list| ranked.iter().take(FIRST).for_each(|ranked| ranked_item(list, ranked)));
        if ranked.len() > FIRST {
            let rest = plural(ranked.len() - FIRST, "more place");
            section.say("p", "", &format!("And {rest} that should be looked at, in their migrations."));
        }
    });
}

fn ranked_item(list: &mut Writer, ranked: &Ranked<'_>) {
    list.of("li", ranked.verdict().name(), |item| {
        item.of("p", "what", |line| {
            picture::badge(line, ranked.verdict());
            line.text(" ");
            let migration = format!("#m{}", ranked.migration_at + 1);
            match ranked.statement {
                Some((at, statement)) => {
                    let place = format!("{migration}s{}", at + 1);
                    line.with("a", &[("href", &place)], |link| link.prose(&statement.what));
                }
                None => line.with("a", &[("href", &migration)], |link| link.text(words::WHOLE)),
            }
        });
        item.say("p", "", ranked.why());
        if let Some(blocking) = ranked.blocking() {
            picture::waiting(item, blocking, "");
        }
        item.of("p", "small", |line| {
            line.name(&ranked.migration.name);
            if let Some((_, statement)) = ranked.statement {
                line.text(&format!(", line {}", statement.line));
            }
        });
    });
}

fn notes(page: &mut Writer, report: &Report) {
    if report.notes.is_empty() {
        return;
    }
    page.with("section", &[("aria-labelledby", "notes")], |section| {
        section.with("h2", &[("id", "notes")], |heading| heading.text("Notes"));
        section.of("ul", "notes", |list| {
            for note in &report.notes {
                list.of("li", note.verdict.name(), |item| {
                    picture::badge(item, note.verdict);
                    item.text(" ");
                    item.prose(&note.text);
                });
            }
        });
    });
}
