"""The files of a release: what they are, and that the same parts make the same bytes."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from dataclasses import replace

import pytest
from samtranslator.yaml_helper import yaml_parse

from scripts.dist import build, pack, packaged
from scripts.dist.__main__ import main
from scripts.dist.archives import Entry, tarred, zipped
from scripts.dist.parts import Parts, Unfit
from scripts.dist.targets import FUNCTIONS, TARGETS, own
from scripts.setup import ROOT
from scripts.tests import dist_parts
from scripts.tests.dist_parts import PROJECT

ARCHITECTURE = own().architecture or ""


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    """The parts of this machine's target."""
    return dist_parts.make(tmp_path_factory.mktemp("parts"))


@pytest.fixture(scope="module")
def dist(parts, tmp_path_factory):
    """A release."""
    out = tmp_path_factory.mktemp("release") / "dist"
    pack.pack(parts, out, PROJECT)
    return out


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_the_same_parts_make_the_same_bytes(parts, dist, tmp_path, monkeypatch):
    # Another place, another user's mask, another time zone and language, and files that are older.
    copied = tmp_path / "copied"
    shutil.copytree(parts.directory, copied)
    for path in copied.rglob("*"):
        os.utime(path, (1, 1))
    monkeypatch.setenv("TZ", "Pacific/Auckland")
    monkeypatch.setenv("LANG", "C")
    monkeypatch.chdir(tmp_path)
    before = os.umask(0o077)
    try:
        pack.pack(Parts(copied), tmp_path / "again", PROJECT)
    finally:
        os.umask(before)
    assert contents(tmp_path / "again") == contents(dist)


def test_every_file_is_there(dist):
    architecture, triple = ARCHITECTURE, own().triple
    functions = {f"{name}-{architecture}.{ending}" for name in FUNCTIONS for ending in ("zip", "cdx.json")}
    assert contents(dist).keys() == functions | {
        f"lockstep-{triple}.tar.gz", f"lockstep-{triple}.cdx.json", packaged.name(architecture), "migrate.asl.json",
        "checksums.txt", "notes.md", "LICENSE", "README.md", "lockstep-cli-0.1.0.tgz",
        f"lockstep-cli-{own().os}-{own().cpu}-0.1.0.tgz",
    }


def test_the_checksums_are_those_of_every_file(dist):
    told = subprocess.run(["sha256sum", "--check", "--strict", "checksums.txt"], cwd=dist, capture_output=True, text=True, check=True)
    assert len(told.stdout.splitlines()) == len(contents(dist)) - 1


def test_a_function_is_a_zip_that_lambda_can_start(parts, dist):
    for name in FUNCTIONS:
        with zipfile.ZipFile(dist / f"{name}-{ARCHITECTURE}.zip") as archive:
            [entry] = archive.infolist()
            assert (entry.filename, entry.external_attr >> 16, entry.date_time) == ("bootstrap", 0o100755, (1980, 1, 1, 0, 0, 0))
            assert archive.read(entry) == parts.binary(own(), name).read_bytes()


def test_the_command_is_an_archive_with_its_documents(parts, dist):
    with tarfile.open(dist / f"lockstep-{own().triple}.tar.gz") as archive:
        entries = {entry.name.partition("/")[2]: entry for entry in archive.getmembers()}
        assert {entry.name.partition("/")[0] for entry in archive.getmembers()} == {f"lockstep-{own().triple}"}
        assert {(entry.uid, entry.gid, entry.uname, entry.mtime) for entry in entries.values()} == {(0, 0, "", PROJECT.epoch)}
        assert {name: entry.mode for name, entry in entries.items()} == dict.fromkeys(entries, 0o644) | {"lockstep": 0o755}
        assert {"LICENSE", "man/lockstep.1", "completions/_lockstep", "completions/lockstep.bash"} <= entries.keys()
        read = archive.extractfile(entries["lockstep"])
        assert read is not None and read.read() == parts.binary(own(), "lockstep").read_bytes()


def test_the_order_of_entries_makes_no_difference():
    entries = [Entry("b", b"2"), Entry("a", b"1", is_program=True)]
    assert zipped(*entries) == zipped(*reversed(entries))
    assert tarred(*entries, epoch=7) == tarred(*reversed(entries), epoch=7) != tarred(*entries, epoch=8)
    with tarfile.open(fileobj=io.BytesIO(tarred(*entries, epoch=7))) as archive:
        assert archive.getnames() == ["a", "b"]


# ------------------------------------------------------------ the template

#: What `aws cloudformation package` uploads, as its reference names it: the property that names a file beside the template.
PACKAGED = {
    "AWS::Serverless::Function": "CodeUri", "AWS::Lambda::LayerVersion": "Content", "AWS::Serverless::StateMachine": "DefinitionUri",
}


#: The state machines, of one definition.
MACHINES = ("MigrationStateMachine", "PlanStateMachine")


def test_the_template_names_the_code_beside_it(dist):
    template = yaml_parse((dist / packaged.name(ARCHITECTURE)).read_text())
    named = {
        name: resource["Properties"][PACKAGED[resource["Type"]]]
        for name, resource in template["Resources"].items() if resource["Type"] in PACKAGED
    }
    # The history is the deployer's.
    assert named.pop("MigrationsLayer") == "layer/"
    assert named == {f"{name.title()}Function": f"{name}-{ARCHITECTURE}.zip" for name in FUNCTIONS} | dict.fromkeys(MACHINES, "migrate.asl.json")
    assert set(named.values()) <= contents(dist).keys()
    application = template["Metadata"]["AWS::ServerlessRepo::Application"]
    assert application["SemanticVersion"] == "0.1.0" and {application["LicenseUrl"], application["ReadmeUrl"]} <= contents(dist).keys()
    assert application["SourceCodeUrl"] == "https://github.com/example/lockstep/tree/v0.1.0"


def test_nothing_else_of_the_template_is_changed(dist):
    ours, its = (yaml_parse(text) for text in ((ROOT / "template.yaml").read_text(), (dist / packaged.name(ARCHITECTURE)).read_text()))
    del its["Metadata"]["AWS::ServerlessRepo::Application"], ours["Globals"]["Function"]["CodeUri"]
    for name in FUNCTIONS:
        del ours["Resources"][f"{name.title()}Function"]["Metadata"], its["Resources"][f"{name.title()}Function"]["Properties"]["CodeUri"]
    for template in (ours, its):
        for machine in MACHINES:
            del template["Resources"][machine]["Properties"]["DefinitionUri"]
    assert its["Parameters"].pop("Architecture") == ours["Parameters"].pop("Architecture") | {
        "Default": ARCHITECTURE, "AllowedValues": [ARCHITECTURE]
    }
    assert its == ours


def test_a_template_of_another_form_is_named():
    text = (ROOT / "template.yaml").read_text()
    for before, after, why in (
        ("Binary: plan", "Binary: other", "builds preflight, other"),
        ("    CodeUri: .\n", "", "'CodeUri: .' 0 times"),
        ("DefinitionUri: statemachine/", "DefinitionUri: other/", "0 times"),
    ):
        with pytest.raises(Unfit, match=re.escape(why)):
            packaged.template(text.replace(before, after), "x86_64", PROJECT)


def test_each_processor_has_a_template_of_its_own():
    text = packaged.template((ROOT / "template.yaml").read_text(), "arm64", replace(PROJECT, repository=None))
    assert packaged.name("arm64") == "template.packaged-arm64.yaml" and "CodeUri: apply-arm64.zip" in text
    assert yaml_parse(text)["Parameters"]["Architecture"]["AllowedValues"] == ["arm64"] and "SourceCodeUrl" not in text


# ------------------------------------------------------------ what is refused


def test_a_missing_part_is_named(parts, tmp_path):
    with pytest.raises(Unfit, match="has parts of no target"):
        pack.pack(Parts(tmp_path), tmp_path / "out", PROJECT)
    shutil.copytree(parts.directory, tmp_path / "parts")
    (tmp_path / "parts" / own().triple / "notify").unlink()
    with pytest.raises(Unfit, match="notify is missing"):
        pack.pack(Parts(tmp_path / "parts"), tmp_path / "out", PROJECT)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("change", "why"), [
    (lambda content: content[:0x12] + b"\x08\0" + content[0x14:], "is no program for"),
    (lambda content: b"#!/bin/sh\n", "is no program for"),
    (lambda content: content + b"\0PLANTED_BUG\0", "is a test build with planted bugs"),
])
def test_a_function_that_cannot_run_on_lambda_is_refused(parts, tmp_path, change, why):
    shutil.copytree(parts.directory, tmp_path / "parts")
    function = tmp_path / "parts" / own().triple / "apply"
    function.write_bytes(change(function.read_bytes()))
    with pytest.raises(Unfit, match=f"apply {why}"):
        pack.pack(Parts(tmp_path / "parts"), tmp_path / "out", PROJECT)


def test_a_directory_with_something_else_is_left_alone(parts, tmp_path):
    (tmp_path / "letter").write_text("mine")
    with pytest.raises(Unfit, match="has files that are no release"):
        pack.pack(parts, tmp_path, PROJECT)
    assert (tmp_path / "letter").read_text() == "mine"


def test_the_command_line_says_why(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "soon")
    for arguments, why in (
        (["pack", "--parts", str(tmp_path)], "SOURCE_DATE_EPOCH is 'soon'"),
        (["pack", "--parts", str(tmp_path), "--repository", "lockstep"], "'lockstep' is not of the form owner/name"),
        (["build", "--target", "riscv"], "there is no target riscv; there are x86_64-unknown-linux-gnu"),
    ):
        assert main(arguments) == 1
        assert why in capsys.readouterr().err


# ------------------------------------------------------------ the build


def test_the_build_does_not_depend_on_its_surroundings(monkeypatch):
    for name in ("RUSTFLAGS", "AWS_SECRET_ACCESS_KEY", "CARGO_PROFILE_RELEASE_LTO", "CARGO_LAMBDA_COMPILER", "CARGO_BUILD_RUSTFLAGS"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setattr(build, "install_sam", lambda: ROOT / "sam")
    settings = build._environment(TARGETS[0])
    assert "x" not in settings.values()
    assert settings["CARGO_TARGET_DIR"] == str(ROOT / "target" / "dist")
    assert f"--remap-path-prefix={ROOT}=/lockstep" in settings["CARGO_ENCODED_RUSTFLAGS"].split("\x1f")


def test_the_functions_are_those_of_the_template_and_the_command_is_the_crates():
    resources = yaml_parse((ROOT / "template.yaml").read_text())["Resources"].values()
    built = {one["Metadata"]["BuildProperties"]["Binary"] for one in resources if one["Type"] == "AWS::Serverless::Function"}
    assert built == set(FUNCTIONS)
    assert 'name = "lockstep"' in (ROOT / "crates" / "cli" / "Cargo.toml").read_text()


def test_one_checksum_is_the_files_own(dist):
    lines = dict(reversed(line.split("  ")) for line in (dist / "checksums.txt").read_text().splitlines())
    assert lines["notes.md"] == hashlib.sha256((dist / "notes.md").read_bytes()).hexdigest()
