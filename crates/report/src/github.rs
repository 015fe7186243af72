//! Renders the report as annotations of a job on GitHub Actions.

use crate::places::{Placed, places};
use crate::visible::prose;
use crate::{Report, Verdict, words};

/// How many errors, and how many warnings, GitHub shows of one step. It drops the rest.
const MOST: usize = 10;

/// Returns the report as workflow commands, a line each, the worst first. `file` returns the path of a migration's script
/// in the repository.
pub fn github(report: &Report, file: impl Fn(&str) -> Option<String>) -> String {
    let mut shown = [0; 2];
    let mut text = String::new();
    let mut left_out = 0;
    for placed in places(report) {
        let (command, count) = match placed.verdict {
            Verdict::Danger => ("error", &mut shown[0]),
            _ => ("warning", &mut shown[1]),
        };
        *count += 1;
        if *count > MOST {
            left_out += 1;
            continue;
        }
        text += &annotation(command, &placed, file(&placed.migration));
    }
    let rest = if left_out > 0 { format!(" {left_out} more are in the report.") } else { String::new() };
    let all = format!(
        "{}: {} {}; {}.{rest}",
        report.verdict.name(),
        prose(&report.why),
        words::pending(report),
        words::counted(report.counts())
    );
    text + &format!("::notice title=Lockstep::{}\n", of_message(&all))
}

/// Returns an error as a workflow command: at a file and, where it is known, a line.
pub fn github_error(title: &str, message: &str, file: Option<(&str, Option<usize>)>) -> String {
    let place = match file {
        None => String::new(),
        Some((file, None)) => format!("file={},", of_property(file)),
        Some((file, Some(line))) => format!("file={},line={line},", of_property(file)),
    };
    format!("::error {place}title={}::{}\n", of_property(title), of_message(message))
}

fn annotation(command: &str, placed: &Placed, file: Option<String>) -> String {
    let (first, last) = placed.lines;
    let place =
        file.map_or_else(String::new, |file| format!("file={},line={first},endLine={last},", of_property(&file)));
    format!("::{command} {place}title={}::{}\n", of_property(&placed.title), of_message(&placed.message))
}

/// Escapes a command's message, as GitHub's own toolkit does.
fn of_message(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a value of a command's property.
fn of_property(text: &str) -> String {
    of_message(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::arbitrary;
    use crate::sample;

    #[test]
    fn an_annotation_points_at_the_statement() {
        let report = sample::small();
        let text = github(&report, |name| Some(format!("prisma/migrations/{name}/migration.sql")));
        let worst = &report.worst_first()[0];
        let (_, statement) = worst.statement.unwrap();
        let begins = format!(
            "::error file=prisma/migrations/{}/migration.sql,line={},endLine={},title=danger%3A ",
            worst.migration.name, statement.line, statement.last_line
        );
        assert!(text.starts_with(&begins), "{text}");
        assert!(text.lines().last().unwrap().starts_with("::notice title=Lockstep::danger: "), "{text}");
    }

    #[test]
    fn no_more_are_written_than_github_shows() {
        let report = sample::huge(200);
        let text = github(&report, |_| None);
        assert!(text.matches("::error ").count() <= MOST && text.matches("::warning ").count() <= MOST);
        assert!(text.contains("more are in the report"), "{text}");
    }

    proptest! {
        #![proptest_config(arbitrary::config())]
        #[test]
        fn nothing_in_a_report_adds_a_command(report in arbitrary::report()) {
            let text = github(&report, |name| Some(name.to_owned()));
            for line in text.lines() {
                let is_ours = ["::error ", "::warning ", "::notice "].iter().any(|begin| line.starts_with(begin));
                prop_assert!(is_ours, "{line:?}");
            }
        }
    }
}
