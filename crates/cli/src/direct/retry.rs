//! Which failures of an attempt are tried again, how often, and after which pauses: as in the state machine.

use std::collections::HashMap;
use std::time::Duration;

use shared::FailureName;

/// How a failure is tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Policy {
    /// The failures that share the attempts.
    names: &'static [FailureName],
    /// The first pause, in seconds.
    first: f64,
    /// The factor from one pause to the next.
    rate: f64,
    /// The number of attempts after the first one.
    most: u32,
    /// The longest pause, in seconds.
    longest: f64,
}

use FailureName::{DatabaseConnectionClosed, DatabaseReadOnly, DatabaseUnreachable, LockHeld, LockTimeout};

const POLICIES: &[Policy] = &[
    Policy {
        names: &[DatabaseUnreachable, DatabaseConnectionClosed, DatabaseReadOnly],
        first: 1.0,
        rate: 2.0,
        most: 10,
        longest: 30.0,
    },
    Policy { names: &[LockHeld], first: 2.0, rate: 1.5, most: 50, longest: 30.0 },
    Policy { names: &[LockTimeout], first: 5.0, rate: 2.0, most: 3, longest: 60.0 },
];

/// Counts the attempts.
#[derive(Debug, Default)]
pub(super) struct Retries {
    tried: HashMap<FailureName, u32>,
}

/// A further attempt.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Again {
    /// How long to wait before it. Two runs do not meet again and again: the pause is random, up to the policy's.
    pub(super) pause: Duration,
    /// Its number among the further attempts for this cause, from 1.
    pub(super) number: u32,
    /// How many there are at most.
    pub(super) most: u32,
}

impl Retries {
    /// Returns the next attempt after a failure of this name; `None` if there is none.
    pub(super) fn after(&mut self, name: Option<FailureName>) -> Option<Again> {
        let name = name?;
        let policy = POLICIES.iter().find(|policy| policy.names.contains(&name))?;
        let tried = self.tried.entry(policy.names[0]).or_default();
        if *tried >= policy.most {
            return None;
        }
        let pause = (policy.first * policy.rate.powi((*tried).try_into().unwrap_or(i32::MAX))).min(policy.longest);
        *tried += 1;
        Some(Again { pause: Duration::from_secs_f64(pause * fastrand::f64()), number: *tried, most: policy.most })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn the_policies_are_those_of_the_state_machine() {
        let definition = include_str!("../../../../statemachine/migrate.asl.json");
        let definition: Value = serde_json::from_str(definition).unwrap();
        let retries = definition["States"]["Apply"]["Retry"].as_array().unwrap();
        for policy in POLICIES {
            let names: Vec<_> = policy.names.iter().map(|name| Value::from(name.as_str())).collect();
            let theirs = retries.iter().find(|retry| retry["ErrorEquals"] == Value::from(names.clone())).unwrap();
            let number = |field: &str| theirs[field].as_f64().unwrap();
            assert_eq!(
                (policy.first, policy.rate, f64::from(policy.most), policy.longest),
                (number("IntervalSeconds"), number("BackoffRate"), number("MaxAttempts"), number("MaxDelaySeconds")),
            );
        }
    }

    #[test]
    fn attempts_end() {
        let mut retries = Retries::default();
        let pauses: Vec<_> = std::iter::from_fn(|| retries.after(Some(LockTimeout))).collect();
        assert_eq!(pauses.iter().map(|again| again.number).collect::<Vec<_>>(), [1, 2, 3]);
        assert!(pauses[0].pause <= Duration::from_secs(5) && pauses[2].pause <= Duration::from_secs(20));
        assert!(retries.after(Some(LockHeld)).is_some());
        assert_eq!(retries.after(Some(FailureName::MigrationFailed)), None);
        assert_eq!(retries.after(None), None);
    }
}
