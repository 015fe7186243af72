"""A function or a layer that Lambda could not read or start is not deployed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from scripts.operate import deploy, packages
from scripts.operate.paths import ROOT
from scripts.operate.samconfig import NotReady
from scripts.tests.conftest import elf


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer whose history is a link to a directory with one migration."""
    history = tmp_path / "app" / "1_a"
    history.mkdir(parents=True)
    (history / "migration.sql").write_text("SELECT 1;\n")
    layer = tmp_path / "layer"
    layer.mkdir()
    (layer / "migrations").symlink_to("../app")
    for directory in (layer, tmp_path / "app", history):
        directory.chmod(0o755)
    (history / "migration.sql").chmod(0o644)
    return layer


def test_a_history_that_others_may_read_is_taken(layer: Path) -> None:
    packages.check_history(layer)


def test_the_projects_own_link_leads_to_its_migrations() -> None:
    assert os.readlink(ROOT / "layer" / "migrations") == "../migrations"


@pytest.mark.parametrize("path", ["migrations/1_a/migration.sql", "migrations/1_a", "migrations", "."])
def test_what_others_may_not_read_is_named(path: str, layer: Path) -> None:
    closed = layer / path
    closed.chmod(closed.stat().st_mode & ~0o004)
    with pytest.raises(NotReady, match="may not be read by others.*chmod -R a"):
        packages.check_history(layer)


def test_a_link_that_was_checked_out_as_text(layer: Path) -> None:
    (layer / "migrations").unlink()
    (layer / "migrations").write_text("../app")
    with pytest.raises(NotReady, match="leads to no directory.*core.symlinks"):
        packages.check_history(layer)


@pytest.mark.parametrize("removed", ["app", "app/1_a"])
def test_no_history(removed: str, layer: Path) -> None:
    shutil.rmtree(layer.parent / removed)
    with pytest.raises(NotReady, match="leads to no directory|has no file in it"):
        packages.check_history(layer)


def test_functions_that_can_start_are_taken(tmp_path: Path) -> None:
    elf(tmp_path / "ApplyFunction", 183)
    packages.check_functions(tmp_path, "arm64")


def test_no_function_at_all(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="no function has been built"):
        packages.check_functions(tmp_path / "nothing", "x86_64")


def test_another_processor(tmp_path: Path) -> None:
    elf(tmp_path / "ApplyFunction", 62)
    with pytest.raises(NotReady, match="ApplyFunction was built for another processor than arm64"):
        packages.check_functions(tmp_path, "arm64")


def test_a_test_build_with_planted_bugs(tmp_path: Path) -> None:
    program = elf(tmp_path / "ApplyFunction", 62)
    program.write_bytes(program.read_bytes() + b"\0PLANTED_BUG\0")
    with pytest.raises(NotReady, match="ApplyFunction is a test build with planted bugs"):
        packages.check_functions(tmp_path, "x86_64")


@pytest.mark.parametrize("mode", [0o750, 0o754, 0o751])
def test_a_function_that_others_may_not_start(mode: int, tmp_path: Path) -> None:
    elf(tmp_path / "ApplyFunction", 62).chmod(mode)
    with pytest.raises(NotReady, match="may not be read and executed by others"):
        packages.check_functions(tmp_path, "x86_64")


@pytest.mark.parametrize("arguments", [[], ["--no-build"]])
@pytest.mark.parametrize("what", ["history", "functions"])
def test_nothing_is_deployed_then(
    what: str, arguments: list[str], recorded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {"history": "ROOT", "functions": "BUILD"}[what]
    monkeypatch.setattr(deploy, place, tmp_path / "nothing")
    assert deploy.main(["prod", *arguments]) == 2
    called = recorded.read_text() if recorded.exists() else ""
    assert "deploy --config" not in called
