"""Histories are read and cut in the same way as the tools do it."""

from proofs.harness import histories
from proofs.harness.histories import PRISMA


def test_prismas_are_directories_with_a_script(tmp_path):
    history = histories.write(PRISMA, "short", {"a": "SELECT 1;\r\n", "b c": ""}, tmp_path / "short")
    (tmp_path / "short" / "20260101000003_no_script").mkdir()
    assert histories.read(PRISMA, "short", tmp_path / "short") == history
    assert history.migrations == ("20260101000001_a", "20260101000002_b c")
    assert history.scripts()[0].read_bytes() == b"SELECT 1;\r\n"


def test_sqlxs_are_files_by_their_numbers(tmp_path):
    files = {"10_b.up.sql": "10", "10_b.down.sql": "-10", "9_a.sql": "9", "-1_c.sql": "", "notes.sql": "", "1_x.SQL": ""}
    history = histories.write_files("short", files, tmp_path / "short")
    assert history.migrations == ("-1_c", "9_a", "10_b")
    assert [script.read_text() for script in history.scripts()] == ["", "9", "10"]


def test_the_first_part_keeps_what_is_no_migration(tmp_path):
    files = {"1_a.sql": "", "2_b.up.sql": "", "2_b.down.sql": "", "README.md": ""}
    history = histories.write_files("short", files, tmp_path / "short")
    part = history.first(1, tmp_path / "part")
    assert {entry.name for entry in part.directory.iterdir()} == {"1_a.sql", "README.md"}
    whole = history.with_script("2_b", "SELECT 2;", tmp_path / "changed")
    assert {entry.name for entry in whole.directory.iterdir()} == set(files)
    assert (whole.script("2_b").read_text(), history.script("2_b").read_text()) == ("SELECT 2;", "")
