//! Ranks what to look at first in a report.

use std::cmp::Reverse;

use crate::{Blocking, Magnitude, MigrationReport, Report, StatementReport, Verdict};

/// How many there are of each verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Other sessions notice nothing.
    pub safe: usize,
    /// Other sessions may notice it.
    pub caution: usize,
    /// Other sessions are blocked for long, data is lost, or running code breaks.
    pub danger: usize,
}

impl Counts {
    fn of(verdicts: impl Iterator<Item = Verdict>) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            match verdict {
                Verdict::Safe => counts.safe += 1,
                Verdict::Caution => counts.caution += 1,
                Verdict::Danger => counts.danger += 1,
            }
        }
        counts
    }

    /// Returns the total.
    pub fn total(self) -> usize {
        self.safe + self.caution + self.danger
    }

    /// Returns the numbers by verdict, the worst first.
    pub fn worst_first(self) -> [(Verdict, usize); 3] {
        [(Verdict::Danger, self.danger), (Verdict::Caution, self.caution), (Verdict::Safe, self.safe)]
    }
}

/// A statement with its migration, or a whole migration.
#[derive(Debug, Clone, Copy)]
pub struct Ranked<'a> {
    /// The index of its migration.
    pub migration_at: usize,
    /// Its migration.
    pub migration: &'a MigrationReport,
    /// Its index in the migration, and the statement; `None` for what the statements do together, or for what could not
    /// be read.
    pub statement: Option<(usize, &'a StatementReport)>,
}

impl Ranked<'_> {
    /// Returns how dangerous it is.
    pub fn verdict(&self) -> Verdict {
        self.statement.map_or(self.migration.verdict, |(_, statement)| statement.verdict)
    }

    /// Returns the reason, in one sentence.
    pub fn why(&self) -> &str {
        self.statement.map_or(&self.migration.why, |(_, statement)| &statement.why)
    }

    /// Returns which sessions it blocks, if any, and for how long.
    pub fn blocking(&self) -> Option<&Blocking> {
        let blocking = match self.statement {
            Some((_, statement)) => &statement.blocking,
            None => &self.migration.blocking,
        };
        blocking.as_ref().filter(|blocking| blocking.readers || blocking.writers)
    }
}

impl Report {
    /// Returns how many statements there are of each verdict.
    pub fn counts(&self) -> Counts {
        Counts::of(
            self.migrations.iter().flat_map(|migration| &migration.statements).map(|statement| statement.verdict),
        )
    }

    /// Returns how many migrations there are of each verdict.
    pub fn migration_counts(&self) -> Counts {
        Counts::of(self.migrations.iter().map(MigrationReport::worst))
    }

    /// Returns every statement that is not safe, and every migration that is worse than each of its statements, the
    /// worst first. Among equals, what fails comes first, then what loses data, then what blocks longest, then what
    /// runs earlier.
    pub fn worst_first(&self) -> Vec<Ranked<'_>> {
        let mut ranked: Vec<_> = self.ranked().filter(|ranked| ranked.verdict() > Verdict::Safe).collect();
        ranked.sort_by_key(|ranked| {
            let weight = ranked.statement.map_or(0, |(_, statement)| statement.weight());
            Reverse((ranked.verdict(), weight, ranked.blocking().map(|blocking| blocking.how_long)))
        });
        ranked
    }

    /// Returns all statements and such migrations, in the order in which they run.
    fn ranked(&self) -> impl Iterator<Item = Ranked<'_>> {
        self.migrations.iter().enumerate().flat_map(|(migration_at, migration)| {
            let statements = migration.statements.iter().enumerate();
            let whole = migration.is_worse_together().then_some(None);
            let of = whole.into_iter().chain(statements.map(Some));
            of.map(move |statement| Ranked { migration_at, migration, statement })
        })
    }

    /// Returns how many findings their authors have suppressed with comments for squawk.
    pub fn suppressed(&self) -> usize {
        self.migrations.iter().flat_map(|migration| &migration.suppressed).map(|suppression| suppression.hides).sum()
    }
}

/// Rules whose findings say that a statement fails. They outweigh others of the same verdict: the statement achieves
/// nothing.
pub const FAILS: [&str; 3] = ["refused", "required-column", "replica-identity"];
/// Rules whose findings say that data is lost. They outweigh others of the same verdict: the data does not come back.
pub const LOSES: [&str; 6] = ["cascade", "delete-all", "delete-many", "drop-column", "drop-table", "truncate"];

impl StatementReport {
    /// Returns how much it matters among statements of the same verdict: more is worse.
    pub fn weight(&self) -> u8 {
        let is_of = |rules: &[&str]| {
            self.findings.iter().any(|it| it.verdict == self.verdict && rules.contains(&it.rule.as_str()))
        };
        if is_of(&FAILS) { 2 } else { u8::from(is_of(&LOSES)) }
    }
}

impl MigrationReport {
    /// Whether its statements together are worse than each alone, or whether some of it could not be read.
    fn is_worse_together(&self) -> bool {
        self.statements.iter().all(|statement| statement.verdict < self.verdict)
    }

    /// Returns its verdict, or that of a worse statement: nothing is hidden below a milder word.
    pub fn worst(&self) -> Verdict {
        self.statements.iter().map(|statement| statement.verdict).fold(self.verdict, Verdict::max)
    }
}

impl StatementReport {
    /// Returns how long it blocks other sessions; `None` where it blocks none.
    pub fn how_long(&self) -> Option<Magnitude> {
        self.blocking.as_ref().filter(|blocking| blocking.readers || blocking.writers).map(|blocking| blocking.how_long)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample;

    #[test]
    fn the_worst_is_first_and_nothing_is_lost() {
        let report = sample::small();
        let ranked = report.worst_first();
        assert!(ranked.is_sorted_by_key(|at| Reverse(at.verdict())));
        let counts = report.counts();
        assert_eq!(ranked.len(), counts.danger + counts.caution);
        assert_eq!(ranked[0].verdict(), Verdict::Danger);
        assert!(ranked[0].statement.is_some());
    }

    #[test]
    fn what_is_worse_together_is_looked_at_too() {
        let mut report = sample::small();
        let index = report.migrations.len() - 1;
        report.migrations[index].verdict = Verdict::Danger;
        let ranked = report.worst_first();
        let whole: Vec<_> = ranked.iter().filter(|ranked| ranked.statement.is_none()).collect();
        assert_eq!(whole.len(), 1);
        assert_eq!((whole[0].migration_at, whole[0].why()), (index, report.migrations[index].why.as_str()));
    }

    #[test]
    fn a_migration_is_as_bad_as_its_worst_statement() {
        let mut report = sample::small();
        for migration in &mut report.migrations {
            migration.verdict = Verdict::Safe;
        }
        assert_eq!(report.migration_counts().danger, 1);
    }
}
