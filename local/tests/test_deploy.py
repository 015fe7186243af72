"""The arguments of SAM in a deployment to the local account."""

import re
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from local import deploy, paths
from local.postgres import Embedded


def test_a_checkout_may_be_anywhere(tmp_path):
    """The template accepts only some paths."""
    state = tmp_path / "a directory's name" / ("long" * 20)
    state.mkdir(parents=True)
    embedded = Embedded(state)
    try:
        connection = embedded.start()
        connection.connect().close()
        parameter = yaml_parse(paths.TEMPLATE.read_text())["Parameters"]["DatabaseCaFile"]
        assert re.fullmatch(parameter["AllowedPattern"], connection.ca_file)
        assert len(connection.ca_file) <= parameter["MaxLength"]
    finally:
        embedded.remove()
    assert not Path(connection.ca_file).parent.exists()


def test_every_function_of_the_template_is_built():
    functions = yaml_parse(paths.TEMPLATE.read_text())["Resources"].values()
    binaries = [function["Metadata"]["BuildProperties"]["Binary"] for function in functions
                if function["Type"] == "AWS::Serverless::Function"]
    assert sorted(binaries) == sorted(deploy.FUNCTIONS)


def test_what_a_crate_takes_in_is_a_source_of_the_build():
    sources = deploy._sources()
    taken = {
        (file.parent / name).resolve()
        for file in sources if file.suffix == ".rs"
        for name in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', file.read_text())
    }
    # Files below tests/ are included only by tests.
    taken = {file for file in taken if "tests" not in file.relative_to(paths.ROOT).parts}
    assert len(taken) > 1 and taken <= {file.resolve() for file in sources}


def test_a_test_is_no_source_of_the_build():
    sources = {str(file.relative_to(paths.ROOT)) for file in deploy._sources()}
    assert {"Cargo.lock", "crates/engine/Cargo.toml", "crates/engine/src/lib.rs", "functions/apply/src/main.rs"} <= sources
    assert not {name for name in sources if "/tests/" in name.partition("/src/")[0] or name.endswith(".md")}


def test_it_is_said_how_far_cargo_is():
    printed = ["    Building [===>    ] 122/290: ring\n", "    Building [====>   ] 123/290: ring, tokio\n", "   Compiling rustls v0.23.37\n"]
    assert deploy._at(printed) == "123 of 290 crates are compiled"
    assert deploy._at(["Running RustCargoLambdaBuilder:CargoLambdaBuild\n"]) == "Running RustCargoLambdaBuilder:CargoLambdaBuild"
    assert deploy._at([]) == ""
