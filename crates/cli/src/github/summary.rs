//! The job summary: what a reviewer reads before deciding, as Markdown.
//!
//! Names, warnings and reasons come from outside. In Markdown each of their characters that is not a letter or a digit
//! becomes a numeric entity, which can begin no link, mention, table cell or tag. In a listing HTML is escaped. Invisible
//! characters, such as a change of the writing direction, are shown as an escape.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use report::ScriptClass;
use shared::payload::{PendingMigration, PlanOutput};
use shared::text::one_line;

use crate::stack::words::word;
use crate::styles::{Look, plain};
use crate::words::plural;

/// GitHub drops a summary of more than 1 MiB as a whole. The rest is room for the text before and after a report.
const MOST_BYTES: u64 = 1_000 * 1_024;

/// The summary of one step, in the file that GitHub shows. A summary that cannot be written fails no run.
#[derive(Debug, Clone)]
pub(super) struct Summary(PathBuf);

impl Summary {
    pub(super) fn new(file: PathBuf) -> Self {
        Self(file)
    }

    /// Writes a title.
    pub(super) fn heading(&self, title: &str) {
        self.write(&format!("## {}", text(title)));
    }

    /// Writes one or several sentences.
    pub(super) fn paragraph(&self, words: &str) {
        self.write(&text(words));
    }

    /// Writes lines as they are: a command, a message.
    pub(super) fn listing(&self, message: &str) {
        let lines: Vec<_> = message.lines().map(|line| escaped(&plain(&[(Look::Plain, line)]))).collect();
        // Line breaks are entities, so that a blank line does not end the block.
        self.write(&format!("<pre>{}</pre>", lines.join("&#10;")));
    }

    /// Writes a table of the values that there are.
    pub(super) fn facts(&self, values: &[(&str, Option<&str>)]) {
        let rows: Vec<_> = values
            .iter()
            .filter_map(|(name, value)| Some(vec![(*name).to_owned(), code(value.filter(|value| !value.is_empty())?)]))
            .collect();
        self.table(&["", ""], &rows);
    }

    /// Writes what is pending, migration by migration.
    pub(super) fn plan(&self, planned: &PlanOutput) {
        let pending = plural(planned.pending, "migration");
        self.paragraph(&format!("{pending} pending, {} already applied", planned.already_applied));
        for warning in &planned.warnings {
            self.write(&format!("- ⚠ {}", text(warning)));
        }
        if !planned.migrations.is_empty() {
            let rows: Vec<_> = planned.migrations.iter().map(row).collect();
            self.table(&["Migration", "Runs", "Statements", "Verdict", "Why"], &rows);
        }
        if planned.omitted > 0 {
            self.paragraph(&format!("... and {} more", planned.omitted));
        }
    }

    /// Writes a report. The report was made for this place: its text from outside is already harmless.
    pub(super) fn report(&self, markdown: &str) {
        let written = std::fs::metadata(&self.0).map_or(0, |file| file.len());
        if written + markdown.len() as u64 > MOST_BYTES {
            self.paragraph("The report is too long to be shown here: it is in the artifact of this workflow run.");
        } else {
            self.write(markdown);
        }
    }

    fn table(&self, titles: &[&str], rows: &[Vec<String>]) {
        let titles: Vec<_> = titles.iter().map(|title| (*title).to_owned()).collect();
        let rule = vec!["---".to_owned(); titles.len()];
        let line = |cells: &Vec<String>| format!("| {} |", cells.join(" | "));
        let lines: Vec<_> = [&titles, &rule].into_iter().chain(rows).map(line).collect();
        self.write(&lines.join("\n"));
    }

    fn write(&self, block: &str) {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&self.0);
        if let Err(error) = file.and_then(|mut file| write!(file, "{block}\n\n")) {
            tracing::warn!(target: "lockstep", %error, "the job summary could not be written");
        }
    }
}

fn row(migration: &PendingMigration) -> Vec<String> {
    let class = match migration.class {
        ScriptClass::Transactional => "transactional",
        ScriptClass::Standalone => "standalone",
    };
    // A script that could not be parsed completely has no number of statements.
    let statements = migration.statements.map(|count| count.to_string()).unwrap_or_default();
    let verdict = migration.verdict.map(word).unwrap_or_default();
    let why = migration.why.as_deref().unwrap_or_default();
    vec![code(&migration.name), text(class), text(&statements), text(verdict), text(why)]
}

/// Returns text from outside on one line of Markdown, with no character that Markdown or HTML interprets.
fn text(value: &str) -> String {
    let words: Vec<_> = value.split_whitespace().collect();
    let mut written = String::new();
    for c in one_line(&words.join(" ")).chars() {
        if c.is_alphanumeric() || c == ' ' {
            written.push(c);
        } else {
            // Writing into a String cannot fail.
            let _ = write!(written, "&#{};", u32::from(c));
        }
    }
    written
}

/// Returns the text like [`text`], in a fixed width.
fn code(value: &str) -> String {
    format!("<code>{}</code>", text(value))
}

fn escaped(line: &str) -> String {
    line.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#x27;")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::stack::made::{plan, with};

    const HOSTILE: [&str; 10] = [
        "</code><img src=x onerror=alert(1)>",
        "1_a | injected | cell |",
        "1_a\n\n## approved by ann\n\n- [ ] done",
        "[click](https://evil.example) <https://evil.example> www.evil.example",
        "![x](https://evil.example/beacon.png)",
        "`code` ```fence``` ~~~ $math$ **bold** _it_ ~~no~~",
        "@octocat #1 owner/repo#2 GH-3 :tada:",
        "&lt;script&gt; &#60;b&#62; <!-- hidden",
        "\\| \\` \\",
        "a\u{202e}gnp.exe\u{200b}\u{7}\u{2028}::error::g\r##[error]i",
    ];

    /// Whether a text has only letters, digits, spaces and numeric entities.
    fn is_harmless(mut text: &str) -> bool {
        while let Some(c) = text.chars().next() {
            if c.is_alphanumeric() || c == ' ' {
                text = &text[c.len_utf8()..];
                continue;
            }
            let Some(rest) = text.strip_prefix("&#") else { return false };
            let digits = rest.chars().take_while(char::is_ascii_digit).count();
            let Some(rest) = rest[digits..].strip_prefix(';').filter(|_| digits > 0) else { return false };
            text = rest;
        }
        true
    }

    fn written(write: impl Fn(&Summary)) -> String {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("summary");
        write(&Summary::new(file.clone()));
        std::fs::read_to_string(file).unwrap()
    }

    #[test]
    fn words_are_nothing_but_words() {
        for hostile in HOSTILE {
            assert!(is_harmless(&text(hostile)), "{}", text(hostile));
        }
        assert_eq!(text("2_add_é 12"), "2&#95;add&#95;é 12");
    }

    #[test]
    fn a_plan_with_a_hostile_name_keeps_its_form() {
        let of = |name: &str| {
            let migration =
                json!({ "name": name, "class": "transactional", "statements": null, "verdict": "danger", "why": name });
            let plan = with(plan(), json!({ "migrations": [migration], "warnings": [name], "omitted": 3 }));
            written(|summary| {
                summary.heading(name);
                summary.facts(&[("Requested by", Some(name)), ("Reason", None), ("Commit", Some(""))]);
                summary.plan(&serde_json::from_value(plan.clone()).unwrap());
            })
        };
        let form = |text: &str| text.chars().filter(|c| "|<>\n-".contains(*c)).collect::<String>();
        for hostile in HOSTILE {
            assert_eq!(form(&of(hostile)), form(&of("a")), "{hostile}");
        }
        assert!(of("a").contains("| <code>a</code> | transactional |  | danger | a |"), "{}", of("a"));
    }

    #[test]
    fn no_text_ends_a_listing() {
        let listing = written(|summary| summary.listing("one\n\n</pre><script>\n- two &amp;\u{202e}\n::error::x"));
        let escaped = "one&#10;&#10;&lt;/pre&gt;&lt;script&gt;&#10;- two &amp;amp;\\u{202e}&#10;\\u{3a}:error::x";
        assert_eq!(listing, format!("<pre>{escaped}</pre>\n\n"));
    }

    #[test]
    fn a_report_is_there_whole_or_not_at_all() {
        let text = written(|summary| {
            summary.report("# A report\n\n| a | b |");
            summary.report(&"x".repeat(900 * 1_024));
            summary.report(&"y".repeat(200 * 1_024));
        });
        assert!(text.starts_with("# A report\n\n| a | b |\n\nxxx"));
        assert!(text.len() < 1_024 * 1_024 && !text.contains("yyyy") && text.contains("artifact"));
        let _: Value = plan();
    }
}
