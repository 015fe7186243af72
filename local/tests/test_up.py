"""What `make run` and `make up` refuse before they start anything."""

import os
import shlex
import subprocess
import sys

import pytest

from local import paths, up


@pytest.mark.parametrize("name", ["ENV", "MIGRATIONS", "APPROVE"])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_option(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    ask = {"ENV": up.wanted_environment, "MIGRATIONS": up.migrations, "APPROVE": up.answer}[name]
    with pytest.raises(SystemExit, match=f"{name} is empty"):
        ask()
    monkeypatch.delenv(name)
    assert ask() in ("dev", paths.MIGRATIONS.resolve(), "")


@pytest.mark.parametrize("given", [[], ["MIGRATIONS="], ["MIGRATIONS=a b"]])
def test_make_hands_on_what_it_was_given_and_nothing_else(given, tmp_path):
    """An option that is not given must not become an empty one."""
    (tmp_path / "local.py").write_text("import os; print(repr(os.environ.get('MIGRATIONS')))")
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "MIGRATIONS"))}
    makefile = str(paths.ROOT / "Makefile")
    command = ["make", "--silent", "--file", makefile, "run", f"STACK={sys.executable} -m local", "PYTHON=true"]
    shown = subprocess.run([*command, *given], cwd=tmp_path, env=settings, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == repr(given[0].partition("=")[2] if given else None)


@pytest.mark.parametrize(
    ("given", "handed_on"),
    [([], []), (["SEED=7"], ["--seed", "7"]), (["POINT="], ["--only", ""]), (["SEED=", "POINT=a@1"], ["--seed", "", "--only", "a@1"])],
)
def test_make_hands_on_a_programs_options(given, handed_on):
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "SEED", "POINT"))}
    command = ["make", "--dry-run", "chaos", "PYTHON=true", *given]
    shown = subprocess.run(command, cwd=paths.ROOT, env=settings, capture_output=True, text=True, check=True)
    assert shlex.split(shown.stdout.splitlines()[-1])[3:] == handed_on


def test_an_answer_that_is_neither_yes_nor_no(monkeypatch):
    monkeypatch.setenv("APPROVE", "ja")
    with pytest.raises(SystemExit, match="APPROVE=ja is no answer"):
        up.answer()


def test_a_reader_that_leaves():
    """`make run | head`: the run stops what it has started, and prints a sentence about it."""
    main = "import sys; from local import __main__, run; run.run = lambda: print('x', flush=True); sys.exit(__main__.main())"
    reading, writing = os.pipe()
    os.close(reading)
    settings = os.environ | {"LOCKSTEP_LOCAL": str(paths.LOCAL / "reader")}
    left = subprocess.run(
        [sys.executable, "-c", main, "run"], cwd=paths.ROOT, env=settings, stdout=writing, stderr=subprocess.PIPE, text=True,
        check=False,
    )
    os.close(writing)
    assert left.returncode == 1
    assert left.stderr == "The program that read the output has ended, so this ends too. `make down` stops what still runs\n"


def test_two_at_once():
    state = paths.LOCAL / "two-at-once"
    with up.alone(state), pytest.raises(up.NotNow, match="at work in this checkout"), up.alone(state):
        pass
    with up.alone(state):
        pass


def test_a_directory_without_a_migration(monkeypatch, tmp_path):
    (tmp_path / "migrations" / "1_a").mkdir(parents=True)
    monkeypatch.setenv("MIGRATIONS", str(tmp_path))
    with pytest.raises(SystemExit, match=f"holds no migration: use MIGRATIONS={tmp_path}/migrations"):
        up.migrations()
    (tmp_path / "migrations" / "1_a" / "migration.sql").write_text("SELECT 1;")
    monkeypatch.setenv("MIGRATIONS", str(tmp_path / "migrations"))
    assert up.migrations() == tmp_path / "migrations"
