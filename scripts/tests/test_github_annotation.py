"""The line of a file at which GitHub shows a failure."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.operate import github_annotation
from scripts.wire.record import Place

PLACE: Place = {"migration": "1_a", "file": "migrations/1_a/migration.sql", "statement": 2, "line": 3, "sqlstate": "23505"}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository whose layer is a link to its migrations."""
    script = tmp_path / "app" / "prisma" / "migrations" / "1_a" / "migration.sql"
    script.parent.mkdir(parents=True)
    script.write_text("SELECT 1")
    (tmp_path / "layer").mkdir()
    (tmp_path / "layer" / "migrations").symlink_to("../app/prisma/migrations")
    return tmp_path


def test_it_names_the_file_in_the_repository_and_the_line(checkout: Path) -> None:
    assert github_annotation.error(PLACE, "shop-migrations-dev: Migration.Failed", "1_a failed", checkout) == (
        "::error file=app/prisma/migrations/1_a/migration.sql,line=3,title=shop-migrations-dev%3A Migration.Failed::1_a failed"
    )


def test_without_a_line_it_is_at_the_file(checkout: Path) -> None:
    said = github_annotation.error({"migration": "1_a", "file": PLACE["file"]}, "t", "m", checkout)
    assert said == "::error file=app/prisma/migrations/1_a/migration.sql,title=t::m"


@pytest.mark.parametrize(
    "place",
    [
        None,
        {"migration": "1_a", "line": 3},
        PLACE | {"file": "migrations/2_b/migration.sql"},
        PLACE | {"file": "migrations/1_a"},
        PLACE | {"file": "migrations/../../../../secret"},
        PLACE | {"file": "/etc/passwd"},
    ],
)
def test_a_path_outside_the_repository_is_not_named(place: Place | None, checkout: Path) -> None:
    (checkout.parent / "secret").write_text("")
    assert github_annotation.error(place, "t", "m", checkout) is None


def test_a_message_commands_nothing_else(checkout: Path) -> None:
    message = "100% of\n::error::x\r\u2028\u202e##[error]"
    said = github_annotation.error(PLACE, "a,b::c\n", message, checkout)
    assert said is not None and "\n" not in said and said.isprintable()
    assert said.endswith("title=a%2Cb%3A%3Ac\\u{a}::100%25 of%0A\\u{3a}:error::x\\u{d}\\u{2028}\\u{202e}##\\u{5b}error]")
