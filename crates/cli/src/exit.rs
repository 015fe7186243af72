//! The exit codes. Each has one meaning, whatever the command.

/// Defines the codes with their meanings from one list, so that the documentation can be held to it.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $meaning:literal;)*) => {
        /// How a command ends.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Exit {
            $($(#[$doc])* $name,)*
        }

        impl Exit {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Returns the process's exit code.
            pub const fn code(self) -> u8 {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// Returns what the code means, for people.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                }
            }
        }
    };
}

codes! {
    /// The command did what it was asked to do.
    Done = 0, "The command did what it was asked to do";
    /// The work failed.
    Failed = 1, "It failed: the message names what, and the way out";
    /// The arguments or the settings are wrong.
    Usage = 2, "The arguments or the settings are wrong; nothing was started";
    /// A person rejected the plan.
    Rejected = 3, "A person rejected the plan";
    /// No person decided in time.
    Expired = 4, "No person decided in time";
    /// The run was stopped.
    Stopped = 5, "The run was stopped";
    /// The run took longer than it may.
    TimedOut = 6, "The run took longer than a run may";
    /// No answer came any more.
    Lost = 7, "AWS no longer answered; the run goes on, if it was started";
    /// The report is as bad as `--fail-on` says, or worse.
    Judged = 8, "The report's verdict is the one of `--fail-on`, or a worse one";
    /// The approve function did not accept a decision.
    Refused = 9, "The decision was not accepted";
    /// Ctrl-C, or the reader of the output has left.
    Interrupted = 130, "You interrupted it: the message says what goes on";
}

impl Exit {
    /// Returns the table of the codes, for `--help`.
    pub fn table() -> String {
        let line = |exit: &Self| format!("  {:<4} {}", exit.code(), exit.meaning());
        let lines: Vec<_> = Self::ALL.iter().map(line).collect();
        format!("Exit status:\n{}", lines.join("\n"))
    }
}
