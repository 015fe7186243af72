//! One migration of a plan: its statements, and what they do together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use engine::script::Refusal;
use report::{Blocking, Finding, MigrationReport, ScriptClass, Source, StatementReport, Table, Verdict};
use scan::Lines;
use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::{self, AstNode as _};

use super::busy::busy;
use super::held::Held;
use super::scripts::Script;
use super::{runs, worst_first};
use crate::effects::{self, Effects, Names, World};
use crate::rules::{self, Context, blocked, harmless};
use crate::squawk;

/// Returns the report on a script, and changes the `world` as the script would; adds the touched tables to `tables`.
pub(super) fn migration(
    script: &Script,
    world: &mut World,
    tables: &mut BTreeMap<String, Table>,
    blind: &mut Option<Blind>,
) -> MigrationReport {
    let Script { pending, parse, refusal } = script;
    let is_transactional = pending.class == ScriptClass::Transactional;
    let linted = squawk::lint(parse, world.version, is_transactional);
    let mut findings = linted.findings;
    let lines = Lines::of(&pending.sql);
    let mut statements: Vec<StatementReport> = Vec::new();
    let mut held = Held::default();
    world.next_script();
    for written in parse.tree().stmts() {
        if !runs(&written) {
            world.ends_block(&written);
            continue;
        }
        effects::assume(&written, world);
        if pending.resumed {
            effects::clears(&written, world);
        }
        let is_unclear = !world.knows(written.syntax());
        let had_changed_rows = world.has_changed_rows;
        let before = rules::before(&written, world);
        let was_blind = world.is_blind();
        let mut effects = effects::of(&written, world);
        // Its own half is in the way, or is gone already: the run completes it.
        if pending.resumed && matches!(written, ast::Stmt::DropIndex(_) | ast::Stmt::AlterTable(_)) {
            effects.fails = None;
        }
        effects.provable = rules::may_be_proved(&written, &effects, world);
        remember(&effects, world, tables);
        let context = Context {
            statement: &written,
            effects: &effects,
            world,
            before: &before,
            had_changed_rows,
            earlier_locks: held.any(),
            is_standalone: !is_transactional,
            is_unclear,
        };
        let mut statement = statement(&context, statements.len() + 1, &lines);
        let range = statement.start..statement.end;
        let (own, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut findings).into_iter().partition(|(at, _)| range.contains(at));
        findings = rest;
        // squawk knows only one script at a time. It does not know that no session uses yet what this plan makes.
        let is_new = world.was_empty
            || effects.is_absent
            || !effects.is_opaque() && effects.of.first().is_some_and(|effect| effect.is_new);
        let said: Vec<_> = statement.findings.iter().map(|finding| (finding.rule.clone(), finding.verdict)).collect();
        let is_mistaken = |finding: &Finding| finding.rule == CHANGED_TYPE && !effects.converts;
        let is_said = |finding: &Finding| {
            let is_ours = |(squawk, _): &&(&str, &str)| finding.rule == *squawk;
            let ours = SAID_BY_OURS.iter().find(is_ours).map(|(_, ours)| *ours);
            said.iter().any(|(rule, verdict)| Some(rule.as_str()) == ours && *verdict >= finding.verdict)
        };
        add(
            &mut statement,
            own.into_iter().map(|(_, finding)| finding).filter(|it| !is_new && !is_mistaken(it) && !is_said(it)),
        );
        held.statement(&effects, world);
        if world.is_blind() && !was_blind {
            *blind = Some(Blind { migration: pending.name.clone(), statement: statement.number, line: statement.line });
        }
        statements.push(statement);
    }
    // A finding that belongs to no statement is about the file.
    if let Some(first) = statements.first_mut().filter(|_| !world.was_empty) {
        add(first, findings.into_iter().map(|(_, finding)| finding));
    }
    let unreadable = parse.errors().first().map(|error| unreadable(&pending.sql, error.range().start().into(), &lines));
    if unreadable.is_some() {
        world.trusts(Names::Nothing);
    }
    let refused = refusal.as_ref().map(|refusal| refused(refusal, &mut statements));
    if refusal.as_ref().is_some_and(is_unread) {
        world.trusts(Names::Nothing);
    }
    let longest = held.longest().filter(|_| is_transactional && !world.was_empty);
    let (verdict, why) = judged(&statements, longest.as_ref(), refused.as_ref().or(unreadable.as_ref()));
    let blocking = match longest {
        Some((_, blocking)) => Some(blocking),
        None => statements.first().filter(|_| !is_transactional).and_then(|it| it.blocking.clone()),
    };
    MigrationReport {
        name: pending.name.clone(),
        class: pending.class,
        verdict,
        why,
        sql: pending.sql.clone(),
        statements,
        blocking,
        suppressed: linted.suppressed,
    }
}

/// The statement after which nothing is predicted, because its effects are unknown.
pub(super) struct Blind {
    pub(super) migration: String,
    /// Its number in the migration, and its line.
    pub(super) statement: usize,
    pub(super) line: usize,
}

/// The rule of squawk's on a column that gets another type. squawk does not know which type it has.
const CHANGED_TYPE: &str = "changing-column-type";

/// Rules of squawk's, each with a rule of ours that says the same and knows the table.
const SAID_BY_OURS: [(&str, &str); 6] = [
    ("adding-required-field", "required-column"),
    ("ban-drop-column", "drop-column"),
    ("ban-drop-table", "drop-table"),
    ("ban-set-schema", "rename"),
    ("renaming-column", "rename"),
    ("renaming-table", "rename"),
];

fn judged(
    statements: &[StatementReport],
    held: Option<&(Verdict, Blocking)>,
    no_script: Option<&String>,
) -> (Verdict, String) {
    // The migration must not be called harmless: it is not run, or its effects are unknown.
    if let Some(why) = no_script {
        return (Verdict::Danger, why.clone());
    }
    let Some(worst) =
        worst_first(statements, |statement| (statement.verdict, statement.weight(), statement.how_long()))
    else {
        return (Verdict::Safe, "It holds no statement".to_owned());
    };
    if let Some((verdict, blocking)) = held.filter(|(verdict, _)| *verdict > worst.verdict) {
        return (*verdict, format!("What it locks stays locked to its end: {}", blocking.basis));
    }
    let why =
        if statements.len() > 1 { format!("statement {}: {}", worst.number, worst.why) } else { worst.why.clone() };
    (worst.verdict, why)
}

/// The rule's name for a script that the engine does not run.
const REFUSED: &str = "refused-script";

/// Returns that the engine does not run the script, as a sentence. It is also a finding of the statement at that line.
fn refused(refusal: &Refusal, statements: &mut [StatementReport]) -> String {
    let Refusal { line, reason, way_out } = refusal;
    let text = format!("Lockstep refuses the script: {reason}");
    let is_there = |statement: &&mut StatementReport| (statement.line..=statement.last_line).contains(line);
    if let Some(statement) = statements.iter_mut().find(is_there) {
        let help = Some((*way_out).to_owned());
        let finding = Finding {
            source: Source::Lockstep,
            rule: REFUSED.to_owned(),
            verdict: Verdict::Danger,
            line: *line,
            text: text.clone(),
            help,
        };
        statement.findings.insert(0, finding);
        statement.verdict = Verdict::Danger;
        statement.why.clone_from(&text);
    }
    format!("Lockstep refuses the script: line {line}: {reason}. {way_out}")
}

/// Whether the reason of a refusal is that no parser can read the script.
pub(super) fn is_unread(refusal: &Refusal) -> bool {
    ["it is nested or chained too deeply", "the parser failed on this script"].contains(&refusal.reason.as_str())
}

/// Returns where a script cannot be read, as a sentence.
fn unreadable(sql: &str, at: usize, lines: &Lines) -> String {
    let word = sql.get(at..).and_then(|rest| rest.split_whitespace().next()).unwrap_or("the end");
    let word: String = word.chars().take(40).collect();
    format!(
        "Line {} is no SQL that Lockstep can read, near {word}: the server may refuse the script, and what all of it does is \
         not known",
        lines.at(at)
    )
}

/// Adds the touched tables that existed before.
fn remember(effects: &Effects, world: &World, tables: &mut BTreeMap<String, Table>) {
    for effect in &effects.of {
        // A view has neither rows nor a size.
        if let Some(facts) = world.facts_before(effect).filter(|facts| facts.kind != "view") {
            tables.entry(facts.name.clone()).or_insert_with(|| facts.clone());
        }
    }
}

fn statement(context: &Context, number: usize, lines: &Lines) -> StatementReport {
    let range = context.statement.syntax().text_range();
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let line = lines.at(start);
    let (mut findings, safer) = rules::judge(context, line);
    findings.extend(busy(context.effects, context.world, line));
    if context.world.was_empty {
        findings.retain(rules::counts_where_nothing_is);
    }
    let blocked = blocked(context.effects, context.world);
    let why = match (&blocked, context.statement) {
        (Some(blocked), ast::Stmt::Lock(_)) => blocked.sentence_of_lock(),
        (Some(blocked), _) => blocked.sentence(),
        (None, _) => harmless(context.effects),
    };
    let mut statement = StatementReport {
        number,
        line,
        last_line: lines.at(end),
        start,
        end,
        what: what(context.statement),
        verdict: Verdict::Safe,
        why,
        effects: context.effects.of.clone(),
        opaque: context.effects.is_opaque(),
        blocking: blocked.map(|blocked| blocked.blocking()),
        findings: Vec::new(),
        safer,
    };
    add(&mut statement, findings.into_iter());
    statement
}

/// Adds findings, and gives the statement the worst verdict.
fn add(statement: &mut StatementReport, findings: impl Iterator<Item = Finding>) {
    statement.findings.extend(findings);
    statement.findings.sort_by_key(|finding| Reverse(finding.verdict));
    if let Some(worst) = statement.findings.first().filter(|finding| finding.verdict > statement.verdict) {
        statement.verdict = worst.verdict;
        statement.why = worst.text.clone();
    }
}

/// Returns the statement in a few words: its beginning, in one line and without comments.
fn what(statement: &ast::Stmt) -> String {
    const LONGEST: usize = 90;
    let tokens = statement.syntax().descendants_with_tokens().filter_map(|element| element.as_token().cloned());
    let without_comments: String =
        tokens.filter(|token| token.kind() != SyntaxKind::COMMENT).map(|token| token.text().to_owned()).collect();
    let words = without_comments.split_whitespace().collect::<Vec<_>>().join(" ");
    let words = words.trim_end_matches(';');
    match words.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &words[..at]),
        None => words.to_owned(),
    }
}
