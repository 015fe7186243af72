"""The bills of materials name what is linked, and are valid CycloneDX."""

from __future__ import annotations

import json
import tomllib
from urllib.parse import quote

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.dist import crates
from scripts.dist.crates import Crate
from scripts.dist.parts import Unfit
from scripts.dist.sbom import sbom
from scripts.dist.targets import TARGETS
from scripts.setup import ROOT
from scripts.tests.dist_parts import PROJECT

LINUX = TARGETS[0]


@pytest.fixture(scope="module")
def resolved():
    """The graph of linked crates, that of all, and what cargo knows of them."""
    return crates.graph(LINUX, "normal,no-proc-macro"), crates.graph(LINUX, "normal,build"), crates.known()


@pytest.fixture(scope="module")
def documents(resolved):
    """The document of each binary."""
    return {name: sbom(name, name.encode(), PROJECT, *resolved) for name in LINUX.binaries}


def scopes(document):
    return {(one["name"], one["version"]): one["scope"] for one in json.loads(document)["components"]}


def test_each_is_valid(documents):
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    for name, document in documents.items():
        assert validator.validate_str(document) is None, name
    broken = documents["apply"].replace('"type": "library"', '"type": "thing"', 1)
    assert validator.validate_str(broken) is not None


def test_each_is_about_its_binary_and_has_no_time_of_its_own(documents, resolved):
    read = {name: json.loads(document) for name, document in documents.items()}
    assert len({one["serialNumber"] for one in read.values()}) == len(read)
    for name, document in read.items():
        about = document["metadata"]["component"]
        assert (about["name"], about["version"], about["type"]) == (name, "0.1.0", "application")
        assert document["metadata"]["timestamp"] == "2027-01-15T08:00:00+00:00"
    assert sbom("apply", b"apply", PROJECT, *resolved) == documents["apply"]
    other = json.loads(sbom("apply", b"another apply", PROJECT, *resolved))
    assert other["serialNumber"] != read["apply"]["serialNumber"]


def test_what_is_linked_is_told_from_what_only_builds(documents):
    command, notify = scopes(documents["lockstep"]), scopes(documents["notify"])
    of = {name: scope for (name, _), scope in command.items()}
    assert of["rustls"] == of["std"] == of["engine"] == of["clap"] == "required"
    assert of["serde_derive"] == of["proc-macro2"] == of["cc"] == "excluded"
    names = {name for name, _ in notify}
    # This function knows no database, and none has a command line.
    assert "lambda_runtime" in names and not names & {"clap", "engine", "sqlx", "cli"}
    # What only tests use is in none.
    assert not {name for document in documents.values() for name, _ in scopes(document)} & {"proptest", "aws-smithy-mocks", "sqlx-oracle"}


def test_every_crate_has_its_digest_and_its_licence(documents):
    locked = {(one["name"], one["version"]): one.get("checksum") for one in tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]}
    for component in json.loads(documents["lockstep"])["components"]:
        assert component["licenses"], component
        if component["name"] == "std":
            continue
        [digest] = [one["content"] for one in component.get("hashes", [])] or [None]
        assert digest == locked[component["name"], component["version"]]
        assert component.get("purl") == (f"pkg:cargo/{component['name']}@{quote(component['version'])}" if digest else None)


def test_the_dependencies_lead_from_the_binary_to_all(documents):
    document = json.loads(documents["apply"])
    uses = {one["ref"]: set(one.get("dependsOn", [])) for one in document["dependencies"]}
    found, ahead = {"apply"}, ["apply"]
    while ahead:
        new = uses[ahead.pop()] - found
        found |= new
        ahead.extend(new)
    assert found == {"apply"} | {one["bom-ref"] for one in document["components"]}


def test_what_cargo_tells_is_read():
    graph = crates.parsed(["0one v0.1.0 (/x)", "1two v2.0.0", "2three v3.0.0", "1three v3.0.0 (*)", "", "0four v1.0.0", "1two v2.0.0 (*)"])
    one, two, three, four = Crate("one", "0.1.0"), Crate("two", "2.0.0"), Crate("three", "3.0.0"), Crate("four", "1.0.0")
    assert graph.roots == {"one": one, "four": four}
    assert graph.uses[one] == {two, three} and graph.below(four) == {two, three}
    with pytest.raises(Unfit, match="is not understood"):
        crates.parsed(["0one"])
