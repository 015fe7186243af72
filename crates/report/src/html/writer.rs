//! Writes HTML in which a text from outside can only be text.
//!
//! The names of elements and attributes are the program's own (`&'static str`). Everything else is escaped. The only
//! way around that is [`Writer::page`], for content that is known when the program is built.

use std::fmt::Write as _;

use crate::{visible, words};

/// An element's attributes.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a str)];

/// The page that is being written.
pub(super) struct Writer(String);

impl Writer {
    /// Returns a whole page.
    pub(super) fn page(
        title: &str,
        style: &'static str,
        style_sha256: &'static str,
        body: impl FnOnce(&mut Self),
    ) -> String {
        let mut page = Self(String::with_capacity(64 * 1024));
        page.0.push_str("<!doctype html>\n");
        let policy =
            format!("default-src 'none'; style-src 'sha256-{style_sha256}'; base-uri 'none'; form-action 'none'");
        page.with("html", &[("lang", "en")], |page| {
            page.with("head", &[], |page| {
                page.void("meta", &[("charset", "utf-8")]);
                page.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
                page.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
                page.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
                page.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
                page.void("meta", &[("name", "robots"), ("content", "noindex")]);
                page.with("title", &[], |page| page.text(title));
                page.0.push_str("<style>");
                page.0.push_str(style);
                page.0.push_str("</style>\n");
            });
            page.with("body", &[], body);
        });
        page.0
    }

    /// Writes an element with attributes.
    pub(super) fn with(&mut self, tag: &'static str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        inside(self);
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        if BLOCKS.split(' ').any(|block| block == tag) {
            self.0.push('\n');
        }
    }

    /// Writes an element with a class, or with none.
    pub(super) fn of(&mut self, tag: &'static str, class: &str, inside: impl FnOnce(&mut Self)) {
        match class {
            "" => self.with(tag, &[], inside),
            class => self.with(tag, &[("class", class)], inside),
        }
    }

    /// Writes an element with a class, or with none, around sentences.
    pub(super) fn say(&mut self, tag: &'static str, class: &str, text: &str) {
        self.of(tag, class, |inside| inside.prose(text));
    }

    /// Writes an element that cannot have content.
    pub(super) fn void(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
        self.0.push('\n');
    }

    /// Writes sentences, in which code is between backticks.
    pub(super) fn prose(&mut self, text: &str) {
        for (is_code, part) in words::spans(text) {
            if is_code {
                self.name(part);
            } else {
                self.text(part);
            }
        }
    }

    /// Writes a text in which no character has a meaning.
    pub(super) fn text(&mut self, text: &str) {
        escape(&mut self.0, &visible::name(&text.replace(['\n', '\r', '\t'], " ")));
    }

    /// Writes a name. A line break in it is shown too.
    pub(super) fn name(&mut self, name: &str) {
        self.of("code", "", |code| escape(&mut code.0, &visible::name(name)));
    }

    /// Writes lines of code.
    pub(super) fn lines(&mut self, text: &str) {
        escape(&mut self.0, &visible::lines(text));
    }

    fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) {
        self.0.push('<');
        self.0.push_str(tag);
        for (attribute, value) in attributes {
            let _ = write!(self.0, " {attribute}=\"");
            escape(&mut self.0, &visible::name(value));
            self.0.push('"');
        }
        self.0.push('>');
    }
}

/// The elements that are written on lines of their own, so that the source is readable.
const BLOCKS: &str = "article body dd details div dl footer h1 h2 h3 h4 h5 head header html li main nav ol p pre section summary \
    table tbody thead title tr ul";

fn escape(to: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '&' => to.push_str("&amp;"),
            '"' => to.push_str("&quot;"),
            '\'' => to.push_str("&#39;"),
            other => to.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_values_are_escaped() {
        let mut writer = Writer(String::new());
        writer.with("a", &[("href", "\"><b a='&")], |inside| inside.text("<&>\u{202e}\n\0"));
        assert_eq!(writer.0, "<a href=\"&quot;&gt;&lt;b a=&#39;&amp;\">&lt;&amp;&gt;‹U+202E› ‹U+0000›</a>");
    }
}
