"""A function that needs a newer glibc than Lambda's is not deployed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from scripts.operate import deploy, glibc
from scripts.operate.samconfig import NotReady


def program(path: Path, *needed: str) -> Path:
    """Links a program that calls one function of a library for each of the versions, and returns its path. The program
    is not run."""
    path.mkdir(parents=True)
    names = range(len(needed))
    (path / "library.c").write_text("".join(f"void f{name}(void) {{}}\n" for name in names))
    (path / "library.map").write_text("".join(f"{version} {{ f{name}; }};\n" for name, version in enumerate(needed)))
    (path / "program.c").write_text(
        "".join(f"void f{name}(void);\n" for name in names)
        + "void _start(void) {" + "".join(f" f{name}();" for name in names) + " }\n"
    )
    link = ["cc", "-nostdlib"]
    subprocess.run(
        [*link, "-shared", "-fPIC", "-Wl,--version-script=library.map", "-o", "libone.so", "library.c"], cwd=path, check=True
    )
    subprocess.run([*link, "-s", "-o", "bootstrap", "program.c", "-L.", "-lone"], cwd=path, check=True)
    return path / "bootstrap"


def test_the_versions_are_the_linkers(tmp_path):
    needed = ["GLIBC_2.2.5", "GLIBC_2.34", "OTHER_9"]
    assert glibc.versions(program(tmp_path / "build", *needed).read_bytes()) == set(needed)


def test_a_program_of_several_libraries_is_read_to_its_end():
    readelf = shutil.which("readelf") or pytest.skip("needs readelf")
    said = subprocess.run([readelf, "--version-info", readelf], capture_output=True, text=True, check=True).stdout
    needs = said.partition("Version needs section")[2]
    names = {line.partition("Name: ")[2].split()[0] for line in needs.splitlines() if "Name: " in line}
    assert glibc.versions(Path(readelf).read_bytes()) == names != set()


@pytest.mark.parametrize("version", ["GLIBC_2.35", "GLIBC_2.100", "GLIBC_3", "GLIBC_ABI_DT_RELR"])
def test_a_newer_one_is_refused(version, tmp_path):
    program(tmp_path / "ApplyFunction", "GLIBC_2.17", version)
    with pytest.raises(NotReady, match=f"ApplyFunction needs {version}, and Lambda's glibc is 2.34"):
        glibc.check(tmp_path)


def test_a_program_for_lambdas_own_glibc_is_accepted(tmp_path):
    program(tmp_path / "ApplyFunction", "GLIBC_2.4", "GLIBC_2.34", "GCC_3.0")
    glibc.check(tmp_path)


@pytest.mark.parametrize("arguments", [[], ["--no-build"]])
def test_nothing_is_deployed_then(arguments, recorded, tmp_path, monkeypatch, capsys):
    program(tmp_path / "ApplyFunction", "GLIBC_2.38")
    monkeypatch.setattr(deploy, "BUILD", tmp_path)
    monkeypatch.setattr(deploy, "check_region", lambda _: None)
    monkeypatch.setattr(deploy.subnets, "check", lambda *_: None)
    assert deploy.main(["prod", *arguments]) == 2
    assert "GLIBC_2.38" in capsys.readouterr().err
    called = recorded.read_text() if recorded.exists() else ""
    assert "deploy --config" not in called and called.startswith("build") != bool(arguments)
