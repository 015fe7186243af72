//! Generates strings, names, comments and blanks in all their forms.

use proptest::prelude::*;
use proptest::sample::select;

/// Texts that would have a meaning outside of a string or comment.
const INSIDE: &[&str] = &[
    "a",
    "é",
    " ",
    "\n",
    "\r\n",
    ";",
    "; COMMIT;",
    "; ROLLBACK; ",
    "BEGIN",
    "END",
    "; DROP TABLE t; ",
    "'",
    "\"",
    "\\",
    "\\'",
    "--",
    "-- it's",
    "/*",
    "*/",
    "$$",
    "$a$",
    "$1",
    "E'",
    "U&\"",
    "(",
    ")",
    "BEGIN ATOMIC",
    "CASE",
];

fn inside() -> BoxedStrategy<String> {
    prop::collection::vec(select(INSIDE), 0..5).prop_map(|pieces| pieces.concat()).boxed()
}

/// Generates a comment of the form `--` with its line break.
fn line_comment() -> BoxedStrategy<String> {
    (inside(), select(&["\n", "\r", "\r\n"][..]))
        .prop_map(|(text, ends)| format!("--{}{ends}", text.replace(['\n', '\r'], " ")))
        .boxed()
}

/// Generates a block comment whose nested comments end.
fn block_comment() -> BoxedStrategy<String> {
    let text = inside().prop_map(|text| format!("/*{}*/", text.replace("/*", "").replace("*/", "")));
    (text.clone(), prop::option::of(text))
        .prop_map(|(outer, inner)| match inner {
            // The blanks keep the two texts from forming `/*`.
            Some(inner) => format!("/* {inner} {outer} */"),
            None => outer,
        })
        .boxed()
}

/// Generates blanks or comments: at least one blank.
pub(crate) fn gap() -> BoxedStrategy<String> {
    prop_oneof![
        4 => Just(" ".to_owned()),
        2 => select(&["\n", "\t", "\r\n", "  \n ", "\u{c}", "\u{b}"][..]).prop_map(str::to_owned),
        1 => prop_oneof![line_comment(), block_comment()].prop_map(|comment| format!(" {comment}")),
    ]
    .boxed()
}

/// Generates what stands between the parts of a continued string.
fn line_break() -> BoxedStrategy<String> {
    let blank = select(&["", " ", "\t", "\u{b}"][..]).prop_map(str::to_owned);
    let line = prop_oneof![2 => Just("\n".to_owned()), 1 => Just("\r".to_owned()), 2 => line_comment()];
    (blank.clone(), prop::collection::vec(line, 1..3), blank)
        .prop_map(|(a, lines, b)| format!("{a}{}{b}", lines.concat()))
        .boxed()
}

/// Generates one string of several parts: the first with `prefix` and quotes, the others after line breaks.
fn parts(prefix: &'static [&'static str], text: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let more = prop::collection::vec((line_break(), text.clone()), 0..3);
    (select(prefix), text, more)
        .prop_map(|(prefix, first, more)| {
            let more: Vec<_> = more.into_iter().map(|(gap, text)| format!("{gap}'{text}'")).collect();
            format!("{prefix}'{first}'{}", more.concat())
        })
        .boxed()
}

fn plain_text() -> BoxedStrategy<String> {
    inside().prop_map(|text| text.replace('\'', "''")).boxed()
}

fn escaped_text() -> BoxedStrategy<String> {
    let escape = select(
        &["\\n", "\\x4", "\\x41", "\\101", "\\7", "\\u0041", "\\U00000041", "\\é", "\\\n", "\\\\", "\\'", "''"][..],
    );
    let piece = prop_oneof![
        escape.prop_map(str::to_owned),
        (inside(), any::<bool>()).prop_map(|(text, doubled)| {
            text.replace('\\', "\\\\").replace('\'', if doubled { "''" } else { "\\'" })
        }),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat()).boxed()
}

fn unicode_text() -> BoxedStrategy<String> {
    let piece = prop_oneof![
        select(&["\\0041", "\\+000041", "\\\\"][..]).prop_map(str::to_owned),
        inside().prop_map(|text| text.replace('\\', "\\\\").replace('\'', "''")),
    ];
    prop::collection::vec(piece, 0..3).prop_map(|pieces| pieces.concat()).boxed()
}

/// Generates a string that may stand wherever a string is allowed.
pub(crate) fn string() -> BoxedStrategy<String> {
    prop_oneof![
        3 => parts(&["E", "e"], escaped_text()),
        2 => parts(&[""], plain_text()),
        1 => parts(&["U&", "u&"], unicode_text()),
        1 => dollar_string(),
    ]
    .boxed()
}

/// Generates a string that may stand only in an expression.
pub(crate) fn other_string() -> BoxedStrategy<String> {
    prop_oneof![
        parts(&["B", "b"], "[01]{0,3}".boxed()),
        parts(&["X", "x"], "[0-9a-fA-F]{0,3}".boxed()),
        parts(&["N", "n"], plain_text()),
        // The text has no other exclamation mark.
        parts(&["U&"], inside().prop_map(|text| text.replace('\'', "''") + "!0041").boxed())
            .prop_map(|string| format!("{string} UESCAPE '!'")),
    ]
    .boxed()
}

pub(crate) fn dollar_string() -> BoxedStrategy<String> {
    (select(&["$$", "$a$", "$é$", "$_1$", "$END$"][..]), inside())
        .prop_map(|(quote, text)| {
            let rest = format!("{text}{quote}");
            // The closing quote must not occur earlier in the text.
            if rest.find(quote) == Some(text.len()) { format!("{quote}{rest}") } else { format!("{quote}{quote}") }
        })
        .boxed()
}

/// Generates a name, mostly in quotes.
pub(crate) fn name() -> BoxedStrategy<String> {
    let quoted = inside().prop_map(|text| format!("{}x", text.replace('"', "\"\"")));
    prop_oneof![
        1 => select(&["t", "é", "_a", "a1", "e", "u", "x"][..]).prop_map(str::to_owned),
        2 => quoted.clone().prop_map(|text| format!("\"{text}\"")),
        1 => quoted.prop_map(|text| format!("U&\"{}\"", text.replace('\\', "\\\\"))),
    ]
    .boxed()
}
