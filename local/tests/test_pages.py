"""The commands on the pages are valid for the programs that they call."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import botocore.session
import pytest
import yaml
from botocore import xform_name
from samtranslator.yaml_helper import yaml_parse

from local import paths
from local.tests import pages

#: The commands that other tests check.
ELSEWHERE = {
    **dict.fromkeys(("cd", "rm", "zip", "sha256sum", "cut"), "proofs/cli/test_bundle.py runs the listing that has them"),
    "curl": "test_function_url.py sends it to a URL that verifies its signature",
    "eval": "the last test here",
    "lockstep": "crates/cli/tests/report.rs has the command itself read it",
}

#: Options of the AWS CLI itself.
GENERAL = {"query", "output", "region"}

#: The options of the commands that the AWS CLI adds to a service's operations.
ADDED = {
    ("cloudformation", "deploy"): {"stack-name", "template-file", "capabilities", "parameter-overrides"},
    ("cloudformation", "package"): {"template-file", "s3-bucket"},
}

#: The options of the commands of gh's about releases.
RELEASES = {("release", "download"): {"--repo", "--dir"}, ("attestation", "verify"): {"--repo"}}

PYTHON = ".venv/bin/python"


def test_every_command_is_one_that_is_looked_at():
    programs = {words[0] for words in pages.commands()}
    assert programs == {"make", "aws", "cargo", "gh", "sam", PYTHON} | ELSEWHERE.keys()
    assert len(pages.blocks()) > 5


def of(program):
    """Parametrizes a test with the commands of this program."""
    found = [words for words in pages.commands() if words[0].startswith(program)]
    return pytest.mark.parametrize("words", found, ids=" ".join)


@of("make")
def test_make_knows_the_target_and_the_variables(words):
    target, *variables = words[1:]
    subprocess.run(["make", "--dry-run", target], cwd=paths.ROOT, capture_output=True, check=True)
    texts = [(paths.ROOT / name).read_text() for name in ("Makefile", "local/up.py")]
    for variable in variables:
        name = variable.partition("=")[0]
        handed_on = re.search(rf"\$\({name}\)|\$\(call option,\S+,{name}\)", texts[0])
        assert handed_on or f'option("{name}")' in texts[1]


@of(PYTHON)
def test_python_finds_the_module_and_cargo_the_tests(words):
    assert words[1] == "-m" and importlib.util.find_spec(words[2])
    if "cargo" not in words:
        assert all((paths.ROOT / word).exists() for word in words if "/" in word)
        return
    assert_cargo_knows(words)


@of("cargo")
def test_cargo_finds_the_package_and_the_tests(words):
    assert_cargo_knows(words)


def assert_cargo_knows(words):
    metadata = ["cargo", "metadata", "--no-deps", "--format-version", "1"]
    known = json.loads(subprocess.run(metadata, cwd=paths.ROOT, capture_output=True, check=True).stdout)["packages"]
    if "--path" in words:
        assert words[words.index("--path") + 1] in {str(Path(package["manifest_path"]).parent.relative_to(paths.ROOT)) for package in known}
        return
    [package] = [package for package in known if package["name"] == words[words.index("-p") + 1]]
    kind, name = ("lib", package["name"]) if "--lib" in words else ("test", words[words.index("--test") + 1])
    assert name in {target["name"] for target in package["targets"] if kind in target["kind"]}


@of("aws")
def test_the_aws_cli_has_the_operation_and_its_options(words):
    service, operation, *rest = words[1:]
    given = {word.removeprefix("--") for word in rest if word.startswith("--")} - GENERAL
    if (service, operation) in ADDED:
        assert given <= ADDED[service, operation]
        return
    # The CLI has an s3 service of its own, and calls S3's operations s3api.
    model = botocore.session.Session().get_service_model("s3" if service == "s3api" else service)
    [name] = [name for name in model.operation_names if xform_name(name, "-") == operation]
    shape = model.operation_model(name).input_shape
    assert given <= {xform_name(member, "-") for member in shape.members}
    if given:
        # A command without options is only part of a command.
        assert given >= {xform_name(member, "-") for member in shape.required_members}


def test_the_roles_for_github_are_deployed_with_what_they_need():
    """Only the AWS CLI itself reads the command's options, so they are read here as it reads them."""
    [words] = [words for words in pages.commands() if words[1:3] == ["cloudformation", "deploy"] and len(words) > 3]
    options: dict[str, list[str]] = {}
    for word in words[3:]:
        if word.startswith("--"):
            values = options[word] = []
        else:
            values.append(word)
    template = yaml_parse((paths.ROOT / options["--template-file"][0]).read_text())
    given = dict(value.split("=", 1) for value in options["--parameter-overrides"])
    assert given.keys() <= template["Parameters"].keys()
    assert given.keys() >= {name for name, parameter in template["Parameters"].items() if "Default" not in parameter}
    assert options["--stack-name"] == [f"lockstep-migrations-{given['Environment']}-github"]
    assert options["--capabilities"] == ["CAPABILITY_NAMED_IAM"]
    for name, value in given.items():
        pattern = template["Parameters"][name].get("AllowedPattern", ".*")
        assert re.fullmatch(pattern, value) or value.startswith("<"), name


@of("sam")
def test_sam_takes_its_options(words):
    # --help is handled after all options have been read, and takes less time than a build.
    sam = [paths.SAM_VENV / "bin" / "sam", *words[1:], "--help"]
    subprocess.run(sam, cwd=paths.ROOT, env=os.environ | {"SAM_CLI_TELEMETRY": "0"}, capture_output=True, check=True)


@of("gh")
def test_the_workflow_takes_its_inputs(words):
    if words[1:3] == ["variable", "set"]:
        # proofs/cli/test_deploy.py compares what `lockstep deploy` prints with what the workflows read.
        examples = [file.read_text().replace("{0}", "DEV") for file in (paths.ROOT / "docs" / "examples").glob("*.yml")]
        assert not words[3:] or (words[4] == "--body" and any(words[3] in text for text in examples))
        return
    if options := RELEASES.get((words[1], words[2])):
        assert {word for word in words[4:] if word.startswith("-")} <= options
        return
    assert words[1:3] == ["workflow", "run"]
    # YAML takes the key `on` for a boolean.
    inputs = yaml.safe_load((paths.ROOT / ".github" / "workflows" / words[3]).read_text())[True]["workflow_dispatch"]["inputs"]
    options, given = words[4::2], dict(word.split("=", 1) for word in words[5::2])
    assert set(options) == {"-f"} and given.keys() <= inputs.keys()
    for name, value in given.items():
        assert value in inputs[name].get("options", [value])


def test_the_executions_input_is_json():
    given = [words[words.index("--input") + 1] for words in pages.commands() if "start-execution" in words]
    assert [json.loads(one) for one in given] == [{"bundle": "$digest"}, {}]


def test_the_local_stacks_environment_is_the_shells():
    state = paths.LOCAL / "pages"
    state.mkdir(parents=True, exist_ok=True)
    try:
        (state / "stack.json").write_text(json.dumps({"environment": {"PGPASSWORD": "it's $HOME"}}))
        [words] = [words for words in pages.commands() if words[0] == "eval"]
        command = f'eval "{words[1]}"; printf %s "$PGPASSWORD"'
        settings = os.environ | {"LOCKSTEP_LOCAL": str(state)}
        said = subprocess.run(["sh", "-euc", command], cwd=paths.ROOT, env=settings, capture_output=True, text=True, check=True)
        assert said.stdout == "it's $HOME"
    finally:
        shutil.rmtree(state)
