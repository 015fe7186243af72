use proptest::prelude::*;

use super::*;

/// Returns the tokens of `sql` without blanks, each with a sign for its kind.
fn shown(sql: &str) -> Vec<String> {
    let sign = |token: &Token| match token.kind {
        Kind::Space => "_",
        Kind::Comment => "c",
        Kind::Word => "w",
        Kind::QuotedName => "q",
        Kind::Text => "t",
        Kind::EscapeText => "e",
        Kind::BitText => "b",
        Kind::DollarText => "d",
        Kind::Number => "n",
        Kind::Parameter => "p",
        Kind::Operator => "o",
        Kind::Semicolon | Kind::Open | Kind::Close | Kind::Other => "",
    };
    let one = |token: Token| {
        let (continues, open) = (if token.continues { "+" } else { "" }, if token.closed { "" } else { "?" });
        format!("{}{continues}{open}{}", sign(&token), &sql[token.range()])
    };
    tokens(sql).filter(|token| token.kind != Kind::Space).map(one).collect()
}

#[test]
fn strings_end_where_the_server_ends_them() {
    for (sql, found) in [
        ("'a''b\\' 'c'", vec!["t'a''b\\'", "t'c'"]),
        ("E'a\\'b''\\\\'x", vec!["eE'a\\'b''\\\\'", "wx"]),
        ("e'\\é\\''", vec!["ee'\\é\\''"]),
        ("fe'a\\'c'", vec!["wfe", "t'a\\'", "wc", "t?'"]),
        ("U&'a\\' u&\"b\"\"\\\" u&x", vec!["tU&'a\\'", "qu&\"b\"\"\\\"", "wu", "o&", "wx"]),
        ("N'a\\' n'b'", vec!["tN'a\\'", "tn'b'"]),
        ("B'1''0' X'1\\'", vec!["bB'1'", "t'0'", "bX'1\\'"]),
        ("\"a\"\"b\\\" \"c", vec!["q\"a\"\"b\\\"", "q?\"c"]),
        ("E'a\\", vec!["e?E'a\\"]),
    ] {
        assert_eq!(shown(sql), found, "{sql}");
    }
}

#[test]
fn a_string_goes_on_behind_a_line_break() {
    for (sql, found) in [
        ("E'a'\n'b\\'c'\r\t'\\''", vec!["eE'a'", "e+'b\\'c'", "e+'\\''"]),
        ("E'a' -- it's\n'\\''", vec!["eE'a'", "c-- it's", "e+'\\''"]),
        ("E'a'\n-- x\r\x0b--\n'\\''", vec!["eE'a'", "c-- x", "c--", "e+'\\''"]),
        ("'a'\n'\\' U&'a'\n'\\' B'1'\n'0\\'", vec!["t'a'", "t+'\\'", "tU&'a'", "t+'\\'", "bB'1'", "b+'0\\'"]),
        ("N'a'\n'\\'", vec!["tN'a'", "t+'\\'"]),
        // A string does not continue without a line break, or after another kind of string.
        ("E'a' \t'\\'", vec!["eE'a'", "t'\\'"]),
        ("E'a' -- b'\\'", vec!["eE'a'", "c-- b'\\'"]),
        ("E'a' /* \n */ '\\'", vec!["eE'a'", "c/* \n */", "t'\\'"]),
        ("E'a'\n/**/'\\'", vec!["eE'a'", "c/**/", "t'\\'"]),
        ("E'a'\nE'\\''", vec!["eE'a'", "eE'\\''"]),
        ("E'a'\n$$'$$", vec!["eE'a'", "d$$'$$"]),
        ("\"a\"\n'\\'", vec!["q\"a\"", "t'\\'"]),
        ("$$a$$\n'\\'", vec!["d$$a$$", "t'\\'"]),
    ] {
        assert_eq!(shown(sql), found, "{sql}");
    }
}

#[test]
fn comments_nest_and_lines_end_in_two_ways() {
    for (sql, found) in [
        ("-- a\rb -- c\nd --", vec!["c-- a", "wb", "c-- c", "wd", "c--"]),
        ("/* a /* b */ ' */c", vec!["c/* a /* b */ ' */", "wc"]),
        ("/*/*/**/*/**/x", vec!["c/*/*/**/*/**/", "wx"]),
        ("/*/ */*/", vec!["c/*/ */", "o*/"]),
        ("/* a /* b */", vec!["c?/* a /* b */"]),
        ("a*/* b */-1 <--c\n@/*d*/", vec!["wa", "o*", "c/* b */", "o-", "n1", "o<", "c--c", "o@", "c/*d*/"]),
    ] {
        assert_eq!(shown(sql), found, "{sql}");
    }
}

#[test]
fn dollar_quotes_are_closed_by_their_own_tag() {
    for (sql, found) in [
        ("$$a$b$$ $a$ $$ $b$ $a $a$", vec!["d$$a$b$$", "d$a$ $$ $b$ $a $a$"]),
        ("$a$x$aa$a$ $é$'$é$", vec!["d$a$x$aa$a$", "d$é$'$é$"]),
        ("a$b$ c$$", vec!["wa$b$", "wc$$"]),
        ("$1$$;$$ 1$$;$$ $1a$b$", vec!["p$1", "d$$;$$", "n1", "d$$;$$", "p$1", "wa$b$"]),
        ("$e'\\'' $ $A$ $a$", vec!["$", "ee'\\''", "$", "d?$A$ $a$"]),
    ] {
        assert_eq!(shown(sql), found, "{sql}");
    }
}

#[test]
fn numbers_end_before_what_cannot_belong_to_them() {
    for (sql, found) in [
        ("1.5e-3 .5 1. 1.e5 1..10 1.a", vec!["n1.5e-3", "n.5", "n1.", "n1.e5", "n1", "..", "n10", "n1.", "wa"]),
        ("1e'\\'' 1e+ 1e--x", vec!["n1", "ee'\\''", "n1", "we", "o+", "n1", "we", "c--x"]),
        ("0x1e'\\' 1_000 1end", vec!["n0", "wx1e", "t'\\'", "n1", "w_000", "n1", "wend"]),
    ] {
        assert_eq!(shown(sql), found, "{sql}");
    }
}

#[test]
fn everything_else_is_words_operators_and_single_characters() {
    assert_eq!(
        shown("a1$_é\u{a0}(b)::c:=d[1];\\"),
        ["wa1$_é\u{a0}", "(", "wb", ")", "::", "wc", ":=", "wd", "[", "n1", "]", ";", "\\"]
    );
}

proptest! {
    #[test]
    fn no_byte_is_missing(sql in "([a-z0-9 '\"$\\\\\n\r\t;()./*&éENU-]|E'|'\n'|\\$\\$){0,40}") {
        let mut end = 0;
        for token in tokens(&sql) {
            prop_assert_eq!(token.start, end);
            prop_assert!(token.end > end && sql.get(token.range()).is_some());
            end = token.end;
        }
        prop_assert_eq!(end, sql.len());
    }
}

#[test]
fn it_takes_no_longer_for_each_of_many() {
    for piece in
        ["'", "$", "$a", "a$", "E'\\", "''\n", "'' ", "--", "/*", "+-", "-", "1e", "1.", "\"", "U&", "$a$$", ";"]
    {
        assert!(tokens(&piece.repeat(200_000)).count() > 0, "{piece}");
    }
}
