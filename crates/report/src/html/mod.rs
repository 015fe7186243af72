//! Renders the report as one self-contained page: no script, no font, no picture from elsewhere.

mod code;
mod facts;
mod highlight;
mod migrations;
mod picture;
mod summary;
mod writer;

#[cfg(test)]
mod tests;

use writer::Writer;

use crate::quantity::moment;
use crate::{Report, words};

/// The page's style sheet.
const STYLE: &str = include_str!("page.css");

/// The digest of the style sheet, which the page's policy admits. No other style has an effect, whatever gets into the
/// page.
const STYLE_SHA256: &str = "OOLdNpOEsrA1hFIa5zlxUFUqeyR21mD7fzq09B3KVQM=";

/// Returns the report as an HTML page.
pub fn html(report: &Report) -> String {
    let digest = report.live.as_ref().map_or_else(String::new, |live| format!(", {}", live.digest));
    let title = format!("{}: {}{digest}", report.verdict.name(), words::subject(report, str::to_owned));
    Writer::page(&title, STYLE, STYLE_SHA256, |page| {
        picture::symbols(page);
        page.with("a", &[("class", "skip"), ("href", "#verdict")], |link| link.text("Skip to the verdict"));
        page.of("header", "top", |header| {
            header.say("p", "brand", "Lockstep");
            header.of("p", "about", |about| {
                if let Some(live) = &report.live {
                    about.text("Plan for ");
                    about.name(&live.database.name);
                    about.text(" on ");
                    about.say("strong", "", &live.environment);
                } else {
                    about.text("Report on ");
                    about.text(words::SCRIPTS);
                }
                about.text(", made ");
                about.with("time", &[("datetime", &report.made_at)], |time| time.text(&moment(&report.made_at)));
            });
        });
        contents(page, report);
        page.with("main", &[], |main| {
            summary::summary(main, report);
            migrations::migrations(main, report);
            facts::tables(main, &report.tables);
            if let Some(live) = &report.live {
                facts::server(main, &live.server);
            }
        });
        page.of("footer", "", |footer| {
            footer.say("p", "", words::about_itself(report));
            footer.say("p", "", "This page holds names, sizes and the migrations' own text, and no value of any row.");
        });
    })
}

fn contents(page: &mut Writer, report: &Report) {
    let parts = [
        ("#first", "Look at first", !report.worst_first().is_empty()),
        ("#notes", "Notes", !report.notes.is_empty()),
        ("#plan", "This plan", true),
        ("#migrations", "Migrations", true),
        ("#tables", "Tables", !report.tables.is_empty()),
        ("#server", "Server", report.live.is_some()),
    ];
    page.with("nav", &[("aria-label", "Contents")], |nav| {
        nav.of("ul", "", |list| {
            for (href, label, _) in parts.into_iter().filter(|(.., there)| *there) {
                list.of("li", "", |item| item.with("a", &[("href", href)], |link| link.text(label)));
            }
        });
    });
}
