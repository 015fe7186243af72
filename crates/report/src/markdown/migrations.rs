//! The migrations in the order in which they run.

use std::collections::HashMap;

use super::badge;
use super::blocks::{Block, Rank};
use super::inline::{add, fence, name, prose, sentence};
use crate::quantity::plural;
use crate::{Effect, Finding, MigrationReport, Report, Source, StatementReport, Table, Verdict, words};

/// The maximum length of suggested SQL, in bytes.
const LONGEST_SQL: usize = 6_000;

/// The maximum number of findings and relations of one statement.
const MOST: usize = 20;

/// The existing tables, by name.
type Tables<'a> = HashMap<&'a str, &'a Table>;

pub(super) fn migrations(report: &Report) -> Vec<Block> {
    let tables = report.tables.iter().map(|table| (table.name.as_str(), table)).collect();
    let mut blocks = Vec::new();
    if !report.migrations.is_empty() {
        let text = "\n## Migrations, in the order in which they run\n".to_owned();
        blocks.push(Block { rank: Rank::First, what: "", text });
    }
    for (at, migration) in report.migrations.iter().enumerate() {
        blocks.push(heading(at + 1, migration));
        for statement in &migration.statements {
            blocks.push(self::statement(statement, &tables));
            blocks.extend(safer(statement));
        }
        blocks.extend(suppressed(migration));
    }
    blocks
}

fn heading(number: usize, migration: &MigrationReport) -> Block {
    let verdict = migration.worst();
    let mut text = format!("\n### {number}. {}: {}\n\n", badge(verdict), name(&migration.name));
    add(&mut text, format_args!("**Why:** {} **Runs:** {}, ", sentence(&migration.why), prose(migration.class.name())));
    match migration.statements.len() {
        0 => text += "its statements are not known.",
        many => add(&mut text, format_args!("{}.", plural(many, "statement"))),
    }
    if let Some(blocking) = &migration.blocking {
        add(&mut text, format_args!(" **In all:** {}: {}.", words::waiting(blocking), prose(&blocking.basis)));
    }
    let (rank, what) = match verdict {
        Verdict::Danger => (Rank::Danger, "danger migration"),
        Verdict::Caution => (Rank::Caution, "caution migration"),
        Verdict::Safe => (Rank::Safe, "safe migration"),
    };
    Block { rank, what, text: text + "\n\n" }
}

fn statement(statement: &StatementReport, tables: &Tables<'_>) -> Block {
    let mut text = format!("- {}, line {}: {}.", badge(statement.verdict), statement.line, name(&statement.what));
    add(&mut text, format_args!(" **Why:** {}\n", sentence(&statement.why)));
    if statement.opaque {
        text += "  - **Not known:** a part of what it does, as a finding says\n";
    }
    if let Some(blocking) = &statement.blocking {
        add(&mut text, format_args!("  - **{}**: {}\n", words::waiting(blocking), prose(&blocking.basis)));
    }
    for effect in statement.effects.iter().take(MOST) {
        add(&mut text, format_args!("  - **Locks** {}\n", lock(effect, tables)));
    }
    for finding in statement.findings.iter().take(MOST) {
        add(&mut text, format_args!("  - {}\n", self::finding(finding, statement)));
    }
    let more = statement.effects.len().saturating_sub(MOST) + statement.findings.len().saturating_sub(MOST);
    if more > 0 {
        add(&mut text, format_args!("  - And {}\n", plural(more, "more lock or finding")));
    }
    let (rank, what) = match statement.verdict {
        Verdict::Danger => (Rank::Danger, "danger statement"),
        Verdict::Caution => (Rank::Caution, "caution statement"),
        Verdict::Safe => (Rank::Safe, "safe statement"),
    };
    Block { rank, what, text }
}

fn lock(effect: &Effect, tables: &Tables<'_>) -> String {
    let mut text = format!("{}: {}, {}", name(&effect.relation), effect.lock.name(), words::lock_blocks(effect));
    for work in &effect.work {
        add(&mut text, format_args!("; {}", work.name()));
    }
    if let Some(table) = tables.get(effect.relation.as_str()).filter(|_| effect.lasts()) {
        add(&mut text, format_args!(" ({})", words::size(table)));
    }
    text
}

fn finding(finding: &Finding, of: &StatementReport) -> String {
    let whose = match finding.source {
        Source::Lockstep => "Lockstep",
        Source::Squawk => "squawk",
    };
    let (badge, rule) = (badge(finding.verdict), name(&finding.rule));
    let mut text = format!("{badge}, line {}, {whose} {rule}: {}", finding.line, sentence(&finding.text));
    if let Some(help) = finding.help.as_ref().filter(|help| !of.says(help)) {
        add(&mut text, format_args!(" **Help:** {}", sentence(help)));
    }
    text
}

fn safer(statement: &StatementReport) -> Option<Block> {
    let safer = statement.safer.as_ref()?;
    let mut text = format!("\n**Safer than line {}:** {}\n", statement.line, prose(&safer.text));
    for (name, sql) in safer.named() {
        if let Some(name) = name {
            add(&mut text, format_args!("\n{name}:\n"));
        }
        add(&mut text, format_args!("\n{}", fence(sql, LONGEST_SQL)));
    }
    let rank = match statement.verdict {
        Verdict::Danger => Rank::DangerHelp,
        Verdict::Caution => Rank::CautionHelp,
        Verdict::Safe => Rank::SafeHelp,
    };
    Some(Block { rank, what: "safer way", text: text + "\n" })
}

fn suppressed(migration: &MigrationReport) -> Option<Block> {
    let comments = &migration.suppressed;
    if comments.is_empty() {
        return None;
    }
    let mut text = "\n**Suppressed by comments:**\n\n".to_owned();
    for suppression in comments.iter().take(MOST) {
        let rules = match suppression.rules.as_slice() {
            [] => "every rule".to_owned(),
            rules => rules.iter().take(MOST).map(|rule| name(rule)).collect::<Vec<_>>().join(", "),
        };
        add(&mut text, format_args!("- In {}: {rules}\n", words::suppression(suppression)));
    }
    if comments.len() > MOST {
        add(&mut text, format_args!("- And {}\n", plural(comments.len() - MOST, "more comment")));
    }
    // Not before the heading of its migration.
    let rank = if migration.worst() == Verdict::Safe { Rank::Safe } else { Rank::Suppressed };
    Some(Block { rank, what: "suppression list", text })
}
