//! Renders the report for a terminal and for a job summary on GitHub.

mod blocks;
mod facts;
mod inline;
mod migrations;

#[cfg(test)]
mod tests;

use blocks::{Block, Rank};
use inline::{add, name, prose, sentence};

use crate::quantity::plural;
use crate::ranking::Ranked;
use crate::{Report, Verdict, words};

/// The maximum number of statements to look at first.
const FIRST: usize = 12;

/// Returns the report as Markdown of at most `limit` bytes. The least dangerous parts are left out first, and counted.
pub fn markdown(report: &Report, limit: usize) -> String {
    let mut blocks = vec![Block { rank: Rank::Head, what: "", text: head(report) }];
    blocks.extend(first(report));
    blocks.extend(facts::notes(report));
    blocks.extend(migrations::migrations(report));
    blocks.extend(facts::tables(report));
    blocks.extend(report.live.as_ref().map(|live| facts::server(&live.server)));
    blocks::fitting(&blocks, limit)
}

/// Returns a verdict with a mark: a colour alone would not show it.
fn badge(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Safe => "✓ **safe**",
        Verdict::Caution => "⚠ **caution**",
        Verdict::Danger => "✗ **danger**",
    }
}

fn head(report: &Report) -> String {
    let mut lines = vec![
        format!("# {}: {}", badge(report.verdict), words::subject(report, name)),
        String::new(),
        format!("**Why:** {}", sentence(&report.why)),
        String::new(),
        format!("**Plan:** {}; {}.", words::pending(report), words::counted(report.counts())),
    ];
    if let Some(suppressed) = words::suppressed(report) {
        lines.extend([String::new(), format!("**Suppressed:** {suppressed}.")]);
    }
    lines.extend([String::new(), format!("**{}**", words::about_itself(report)), String::new()]);
    lines.extend(["| Plan | |".to_owned(), "| --- | --- |".to_owned()]);
    for (label, value) in words::identity(report) {
        lines.push(format!("| {label} | {} |", name(&value)));
    }
    lines.join("\n") + "\n"
}

/// Writes the statements to look at first.
fn first(report: &Report) -> Option<Block> {
    let ranked = report.worst_first();
    if ranked.is_empty() {
        return None;
    }
    let mut text = "\n## Look at first\n\n".to_owned();
    for (at, ranked) in ranked.iter().take(FIRST).enumerate() {
        add(&mut text, format_args!("{}. {}\n", at + 1, ranked_item(ranked)));
    }
    if ranked.len() > FIRST {
        add(&mut text, format_args!("\nAnd {} that is not safe, below.\n", plural(ranked.len() - FIRST, "more place")));
    }
    Some(Block { rank: Rank::First, what: "first look", text })
}

fn ranked_item(ranked: &Ranked<'_>) -> String {
    let (what, line) = match ranked.statement {
        Some((_, statement)) => (name(&statement.what), format!(", line {}", statement.line)),
        None => (words::WHOLE.to_owned(), String::new()),
    };
    let mut text = format!(
        "{}: {} ({}{line}). {}",
        badge(ranked.verdict()),
        what,
        name(&ranked.migration.name),
        sentence(ranked.why())
    );
    // Once is enough.
    if let Some(blocking) = ranked.blocking().filter(|blocking| !ranked.why().contains(&blocking.basis)) {
        add(&mut text, format_args!(" **{}**: {}.", words::waiting(blocking), prose(&blocking.basis)));
    }
    text
}
