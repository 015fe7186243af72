"""The modules of a Rust crate import each other in one direction."""

from __future__ import annotations

from pathlib import Path

from proofs.lint import circles, crates, paths
from proofs.lint.tests.made import files

#: The known circles, by the crate's folder, each with its reason.
KNOWN = {
    # The ledger's statements differ by the layout. Each layout writes its own and uses what both share.
    "engine": [["ledger/prisma", "ledger/sqlx", "ledger/statements", "ledger/values"]],
    # A payload holds records, and a record is made of parts of payloads.
    "shared": [["payload", "record"]],
}


def test_there_is_no_other_circle() -> None:
    found = {source.parent.name: circles.circles(source) for source in crates.sources(paths.ROOT)}
    assert {"engine", "analysis", "report", "shared"} <= set(found)
    assert {crate: found for crate, found in found.items() if found} == KNOWN


def test_a_circle_is_found(tmp_path: Path) -> None:
    source = files(tmp_path, {
        "lib.rs": "mod a;\nmod b;\nmod c;\nmod d;\nuse crate::a::A;\n",
        "a/mod.rs": "mod x;\nmod y;\nuse crate::{Error, b::{B, d}, c};\n",
        "a/x.rs": "use super::y::Y;\nuse super::super::d::D;\n",
        "a/y.rs": "fn f() -> crate::a::x::X {}\n",
        "b.rs": "use std::fmt;\nuse crate::c::C;\n",
        "c.rs": "pub(crate) use super::a;\n",
        "d.rs": "// use crate::a;\nuse crate::d::D;\n",
    })
    assert circles.circles(source) == [["a", "b", "c"], ["a/x", "a/y"]]


def test_parents_and_tests_make_no_circle(tmp_path: Path) -> None:
    source = files(tmp_path, {
        "lib.rs": "mod a;\nmod b;\n",
        "a/mod.rs": "mod x;\nuse crate::b::B;\nuse x::X;\n",
        "a/x.rs": "use super::A;\n",
        "b.rs": "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}\n",
    })
    assert circles.circles(source) == []
