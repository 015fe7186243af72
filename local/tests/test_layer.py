"""The layer as `sam deploy` packs it."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

from local import paths

#: SAM's own packing: the files of the archive, and the name that SAM uploads it by.
_PACK = """
import json, shutil, sys
from samcli.lib.package.utils import make_zip, zip_folder
with zip_folder(sys.argv[1], make_zip) as (archive, digest):
    print(json.dumps([shutil.copy(archive, sys.argv[2]), digest]))
"""


def packed(target: Path) -> tuple[Path, str]:
    done = subprocess.run(
        [paths.SAM_VENV / "bin" / "python", "-c", _PACK, paths.ROOT / "layer", target],
        check=True, capture_output=True, text=True,
    )
    archive, digest = json.loads(done.stdout)
    return Path(archive), digest


def test_the_history_is_below_migrations(tmp_path: Path) -> None:
    archive, _ = packed(tmp_path / "layer.zip")
    history = (paths.ROOT / "layer" / "migrations").resolve()
    expected = {f"migrations/{file.relative_to(history)}" for file in history.rglob("*") if file.is_file()}
    names = {name for name in zipfile.ZipFile(archive).namelist() if name.startswith("migrations/")}
    assert names == expected and expected


def test_the_same_history_is_the_same_archive(tmp_path: Path) -> None:
    (one, name), (other, again) = packed(tmp_path / "one.zip"), packed(tmp_path / "other.zip")
    assert (name, one.read_bytes()) == (again, other.read_bytes())
