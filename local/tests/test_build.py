"""The build of the local stack."""

import pytest
from samtranslator.yaml_helper import yaml_parse

from local import build, paths
from scripts.dist.located import located
from scripts.dist.parts import Unfit
from scripts.dist.targets import FUNCTIONS

TEMPLATE = paths.TEMPLATE.read_text()


def test_only_the_places_of_the_code_differ_from_the_template():
    deployed = yaml_parse(located(TEMPLATE, lambda binary: f"{binary}.zip", "/definition.json", "/layer/"))
    template = yaml_parse(TEMPLATE)
    assert template["Globals"]["Function"].pop("CodeUri") == "."
    places = []
    for name, resource in template["Resources"].items():
        properties, there = resource.get("Properties", {}), deployed["Resources"][name].get("Properties", {})
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
            places.append(binary)
            assert there.pop("CodeUri") == f"{binary}.zip"
        if resource["Type"] == "AWS::Serverless::StateMachine":
            assert (properties.pop("DefinitionUri"), there.pop("DefinitionUri")) == ("statemachine/migrate.asl.json", "/definition.json")
        if resource["Type"] == "AWS::Lambda::LayerVersion":
            assert (properties.pop("Content"), there.pop("Content")) == ("layer/", "/layer/")
    assert sorted(places) == sorted(FUNCTIONS) and deployed == template


@pytest.mark.parametrize(("old", "new"), [("Binary: plan", "Binary: other"), ("      Content: layer/\n", ""), ("    CodeUri: .\n", "")])
def test_a_template_of_another_form_is_refused(old, new):
    with pytest.raises(Unfit, match=r"template\.yaml"):
        located(TEMPLATE.replace(old, new), str, "x")


def test_it_is_said_how_far_cargo_is():
    printed = ["    Building [===>    ] 122/290: ring\n", "    Building [====>   ] 123/290: ring, tokio\n", "   Compiling rustls v0.23.37\n"]
    assert build._at(printed) == "123 of 290 crates are compiled"
    assert build._at(["Compiling the rest\n"]) == "Compiling the rest"
    assert build._at([]) == ""


def test_an_equal_program_is_packed_once(tmp_path):
    program = tmp_path / "apply"
    program.write_bytes(b"\x7fELF one")
    build.pack(program)
    package = tmp_path / "apply.zip"
    first = package.stat().st_mtime_ns
    build.pack(program)
    assert package.stat().st_mtime_ns == first
    program.write_bytes(b"\x7fELF two")
    build.pack(program)
    assert package.stat().st_mtime_ns != first
