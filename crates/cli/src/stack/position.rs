//! Where an execution is: whether it waits for a decision, until when, and on which plan.
//!
//! All commands that follow, show, list or decide get this from here; no other module reads it from a history.

use shared::Place;
use shared::payload::{NotifyOutput, PlanOutput};

use super::history::{Answer, Event, Step};

/// Where an execution is, according to the steps of its history so far.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Position {
    /// The current state; empty before the first one.
    pub(crate) state: String,
    /// What it waits for, if it waits for a decision.
    pub(crate) waiting: Option<Waiting>,
    /// The plan, once there is one.
    pub(crate) plan: Option<Box<PlanOutput>>,
    /// The script at which it failed, and the place in it.
    pub(crate) place: Option<Place>,
}

/// A decision that is waited for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Waiting {
    /// Until when.
    pub(crate) expires_at: String,
    /// What became of the mail that asks for it.
    pub(crate) mail: Option<Box<NotifyOutput>>,
}

impl Position {
    /// Returns the position after these steps.
    pub(crate) fn after<'a>(steps: impl IntoIterator<Item = &'a Step>) -> Self {
        let mut position = Self::default();
        for step in steps {
            position.take(step);
        }
        position
    }

    /// Takes the next step. A waiting execution has no steps, so any other step ends the waiting.
    pub(crate) fn take(&mut self, step: &Step) {
        self.waiting = None;
        match &step.event {
            Event::Waiting { expires_at, mail } if step.state == "Approval" => {
                self.waiting = Some(Waiting { expires_at: expires_at.clone(), mail: mail.clone() });
            }
            Event::Entered => step.state.clone_into(&mut self.state),
            Event::Succeeded(Answer::Plan(plan)) => self.plan = Some(plan.clone()),
            Event::Failed { place: Some(place), .. } => self.place = Some(place.clone()),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::stack::made::{approval, done, entered, failed, history, plan, submitted, succeeded, waiting};

    #[test]
    fn it_waits_on_the_plan_until_the_task_ends() {
        let planned = || done("Plan", &plan());
        let before = Position::after(&history(planned().into_iter().chain([entered("Approval")])));
        assert_eq!((before.state.as_str(), before.waiting.is_some(), before.plan.is_some()), ("Approval", false, true));
        let asked = || planned().into_iter().chain(waiting(&json!({ "sent": true })));
        let during = Position::after(&history(asked()));
        let Some(Waiting { expires_at, mail: Some(mail) }) = during.waiting else { panic!("{during:?}") };
        assert!(expires_at == "2026-01-01T13:00:00Z" && mail.notification.sent);
        for ends in [succeeded(&approval()), failed("States.Timeout", "")] {
            let ended = Position::after(&history(asked().chain([ends])));
            assert_eq!((ended.waiting, ended.plan.is_some()), (None, true));
        }
    }

    #[test]
    fn one_that_asks_again_waits_again() {
        let mail = json!({ "sent": true });
        let again = waiting(&mail).into_iter().chain([failed("x", ""), submitted(&mail)]);
        assert!(Position::after(&history(again)).waiting.is_some());
    }

    #[test]
    fn the_place_of_a_failure_stays_known() {
        let cause = json!({ "errorMessage": "no\n{\"migration\":\"1_a\",\"line\":3}" }).to_string();
        let ended = Position::after(&history([entered("Apply"), failed("X", &cause), entered("NotifyFailure")]));
        assert_eq!((ended.place.unwrap().line, ended.state.as_str()), (Some(3), "NotifyFailure"));
    }
}
