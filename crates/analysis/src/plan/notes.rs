//! The notes that belong to no statement.

use report::{Note, Server, Verdict};

use super::migration::Blind;

/// Returns notes on the plan.
pub(super) fn of_plan(warnings: &[String], blind: Option<&Blind>) -> Vec<Note> {
    let warned = warnings.iter().map(|warning| Note { verdict: Verdict::Caution, text: warning.clone() });
    let blind = blind.map(|Blind { migration, line, .. }| Note {
        verdict: Verdict::Safe,
        text: format!(
            "Failures of the statements after line {line} of {migration} are not foretold: it is not known what the \
             statement there changes"
        ),
    });
    warned.chain(blind).collect()
}

/// Returns notes on the server.
pub(super) fn of_server(server: &Server) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut note = |verdict, text: String| notes.push(Note { verdict, text });
    for missing in &server.missing_privileges {
        note(Verdict::Danger, format!("The role may not {missing}"));
    }
    if server.in_recovery {
        note(Verdict::Danger, "The server is a replica, and takes no writes".into());
    }
    for name in &server.prepared_transactions {
        note(Verdict::Caution, format!("The prepared transaction {name} holds its locks until a person ends it"));
    }
    for index in &server.invalid_indexes {
        note(
            Verdict::Caution,
            format!("The index {index} is invalid: every write maintains it, and no query reads it"),
        );
    }
    if let Some(longest) = server.longest_transaction.as_ref().filter(|longest| longest.seconds >= 60) {
        let who = longest.application.as_ref().map_or(String::new(), |name| format!(" ({name})"));
        note(Verdict::Caution, format!("The transaction of pid {}{who} has lasted {} s", longest.pid, longest.seconds));
    }
    if !server.hidden_transactions.is_empty() {
        // A long transaction that a statement waits for is reported at the statement.
        let text = format!(
            "The role may not see how long transactions of other roles have lasted ({}). GRANT pg_read_all_stats lets it",
            server.hidden_transactions.join(", ")
        );
        note(Verdict::Safe, text);
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
    notes
}
