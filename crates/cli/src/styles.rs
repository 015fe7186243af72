//! How the parts of a line are written: in a style, and with nothing in them that is more than text.

use anstyle::{AnsiColor, Style};
use shared::text::one_line;

/// A style of a part of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// As it is.
    Plain,
    /// A heading, or the word that matters.
    Bold,
    /// A detail.
    Dim,
    /// It went well, or it is safe.
    Good,
    /// It needs a look.
    Warning,
    /// It went wrong, or it is dangerous.
    Bad,
}

impl Look {
    fn style(self) -> Style {
        match self {
            Self::Plain => Style::new(),
            Self::Bold => Style::new().bold(),
            Self::Dim => Style::new().dimmed(),
            Self::Good => AnsiColor::Green.on_default(),
            Self::Warning => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
        }
    }
}

/// Returns a line with its styles.
pub(crate) fn painted(parts: &[(Look, impl AsRef<str>)]) -> String {
    let paint = |(look, text): (Look, String)| {
        let style = look.style();
        format!("{style}{text}{style:#}")
    };
    shown(parts).map(paint).collect()
}

/// Returns a line as it is shown, without colours.
pub(crate) fn plain(parts: &[(Look, impl AsRef<str>)]) -> String {
    shown(parts).map(|(_, text)| text).collect()
}

/// Returns the parts with an escape for each character that is more than text, and for what a job's log takes for a
/// command: `::` at the start of a line, and `##[` anywhere.
fn shown(parts: &[(Look, impl AsRef<str>)]) -> impl Iterator<Item = (Look, String)> {
    let mut is_start = true;
    parts.iter().map(move |(look, text)| {
        let mut text = one_line(text.as_ref()).replace("##[", "##\\u{5b}");
        let begun = text.trim_start();
        if is_start && begun.starts_with("::") {
            let margin = text.len() - begun.len();
            text.replace_range(margin..=margin, "\\u{3a}");
        }
        is_start = is_start && text.trim_start().is_empty();
        (*look, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_holds_cannot_be_more_than_text() {
        let line = painted(&[(Look::Bad, "a\u{1b}[2J\nb"), (Look::Plain, "\u{202e}c")]);
        assert_eq!(line, "\u{1b}[31ma\\u{1b}[2J b\u{1b}[0m\\u{202e}c");
    }

    #[test]
    fn what_a_line_holds_is_no_command_to_a_job() {
        let shown = |parts: &[&str]| plain(&parts.iter().map(|part| (Look::Plain, *part)).collect::<Vec<_>>());
        assert_eq!(shown(&["  ::error::no"]), "  \\u{3a}:error::no");
        assert_eq!(shown(&["  ", "::error::no"]), "  \\u{3a}:error::no");
        assert_eq!(shown(&["a ##[error]no"]), "a ##\\u{5b}error]no");
        assert_eq!(shown(&["a", "::b", ": c"]), "a::b: c");
    }
}
