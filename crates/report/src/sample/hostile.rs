//! A plan in which every text tries to be more than text.

use super::small;
use crate::{Live, Report};

/// The pieces of the texts: each breaks out of some place where a text may be.
pub const ATTACKS: &[&str] = &[
    "</script><script>document.title='attacked';alert(1)</script>",
    "\"><img src=x onerror=\"document.title='attacked';alert(1)\">",
    "' onfocus='alert(1)' autofocus='",
    "--><svg onload=alert(1)><style>*{display:none}</style>",
    "</title></style></pre></code></details><iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<base href=//evil.example/><form action=//evil.example/><input autofocus onfocus=alert(1)>",
    "<a href=\"javascript:alert(1)\">approve</a><meta http-equiv=refresh content='0;url=//evil.example/'>",
    "[approve](javascript:alert(1)) ![x](https://evil.example/beacon.png) <https://evil.example>",
    "](javascript:alert(1)) https://evil.example www.evil.example ann@evil.example",
    "```\n# Approved by ann\n```` `````` ~~~ `` ` ``` code",
    "a | b | c |\n| --- | --- |\n| x |\n\n## Approved\n\n- [x] done\n1. one\n===\n---\n> quoted\n    code",
    "@everyone @octocat #1 owner/repo#2 GH-3 :tada: $x^2$ $`x`$ **bold** _it_ ~~no~~ \\| \\` \\ deadbeef",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62; &amp;amp; <!-- hidden",
    "\u{1b}[2J\u{1b}[31mred\u{1b}]0;title\u{7}\u{9b}31m\u{8}\u{8}\u{7f}",
    "user\u{202e}gnp.exe\u{2066}isolated\u{200b}\u{feff}\u{2028}\u{2029}\u{85}end",
    "user\u{61c}gnp.exe\u{202a}a\u{202b}b\u{202d}c\u{202c}\u{2067}d\u{2068}e\u{2069}\u{200e}f\u{200f}g\u{200c}h\u{200d}i\u{2060}j",
    "a\u{0}b\rc\r\nd\te\u{b}f\u{c}g",
    "::set-output name=waiting::false ::error::no",
    "Z\u{351}\u{36b}\u{343}\u{36a}\u{302}\u{36b}a\u{346}\u{350}\u{342}l\u{334}\u{321}go 漢字 שלום 🙂❤\u{fe0f}",
];

/// Returns the small plan with an attack in the place of every text, each in its turn, and some words without an end.
pub fn hostile() -> Report {
    let longest = format!("{}<b>{}", "pneumono".repeat(60), "漢".repeat(300));
    let mut report = small();
    for server in report.live.iter_mut().map(|live| &mut live.server) {
        for list in [
            &mut server.hidden_transactions,
            &mut server.prepared_transactions,
            &mut server.invalid_indexes,
            &mut server.missing_privileges,
        ] {
            list.resize(3, String::new());
        }
    }
    let mut turn = 0;
    overwritten(&report, &mut |_| {
        turn += 1;
        if turn % 23 == 0 { longest.clone() } else { ATTACKS[turn % ATTACKS.len()].to_owned() }
    })
}

/// Returns `report` with `text` in the place of every text that is not written by a program only. The statements'
/// positions are kept: they may be outside of the script.
pub fn overwritten(report: &Report, text: &mut impl FnMut(&str) -> String) -> Report {
    let mut report = report.clone();
    let mut all: Vec<&mut String> = vec![&mut report.made_at, &mut report.why];
    if let Some(Live { digest, bundle, environment, database, server }) = &mut report.live {
        all.extend([digest, environment]);
        all.extend(bundle);
        all.extend([&mut database.instance, &mut database.endpoint, &mut database.name, &mut database.schema]);
        all.push(&mut server.version);
        for replica in &mut server.replicas {
            all.extend([&mut replica.name, &mut replica.state]);
        }
        if let Some(transaction) = &mut server.longest_transaction {
            all.extend(&mut transaction.application);
            all.extend(&mut transaction.state);
        }
        all.extend(&mut server.hidden_transactions);
        all.extend(&mut server.prepared_transactions);
        all.extend(&mut server.invalid_indexes);
        all.extend(&mut server.missing_privileges);
    }
    all.extend(report.notes.iter_mut().map(|note| &mut note.text));
    for migration in &mut report.migrations {
        all.extend([&mut migration.name, &mut migration.why, &mut migration.sql]);
        all.extend(migration.blocking.iter_mut().map(|blocking| &mut blocking.basis));
        all.extend(migration.suppressed.iter_mut().flat_map(|suppression| &mut suppression.rules));
        for statement in &mut migration.statements {
            all.extend([&mut statement.what, &mut statement.why]);
            all.extend(statement.blocking.iter_mut().map(|blocking| &mut blocking.basis));
            all.extend(statement.effects.iter_mut().map(|effect| &mut effect.relation));
            for finding in &mut statement.findings {
                all.extend([&mut finding.rule, &mut finding.text]);
                all.extend(&mut finding.help);
            }
            if let Some(safer) = &mut statement.safer {
                all.push(&mut safer.text);
                all.extend(&mut safer.migrations);
            }
        }
    }
    for table in &mut report.tables {
        all.extend([&mut table.name, &mut table.kind]);
        all.extend(&mut table.since);
        all.extend(table.indexes.iter_mut().map(|index| &mut index.name));
        for key in &mut table.referenced_by {
            all.extend([&mut key.name, &mut key.table]);
        }
        for holder in &mut table.holders {
            all.push(&mut holder.lock);
            all.extend(&mut holder.application);
        }
    }
    for place in all {
        *place = text(place);
    }
    report
}
