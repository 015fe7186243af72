//! The report on a plan: every pending statement on the database as the ones before it leave it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use report::{
    Blocking, Database, FORMAT, Finding, Lock, Magnitude, Migration, Note, Report, Server, Statement, Table, Verdict,
};
use squawk_syntax::ast::{self, AstNode as _};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use crate::catalog::Catalog;
use crate::effects::{self, Effects, World};
use crate::estimate::{magnitude, milliseconds};
use crate::name::identifier;
use crate::needs;
use crate::rules::{self, Context, blocked};
use crate::server::Need;
use crate::squawk;

/// A migration that is to be applied.
#[derive(Debug, Clone)]
pub struct Pending {
    /// Its name.
    pub name: String,
    /// How it runs: `transactional` or `standalone`.
    pub class: String,
    /// The file's text.
    pub sql: String,
}

/// What the report is about.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The plan's digest.
    pub digest: String,
    /// When it is made, RFC 3339 in UTC.
    pub made_at: String,
    /// The stack's environment.
    pub environment: String,
    /// The database.
    pub database: Database,
    /// How many migrations are applied already.
    pub already_applied: usize,
    /// What the plan itself warns of.
    pub warnings: Vec<String>,
}

/// The report on what `pending` will do to a database that is as `catalog` and `server` say.
pub fn report(subject: Subject, pending: &[Pending], catalog: Catalog, server: Server) -> Report {
    let version = catalog.version;
    let mut world = World::new(catalog);
    let mut tables = BTreeMap::new();
    let migrations: Vec<_> = pending.iter().map(|one| migration(one, version, &mut world, &mut tables)).collect();
    let mut tables: Vec<Table> = tables.into_values().collect();
    tables.sort_by_key(|table| Reverse(table.bytes + table.index_bytes));
    let notes = notes(&subject, &server);
    let worst = worst(&migrations, |migration| migration.verdict);
    let worst_note = notes.iter().map(|note| note.verdict).max().unwrap_or(Verdict::Safe);
    let (verdict, why) = match worst {
        Some(migration) if migration.verdict >= worst_note => {
            (migration.verdict, format!("{}: {}", migration.name, migration.why))
        }
        _ => (worst_note, notes.first().map_or_else(|| "Nothing is pending".to_owned(), |note| note.text.clone())),
    };
    let Subject { digest, made_at, environment, database, already_applied, .. } = subject;
    Report {
        format: FORMAT,
        digest,
        made_at,
        environment,
        database,
        verdict,
        why,
        already_applied,
        migrations,
        tables,
        server,
        notes,
    }
}

/// What the role has to be allowed for all of `pending`: to be asked of the server before the report is made.
pub fn needs(pending: &[Pending], catalog: &Catalog) -> Vec<Need> {
    let mut world = World::new(catalog.clone());
    let mut found = BTreeSet::new();
    let mut made = BTreeSet::new();
    for one in pending {
        let parse = SourceFile::parse(&one.sql);
        for statement in parse.tree().stmts().filter(runs) {
            if let ast::Stmt::CreateSchema(create) = &statement {
                made.extend(schema(create.syntax()));
            }
            found.extend(needs::needs(&statement, &world));
            effects::of(&statement, &mut world);
        }
    }
    // A schema that the plan makes is its own.
    found
        .into_iter()
        .filter(|need| !matches!(need, Need::CreateIn(schema) | Need::Use(schema) if made.contains(schema)))
        .collect()
}

/// The first of the worst.
fn worst<T>(items: &[T], verdict: impl Fn(&T) -> Verdict) -> Option<&T> {
    // `max_by_key` would give the last.
    items.iter().rev().max_by_key(|item| verdict(item))
}

fn migration(pending: &Pending, version: u32, world: &mut World, tables: &mut BTreeMap<String, Table>) -> Migration {
    let parse = SourceFile::parse(&pending.sql);
    let is_transactional = pending.class == "transactional";
    let linted = squawk::lint(&pending.sql, version, is_transactional);
    let mut findings = linted.findings;
    let lines = Lines::of(&pending.sql);
    let mut statements = Vec::new();
    let mut locks = Held::default();
    if parse.errors().is_empty() {
        for written in parse.tree().stmts().filter(runs) {
            let effects = effects::of(&written, world);
            remember(&effects, world, tables);
            let mut statement = statement(&lines, statements.len() + 1, &written, &effects, world, locks.any());
            let range = statement.start..statement.end;
            let (own, rest): (Vec<_>, Vec<_>) =
                std::mem::take(&mut findings).into_iter().partition(|(at, _)| range.contains(at));
            findings = rest;
            // squawk knows one script at a time. Nobody uses yet what this plan makes itself.
            let is_new = !effects.of.is_empty() && effects.of.iter().all(|effect| effect.is_new);
            let own = own.into_iter().map(|(_, finding)| finding).filter(|_| !is_new);
            add(&mut statement, own);
            locks.statement(&effects, world);
            statements.push(statement);
        }
        // What belongs to none of them is about the file.
        if let Some(first) = statements.first_mut() {
            add(first, findings.into_iter().map(|(_, finding)| finding));
        }
    }
    let blocking =
        if is_transactional { locks.longest() } else { statements.first().and_then(|it| it.blocking.clone()) };
    let (verdict, why) = judged(&statements, blocking.as_ref(), parse.errors().is_empty());
    Migration {
        name: pending.name.clone(),
        class: pending.class.clone(),
        verdict,
        why,
        sql: pending.sql.clone(),
        statements,
        blocking,
        suppressed: linted.suppressed,
    }
}

/// The schema that CREATE SCHEMA makes.
fn schema(create: &SyntaxNode) -> Option<String> {
    let name = create.descendants().find(|node| node.kind() == SyntaxKind::SCHEMA)?;
    Some(identifier(&name.text().to_string()))
}

/// Where the lines of a script end.
struct Lines(Vec<usize>);

impl Lines {
    fn of(sql: &str) -> Self {
        Self(sql.match_indices('\n').map(|(at, _)| at).collect())
    }

    /// The line that the byte `at` is on, from 1.
    fn at(&self, at: usize) -> usize {
        1 + self.0.partition_point(|end| *end < at)
    }
}

/// BEGIN and COMMIT of a script's own are blanked before it runs.
fn runs(statement: &ast::Stmt) -> bool {
    !matches!(statement.syntax().kind(), SyntaxKind::EMPTY_STMT | SyntaxKind::BEGIN | SyntaxKind::COMMIT_TRANSACTION)
}

fn judged(statements: &[Statement], blocking: Option<&Blocking>, parsed: bool) -> (Verdict, String) {
    if !parsed {
        let why = "It could not be parsed as a whole, so what it does is known only to the server";
        return (Verdict::Caution, why.to_owned());
    }
    let Some(worst) = worst(statements, |statement| statement.verdict) else {
        return (Verdict::Safe, "It holds no statement".to_owned());
    };
    let held = blocking.map_or(Verdict::Safe, |blocking| rules::waiting(blocking.how_long));
    if held > worst.verdict
        && let Some(blocking) = blocking
    {
        return (held, format!("What it locks stays locked to its end: {}", blocking.basis));
    }
    let why =
        if statements.len() > 1 { format!("statement {}: {}", worst.number, worst.why) } else { worst.why.clone() };
    (worst.verdict, why)
}

/// The tables that existed before and are touched.
fn remember(effects: &Effects, world: &World, tables: &mut BTreeMap<String, Table>) {
    for effect in &effects.of {
        if let Some(facts) = world.facts(effect) {
            tables.entry(facts.name.clone()).or_insert_with(|| facts.clone());
        }
    }
}

fn statement(
    lines: &Lines,
    number: usize,
    written: &ast::Stmt,
    effects: &Effects,
    world: &World,
    earlier_locks: bool,
) -> Statement {
    let range = written.syntax().text_range();
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let line = lines.at(start);
    let context = Context { statement: written, effects, world, earlier_locks };
    let (mut findings, safer) = rules::judge(&context, line);
    findings.extend(busy(effects, world, line));
    let blocked = blocked(&effects.of, world);
    let blocking = blocked.as_ref().map(|blocked| Blocking {
        readers: blocked.effect.lock.blocks_reads(),
        writers: blocked.effect.lock.blocks_writes(),
        how_long: blocked.how_long,
        basis: blocked.basis.clone(),
    });
    let harmless = match &blocked {
        Some(blocked) => blocked.sentence(),
        None if effects.of.iter().any(|effect| !effect.is_new) => "It keeps nobody waiting".to_owned(),
        None if effects.of.is_empty() => "It touches no table".to_owned(),
        None => "It touches only what this plan makes".to_owned(),
    };
    let mut statement = Statement {
        number,
        line,
        last_line: lines.at(end),
        start,
        end,
        what: what(written),
        verdict: Verdict::Safe,
        why: harmless,
        effects: effects.of.clone(),
        opaque: effects.opaque,
        blocking,
        findings: Vec::new(),
        safer,
    };
    add(&mut statement, findings.into_iter());
    statement
}

/// Adds findings, and judges the statement by the worst.
fn add(statement: &mut Statement, findings: impl Iterator<Item = Finding>) {
    statement.findings.extend(findings);
    statement.findings.sort_by_key(|finding| Reverse(finding.verdict));
    if let Some(worst) = statement.findings.first().filter(|finding| finding.verdict > statement.verdict) {
        statement.verdict = worst.verdict;
        statement.why = worst.text.clone();
    }
}

/// A transaction that has lasted, and holds what a statement needs: it waits, and everybody who comes behind waits for it.
fn busy(effects: &Effects, world: &World, line: usize) -> Option<Finding> {
    const LASTING_SECONDS: u64 = 5;
    let strong = effects.of.iter().filter(|effect| !effect.is_new && effect.lock >= Lock::ShareUpdateExclusive);
    let found = strong.filter_map(|effect| {
        let holders = &world.facts(effect)?.holders;
        let conflicts =
            |name: &str| Lock::ALL.into_iter().any(|lock| lock.name() == name && lock.conflicts(effect.lock));
        let holder =
            holders.iter().find(|holder| conflicts(&holder.lock) && holder.seconds.unwrap_or(0) >= LASTING_SECONDS)?;
        let who = holder.pid.map_or_else(|| "a prepared transaction".to_owned(), |pid| format!("pid {pid}"));
        let application = holder.application.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        Some(format!(
            "{who}{application} had held {} on {} for {} s when this was written, and the statement waits for it",
            holder.lock,
            effect.relation,
            holder.seconds.unwrap_or(0)
        ))
    });
    let text = found.into_iter().next()?;
    Some(Finding {
        source: report::Source::Lockstep,
        rule: "busy-table".to_owned(),
        verdict: Verdict::Caution,
        line,
        text,
        help: Some(
            "It is tried again within bounds; end that transaction, or wait for it, before approving".to_owned(),
        ),
    })
}

/// The statement in a few words: its beginning, in one line and without comments.
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

/// What a transaction holds until its end.
#[derive(Default)]
struct Held {
    /// By relation, of those that writers wait for: the strongest lock, and how long it will have been held.
    locks: BTreeMap<String, (Lock, u64)>,
    /// Whether something that is not known goes on meanwhile.
    unknown: bool,
    slowest: String,
    most: u64,
}

impl Held {
    /// Whether anything is locked against writers.
    fn any(&self) -> bool {
        !self.locks.is_empty()
    }

    fn statement(&mut self, effects: &Effects, world: &World) {
        for effect in effects.of.iter().filter(|effect| !effect.is_new && effect.lock.blocks_writes()) {
            let held = self.locks.entry(effect.relation.clone()).or_insert((effect.lock, 0));
            held.0 = held.0.max(effect.lock);
        }
        for effect in effects.of.iter().filter(|effect| !effect.is_new && !effect.work.is_empty()) {
            let Some(facts) = world.facts(effect) else {
                self.unknown |= !self.locks.is_empty();
                continue;
            };
            let (taken, basis) = milliseconds(&effect.work, facts);
            if taken > self.most {
                self.most = taken;
                self.slowest = format!("{basis} ({})", effect.relation);
            }
            self.locks.values_mut().for_each(|(_, held)| *held += taken);
        }
    }

    fn longest(&self) -> Option<Blocking> {
        let (name, (_, held)) = self.locks.iter().max_by(|a, b| a.1.1.cmp(&b.1.1))?;
        let how_long = if self.unknown { Magnitude::Unknown } else { magnitude(*held) };
        let basis = if self.slowest.is_empty() {
            format!("{name} is locked, and the catalog alone is changed")
        } else {
            format!("{name} is locked while there are {}", self.slowest)
        };
        Some(Blocking {
            readers: self.locks.values().any(|(lock, _)| lock.blocks_reads()),
            writers: true,
            how_long,
            basis,
        })
    }
}

fn notes(subject: &Subject, server: &Server) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |verdict, text: String| notes.push(Note { verdict, text });
    for missing in &server.missing_privileges {
        note(Verdict::Danger, format!("The role may not {missing}"));
    }
    if server.in_recovery {
        note(Verdict::Danger, "The server is a replica, and takes no writes".into());
    }
    for warning in &subject.warnings {
        note(Verdict::Caution, warning.clone());
    }
    for name in &server.prepared_transactions {
        note(Verdict::Caution, format!("The prepared transaction {name} holds its locks until somebody ends it"));
    }
    for index in &server.invalid_indexes {
        note(Verdict::Caution, format!("The index {index} is invalid: every write maintains it, and nobody reads it"));
    }
    if let Some(longest) = server.longest_transaction.as_ref().filter(|longest| longest.seconds >= 60) {
        let who = longest.application.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        note(Verdict::Caution, format!("The transaction of pid {}{who} has lasted {} s", longest.pid, longest.seconds));
    }
    if server.connections + 3 > server.most_connections {
        let text = format!("{} of {} connections are in use", server.connections, server.most_connections);
        note(Verdict::Caution, text);
    }
    for replica in &server.replicas {
        if replica.lag_seconds.is_some_and(|lag| lag >= 60) {
            note(
                Verdict::Caution,
                format!("The replica {} is {} s behind", replica.name, replica.lag_seconds.unwrap_or(0)),
            );
        }
    }
    notes.sort_by_key(|note| Reverse(note.verdict));
    notes
}
