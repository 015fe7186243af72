"""No two public types of the Rust crates have one name, so that a name alone tells what it stands for."""

from __future__ import annotations

from pathlib import Path

from proofs.lint import public_names
from proofs.lint.tests.made import files


def test_no_two_public_types_have_one_name() -> None:
    assert public_names.twice() == {}


def _workspace(root: Path, texts: dict[str, str]) -> Path:
    return files(root, {"Cargo.toml": '[workspace]\nmembers = ["crates/*"]\n'} | texts)


def test_a_name_that_two_types_have_is_found(tmp_path: Path) -> None:
    root = _workspace(tmp_path, {
        "crates/a/src/lib.rs": "pub mod inner;\n\n/// One.\npub struct Name<'a>(&'a str);\n",
        "crates/a/src/inner/mod.rs": "macro_rules! kinds {\n    () => {\n        pub enum Kind {}\n    };\n}\n",
        "crates/b/src/lib.rs": "pub type Name = String;\npub use kinds::{Many, One as Kind};\n",
    })
    assert public_names.twice(root) == {
        "Kind": ["crates/a/src/inner/mod.rs", "crates/b/src/lib.rs"],
        "Name": ["crates/a/src/lib.rs", "crates/b/src/lib.rs"],
    }


def test_a_private_type_may_have_any_name(tmp_path: Path) -> None:
    root = _workspace(tmp_path, {
        "crates/a/src/lib.rs": "pub struct Name;\npub use b::Other;\n// pub struct Other;\n",
        "crates/b/src/lib.rs": "pub(crate) struct Name;\nstruct Name;\npub enum Other {\n    Name,\n}\n",
        "crates/b/tests/one.rs": "pub struct Name;\n",
    })
    assert public_names.twice(root) == {}
