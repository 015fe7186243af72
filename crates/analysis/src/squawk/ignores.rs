//! Comments that tell squawk to hide findings, and how many each hides.

use std::collections::{HashMap, HashSet};

use report::{Finding, Source, Suppression, Verdict};
use scan::Lines;
use squawk_linter::Rule;
use squawk_linter::ignore::{IGNORE_LINE_TEXT, IgnoreKind, ignore_rule_info};
use squawk_syntax::{SyntaxElement, SyntaxNode, SyntaxToken};

use super::rules::mapping;
use super::{LONGEST_TEXT, one_line};

/// The maximum length of a name that is no rule's, in characters.
const LONGEST_NAME: usize = 60;

/// The comments of a script that squawk obeys.
pub(super) struct Ignores(Vec<Comment>);

struct Comment {
    /// The position of squawk's word in the script.
    marker: usize,
    /// The position of its first rule, whose line is the one that counts for squawk.
    at: usize,
    names: Vec<Name>,
    is_for_file: bool,
    /// Whether it names no rule at all.
    is_bare: bool,
}

/// A rule's name in a comment.
enum Name {
    /// A rule, and the rules that it stands for.
    Known(Rule, Vec<Rule>),
    Unknown(String),
}

/// A finding that a comment hides: its rule, and where it starts.
pub(super) type Hidden = (Rule, usize);

impl Ignores {
    /// Finds the comments, with squawk's own reader.
    pub(super) fn find(root: &SyntaxNode) -> Self {
        let tokens = root.descendants_with_tokens().filter_map(SyntaxElement::into_token);
        Self(tokens.filter_map(|token| Comment::read(&token)).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the script with these comments disabled, every character in its place.
    pub(super) fn disarm(&self, sql: &str) -> String {
        let mut text = String::with_capacity(sql.len());
        let mut from = 0;
        for comment in &self.0 {
            text.push_str(&sql[from..comment.marker]);
            // Another word of the same length.
            text.push_str("squawk_ignore");
            from = comment.marker + IGNORE_LINE_TEXT.len();
        }
        text + &sql[from..]
    }

    /// Returns what each comment hides of `hidden`, and what is wrong with the comment.
    pub(super) fn account(&self, sql: &str, hidden: &[Hidden]) -> (Vec<Suppression>, Vec<(usize, Finding)>) {
        let (lines, hides) = (Lines::of(sql), self.hides(sql, hidden));
        let mut suppressed = Vec::new();
        let mut findings = Vec::new();
        for (comment, hides) in self.0.iter().zip(&hides) {
            let line = lines.at(comment.at);
            let rules = comment.names.iter().map(Name::text).collect();
            suppressed.push(Suppression { line, rules, file: comment.is_for_file, hides: hides.values().sum() });
            findings.extend(comment.faults(line, hides).into_iter().map(|finding| (comment.at, finding)));
        }
        (suppressed, findings)
    }

    /// Returns, for each comment, how many findings of which rule it hides. Two comments can hide the same finding.
    ///
    /// A line's comment covers findings that start on its own line or on the next. Of several on a line, only the last
    /// one counts.
    fn hides(&self, sql: &str, hidden: &[Hidden]) -> Vec<HashMap<Rule, usize>> {
        let lines = lines_of_squawk(sql);
        let covers: Vec<Option<HashSet<Rule>>> = self.0.iter().map(Comment::covers).collect();
        let (of_file, of_line): (Vec<_>, Vec<_>) = (0..self.0.len()).partition(|index| self.0[*index].is_for_file);
        let of_line: HashMap<usize, usize> =
            of_line.into_iter().map(|index| (lines.at(self.0[index].at), index)).collect();
        let mut hides = vec![HashMap::new(); self.0.len()];
        for (rule, at) in hidden {
            let line = lines.at(*at);
            let near = [line, line - 1].into_iter().filter_map(|line| of_line.get(&line));
            for index in of_file.iter().chain(near) {
                if covers[*index].as_ref().is_none_or(|rules| rules.contains(rule)) {
                    *hides[*index].entry(*rule).or_default() += 1;
                }
            }
        }
        hides
    }
}

/// Returns the lines as squawk counts them: a carriage return alone ends one too.
fn lines_of_squawk(sql: &str) -> Lines {
    let bytes = sql.as_bytes();
    let ends = |at: &usize| match bytes[*at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    };
    Lines::that_end((0..bytes.len()).filter(ends))
}

impl Comment {
    fn read(token: &SyntaxToken) -> Option<Self> {
        let (names, range, kind) = ignore_rule_info(token)?;
        Some(Self {
            marker: usize::from(token.text_range().start()) + token.text().find(IGNORE_LINE_TEXT)?,
            at: range.start().into(),
            names: names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(Name::read).collect(),
            is_for_file: matches!(kind, IgnoreKind::File),
            is_bare: names.trim().is_empty(),
        })
    }

    /// Returns the rules that it hides; `None` for all. squawk ignores a line's comment without a rule.
    fn covers(&self) -> Option<HashSet<Rule>> {
        (!self.is_for_file || !self.is_bare).then(|| self.names.iter().flat_map(Name::rules).collect())
    }

    fn faults(&self, line: usize, hides: &HashMap<Rule, usize>) -> Vec<Finding> {
        let listed = |which: &dyn Fn(&Name) -> bool| {
            let names = self.names.iter().filter(|name| which(name)).map(|name| format!("`{}`", name.text()));
            Some(names.collect::<Vec<_>>().join(", ")).filter(|names| !names.is_empty())
        };
        let is_for_all = self.is_for_file && self.is_bare;
        let unknown = listed(&|name| matches!(name, Name::Unknown(_)))
            .map(|names| format!("squawk has no rule {names}, and hides nothing by that."));
        let idle = if let Some(names) = listed(&|name| name.is_idle(hides)) {
            Some(format!("There is nothing to hide for {names}."))
        } else if self.names.is_empty() && !is_for_all {
            Some("The comment names no rule, and squawk then hides nothing.".to_owned())
        } else if is_for_all && hides.is_empty() {
            Some("There is nothing to hide for the comment.".to_owned())
        } else {
            None
        };
        let unknown = unknown.map(|text| fault(Source::Squawk, line, &text, "Correct the name, or remove it."));
        let idle = idle
            .map(|text| fault(Source::Lockstep, line, &text, "Remove it: it may hide what is written there later."));
        unknown.into_iter().chain(idle).collect()
    }
}

impl Name {
    fn read(name: &str) -> Self {
        match Rule::try_from(name) {
            Ok(rule) => Self::Known(rule, std::iter::once(rule).chain(rule.expands_to().iter().copied()).collect()),
            Err(_) => Self::Unknown(name.to_owned()),
        }
    }

    fn rules(&self) -> impl Iterator<Item = Rule> {
        match self {
            Self::Known(_, rules) => rules.as_slice(),
            Self::Unknown(_) => &[],
        }
        .iter()
        .copied()
    }

    /// Returns the name as squawk writes it. A name that is no rule's can be any text from the comment.
    fn text(&self) -> String {
        match self {
            Self::Known(rule, _) => rule.to_string(),
            Self::Unknown(name) => one_line(name, LONGEST_NAME),
        }
    }

    /// Whether its rule is used here, and it hides no finding of the rule. For other rules only squawk's own run would
    /// know.
    fn is_idle(&self, hides: &HashMap<Rule, usize>) -> bool {
        let mut used = self.rules().filter(|rule| mapping(*rule).verdict.is_some());
        used.next().is_some_and(|first| used.chain([first]).all(|rule| !hides.contains_key(&rule)))
    }
}

fn fault(source: Source, line: usize, text: &str, help: &str) -> Finding {
    Finding {
        source,
        rule: Rule::UnusedIgnore.to_string(),
        verdict: mapping(Rule::UnusedIgnore).verdict.unwrap_or(Verdict::Caution),
        line,
        text: one_line(text, LONGEST_TEXT),
        help: Some(help.to_owned()),
    }
}
