//! What is not safe, with its place in a file: for renderings that point at lines.

use crate::visible::prose;
use crate::{Ranked, Report, Verdict, words};

/// Something that is not safe, in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// How dangerous it is.
    pub(crate) verdict: Verdict,
    /// The rule of the worst finding, with its project: `lockstep/rewrite`; `lockstep/blocks` where no rule says it.
    pub(crate) rule: String,
    /// The migration's name, as it is.
    pub(crate) migration: String,
    /// The first and the last line, from 1.
    pub(crate) lines: (usize, usize),
    /// One line.
    pub(crate) title: String,
    /// A sentence or more.
    pub(crate) message: String,
}

/// Returns what is not safe, the worst first.
pub(crate) fn places(report: &Report) -> Vec<Placed> {
    report.worst_first().iter().map(placed).collect()
}

fn placed(ranked: &Ranked<'_>) -> Placed {
    let mut message = prose(ranked.why());
    if let Some(blocking) = ranked.blocking().filter(|blocking| !ranked.why().contains(&blocking.basis)) {
        message.extend([" ", &words::waiting(blocking), ": ", &prose(&blocking.basis), "."]);
    }
    let migration = ranked.migration.name.clone();
    let Some((_, statement)) = ranked.statement else {
        let rule = "lockstep/whole".to_owned();
        return Placed {
            verdict: ranked.verdict(),
            rule,
            migration,
            lines: (1, 1),
            title: words::WHOLE.into(),
            message,
        };
    };
    if let Some(safer) = &statement.safer {
        message.extend([" Safer: ", &prose(&safer.text)]);
    }
    let worst = statement.findings.first().filter(|finding| finding.verdict == statement.verdict);
    Placed {
        verdict: statement.verdict,
        rule: worst.map_or_else(
            || "lockstep/blocks".to_owned(),
            |worst| format!("{}/{}", worst.source.name(), prose(&worst.rule)),
        ),
        migration,
        lines: (statement.line.max(1), statement.last_line.max(statement.line).max(1)),
        title: format!("{}: {}", statement.verdict.name(), prose(&statement.what)),
        message,
    }
}
