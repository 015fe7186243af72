//! `lockstep run --ask`: the decision on a run that waits for one, asked for at the terminal.

use shared::approval::{Answer, Verb};

use super::commands::Commands;
use super::decide::decide;
use crate::screen::{Look, Screen, ask_beside};
use crate::target::Target;

/// Asks a person to approve or reject the plan with this digest, and sends the decision as that of the owner of the AWS
/// credentials. An empty answer leaves the run waiting, and so does the end of the input. A refusal is only said: the run
/// may have been decided meanwhile, or its time may be over.
pub(crate) async fn ask(screen: &mut Screen, target: &Target, execution: &str, digest: &str) {
    let Some(verb) = ask_for_verb(screen).await else { return leave(screen) };
    let reason = loop {
        match ask_beside("  reason:").await {
            Some(reason) if reason.text.is_empty() && !reason.is_last => {}
            Some(reason) if !reason.text.is_empty() => break reason.text,
            _ => return leave(screen),
        }
    };
    let answer = Answer {
        execution: execution.to_owned(),
        digest: digest.to_owned(),
        decision: verb,
        reason,
        by: None,
        on_behalf_of: None,
    };
    if let Err(failure) = decide(target, &answer).await {
        let show = Commands::of(target, execution).show();
        screen.complain(Look::Warning, &failure.explain(target, &show).message);
    }
}

async fn ask_for_verb(screen: &mut Screen) -> Option<Verb> {
    loop {
        let typed = ask_beside("  Type approve or reject (Enter: decide later):").await?;
        match verb(&typed.text) {
            Some(verb) => return Some(verb),
            None if typed.text.is_empty() => return None,
            None => screen.complain(Look::Warning, "  Type the whole word"),
        }
    }
}

fn leave(screen: &mut Screen) {
    screen.complain(Look::Plain, "  Nothing was decided. The commands above decide later");
}

/// Returns what was meant: only the whole word, since each decision is final.
fn verb(typed: &str) -> Option<Verb> {
    match typed.to_lowercase().as_str() {
        "approve" => Some(Verb::Approve),
        "reject" => Some(Verb::Reject),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_word_decides() {
        assert!(matches!(verb("Approve"), Some(Verb::Approve)) && matches!(verb("reject"), Some(Verb::Reject)));
        for unclear in ["", "y", "a", "r", "approve!", "approve reject"] {
            assert!(verb(unclear).is_none(), "{unclear}");
        }
    }
}
