//! Compares Lockstep's reading of one script with PostgreSQL's.

use std::ops::Range;

use engine::script::{Script, classify};
use pg_query::NodeEnum;
use pg_query::protobuf::{ParseResult, RawStmt, RoleSpec, RoleSpecType};
use scan::{Kind, tokens};

/// How the two readings of a script compare.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The statements are the same.
    Same,
    /// Lockstep refuses it, with this reason.
    Refused(String),
    /// Lockstep leaves the script's syntax to the server, and no statement of it begins or ends a transaction.
    LeftToTheServer,
    /// PostgreSQL rejects the script's syntax, so none of it ever runs.
    NoScript,
}

/// Reads `sql` with both parsers.
///
/// # Errors
///
/// How the two differ.
pub(crate) fn compare(sql: &str) -> Result<Outcome, String> {
    let Ok(theirs) = pg_query::split_with_parser(sql) else { return Ok(Outcome::NoScript) };
    let theirs: Vec<Range<usize>> = theirs.iter().map(|statement| trimmed(sql, range_in(sql, statement))).collect();
    means_the_same(sql)?;
    match classify(sql) {
        Err(refusal) => Ok(Outcome::Refused(refusal.to_string())),
        Ok(script) if script.parsed => same_statements(sql, &script, &theirs).map(|()| Outcome::Same),
        Ok(_) => match theirs.iter().find(|statement| is_transaction_control(&sql[(*statement).clone()])) {
            None => Ok(Outcome::LeftToTheServer),
            Some(statement) => Err(format!("{:?} is left to the server", &sql[statement.clone()])),
        },
    }
}

/// Checks that every statement of the server's is one of ours, or one that is blanked.
fn same_statements(sql: &str, script: &Script, theirs: &[Range<usize>]) -> Result<(), String> {
    let mut ours = script.statements.iter().peekable();
    for (index, statement) in theirs.iter().enumerate() {
        match ours.next_if(|ours| ours.number == index + 1) {
            Some(ours) if trimmed(sql, ours.start..ours.end) == *statement => {}
            Some(ours) => return Err(format!("{:?} is {:?}", &sql[ours.start..ours.end], &sql[statement.clone()])),
            None if is_blanked(&sql[statement.clone()]) && script.text[statement.clone()].trim().is_empty() => {}
            None => return Err(format!("{:?} is hidden", &sql[statement.clone()])),
        }
    }
    ours.next().map_or(Ok(()), |ours| Err(format!("{:?} is no statement", &sql[ours.start..ours.end])))
}

/// Checks that the text that squawk reads is the same script to the server, to the last place and value.
fn means_the_same(sql: &str) -> Result<(), String> {
    let readable = scan::readable(sql);
    // `SET NAMES` is rewritten on purpose.
    if *readable == *sql || sql.to_ascii_lowercase().contains("names") {
        return Ok(());
    }
    let [before, after] = [sql, &*readable]
        .map(|text| pg_query::parse(text, pg_query::ParserOptions::default()).map(|parsed| parsed.protobuf));
    let before = before.unwrap();
    let mut after = after.map_err(|error| format!("{readable:?} is no script: {error}"))?;
    restore_the_user(&before, &mut after);
    if before == after { Ok(()) } else { Err(format!("{readable:?} is another script")) }
}

/// Undoes a rewriting that is made on purpose: the `self` of a user mapping, where `before` has the current user.
fn restore_the_user(before: &ParseResult, after: &mut ParseResult) {
    for (before, after) in before.stmts.iter().zip(&mut after.stmts) {
        if let [Some(before), Some(after)] = [mapped_user(&mut before.clone()), mapped_user(after)]
            && before.roletype() == RoleSpecType::RolespecCurrentUser
            && after.rolename == "self"
        {
            *after = before.clone();
        }
    }
}

/// Returns the role of a user mapping that a statement changes, if it changes one.
fn mapped_user(statement: &mut RawStmt) -> Option<&mut RoleSpec> {
    match statement.stmt.as_mut()?.node.as_mut()? {
        NodeEnum::AlterUserMappingStmt(alter) => alter.user.as_mut(),
        _ => None,
    }
}

/// Returns the strings, quoted names, comments and semicolons of `sql`, as the server's scanner finds them and as ours
/// does. `None` if the server's scanner rejects it.
pub(crate) fn lexemes(sql: &str) -> Option<[Vec<(usize, usize)>; 2]> {
    use pg_query::protobuf::Token;
    let scanned = pg_query::scan(sql).ok()?;
    let place = |token: &pg_query::protobuf::ScanToken| {
        let [start, end] = [token.start, token.end].map(|at| usize::try_from(at).unwrap());
        (start, end)
    };
    let theirs = scanned.tokens.iter().filter(|token| match token.token() {
        Token::Sconst
        | Token::Usconst
        | Token::Bconst
        | Token::Xconst
        | Token::Uident
        | Token::SqlComment
        | Token::CComment
        | Token::Ascii59 => true,
        _ => sql[place(token).0..].starts_with('"'),
    });
    let mut ours: Vec<(usize, usize)> = Vec::new();
    // The comments between the parts of one string belong to the string.
    let mut last_string = 0;
    for token in tokens(sql) {
        match token.kind {
            Kind::Text | Kind::EscapeText | Kind::BitText if token.continues => {
                ours.truncate(last_string);
                ours.last_mut()?.1 = token.end;
                continue;
            }
            // The server makes a token of its own of the letter.
            Kind::Text if sql[token.range()].starts_with(['n', 'N']) => ours.push((token.start + 1, token.end)),
            Kind::Text
            | Kind::EscapeText
            | Kind::BitText
            | Kind::DollarText
            | Kind::QuotedName
            | Kind::Comment
            | Kind::Semicolon => ours.push((token.start, token.end)),
            _ => {}
        }
        if matches!(token.kind, Kind::Text | Kind::EscapeText | Kind::BitText) {
            last_string = ours.len();
        }
    }
    Some([theirs.map(place).collect(), ours])
}

fn range_in(sql: &str, part: &str) -> Range<usize> {
    let start = part.as_ptr() as usize - sql.as_ptr() as usize;
    start..start + part.len()
}

/// Returns `range` without the blanks and comments at its ends.
fn trimmed(sql: &str, range: Range<usize>) -> Range<usize> {
    let written = tokens(&sql[range.clone()]).filter(|token| !matches!(token.kind, Kind::Space | Kind::Comment));
    let all: Vec<_> = written.collect();
    let ends = all.first().zip(all.last());
    ends.map_or(range.start..range.start, |(first, last)| range.start + first.start..range.start + last.end)
}

fn starts_with(statement: &str, words: &[&str]) -> bool {
    let first = tokens(statement).next().map_or("", |token| &statement[token.range()]);
    words.iter().any(|word| first.eq_ignore_ascii_case(word))
}

/// Whether the engine may leave `statement` out: a BEGIN or COMMIT, or a SET of the client's encoding.
fn is_blanked(statement: &str) -> bool {
    is_envelope(statement) || sets_client_encoding(statement)
}

fn sets_client_encoding(statement: &str) -> bool {
    let Ok(parsed) = pg_query::parse(statement, pg_query::ParserOptions::default()) else { return false };
    let mut nodes = parsed.protobuf.stmts.iter().filter_map(|raw| raw.stmt.as_ref()?.node.as_ref());
    nodes.all(|node| matches!(node, NodeEnum::VariableSetStmt(set) if set.name == "client_encoding"))
}

fn is_envelope(statement: &str) -> bool {
    starts_with(statement, &["begin", "start", "commit", "end"])
}

fn is_transaction_control(statement: &str) -> bool {
    is_envelope(statement) || starts_with(statement, &["rollback", "abort", "prepare"])
}
