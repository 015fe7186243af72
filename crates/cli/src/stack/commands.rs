//! The commands that lead back to an execution, as they are printed.

use crate::target::Target;
use crate::words::quoted;

/// One execution, as a command names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commands {
    /// The environment's word and the execution's name.
    what: String,
    /// The options that find the stack again.
    options: String,
}

impl Commands {
    /// Returns the commands for an execution of a stack.
    pub(crate) fn of(target: &Target, execution: &str) -> Self {
        Self::new(target.word, named(&target.stack, execution), &target.options())
    }

    /// Returns the commands for an execution of this name.
    pub(crate) fn new(environment: &str, name: &str, options: &str) -> Self {
        Self { what: format!("{environment} {}", quoted(name)), options: options.to_owned() }
    }

    /// Returns the command that shows it.
    pub(crate) fn show(&self) -> String {
        format!("lockstep show {}{}", self.what, self.options)
    }

    /// Returns the command that follows it.
    pub(crate) fn follow(&self) -> String {
        let (environment, name) = self.what.split_once(' ').unwrap_or_default();
        format!("lockstep run {environment} --follow {name}{}", self.options)
    }

    /// Returns the command that stops it.
    pub(crate) fn stop(&self) -> String {
        format!("lockstep stop {}{}", self.what, self.options)
    }

    /// Returns the commands that approve and reject the plan with this digest.
    pub(crate) fn decisions(&self, digest: &str) -> [String; 2] {
        let Self { what, options } = self;
        ["approve", "reject"].map(|verb| format!("lockstep {verb} {what} --digest {digest}{options} --reason REASON"))
    }
}

/// Returns what finds an execution again: its name, or its whole ARN if its state machine is not the one that migrates.
pub(crate) fn named<'a>(stack: &str, execution: &'a str) -> &'a str {
    let machine = execution.rsplit(':').nth(1);
    if machine.is_none_or(|machine| machine == stack) { name_of(execution) } else { execution }
}

/// Returns an execution's name, the last part of its ARN.
pub(crate) fn name_of(execution: &str) -> &str {
    execution.rsplit(':').next().unwrap_or(execution)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_commands_find_the_execution_again() {
        let commands = Commands::new("prod", "apply-1", " --project shop");
        assert_eq!(commands.show(), "lockstep show prod apply-1 --project shop");
        assert_eq!(commands.follow(), "lockstep run prod --follow apply-1 --project shop");
        assert_eq!(commands.stop(), "lockstep stop prod apply-1 --project shop");
        let [approve, reject] = commands.decisions("abc");
        assert_eq!(approve, "lockstep approve prod apply-1 --digest abc --project shop --reason REASON");
        assert!(reject.starts_with("lockstep reject prod"));
        assert_eq!(Commands::new("dev", "it's", "").stop(), "lockstep stop dev 'it'\"'\"'s'");
    }

    #[test]
    fn an_execution_that_only_plans_is_found_by_its_arn() {
        let plans = crate::stack::made::ARN.replace("-prod:", "-prod-plan:");
        assert_eq!(named("lockstep-migrations-prod", &plans), plans);
        assert_eq!(named("lockstep-migrations-prod", crate::stack::made::ARN), "apply-1");
        assert_eq!(named("lockstep-migrations-prod", "apply-1"), "apply-1");
    }

    #[test]
    fn the_name_ends_the_arn() {
        assert_eq!((name_of(crate::stack::made::ARN), name_of("apply-1")), ("apply-1", "apply-1"));
    }
}
