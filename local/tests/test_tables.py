"""The tables of the pages have exactly the names of the code and the template."""

import json
import re
from typing import Any

import pytest
import yaml
from samtranslator.yaml_helper import yaml_parse

from local import paths
from local.tests import pages

TEMPLATE = yaml_parse(paths.TEMPLATE.read_text())
BOOTSTRAP = yaml_parse(paths.BOOTSTRAP.read_text())

PARAMETERS = {"docs/deploying.md": TEMPLATE["Parameters"], "docs/github.md": BOOTSTRAP["Parameters"]}


def served_regions() -> list[str]:
    [assertion] = TEMPLATE["Rules"]["ServedRegion"]["Assertions"]
    return assertion["Assert"]["Fn::Contains"][0]


def section(page: str, heading: str) -> str:
    """Returns the text under a heading, up to the next heading."""
    found = re.search(rf"^#+ {heading}$\n(.*?)(?=^#|\Z)", (paths.ROOT / page).read_text(), re.MULTILINE | re.DOTALL)
    assert found, heading
    return found[1]


@pytest.mark.parametrize("page", PARAMETERS)
def test_the_parameters_are_the_templates_with_their_defaults(page: str):
    def default(parameter: dict[str, Any]) -> str:
        # An empty default is a value of its own. A parameter without a default needs a value.
        return str(parameter["Default"]) or "empty" if "Default" in parameter else ""

    listed = {name: said for name, said, _ in pages.table(page, "Parameter")}
    assert listed == {name: default(parameter) for name, parameter in PARAMETERS[page].items()}


def test_the_outputs_are_the_templates():
    listed = [name for name, _ in pages.table("docs/deploying.md", "Output")]
    assert sorted(listed) == sorted(TEMPLATE["Outputs"])


def test_the_inputs_of_the_action_are_its_own():
    inputs = yaml.safe_load((paths.ROOT / "action.yml").read_text())["inputs"]
    listed = {name: said for name, said, _ in pages.table("docs/pull-requests.md", "Input")}
    assert listed == {name: one["default"] or "empty" for name, one in inputs.items()} | {"token": "the job's"}


def test_the_outputs_of_the_action_are_its_own():
    outputs = yaml.safe_load((paths.ROOT / "action.yml").read_text())["outputs"]
    assert [name for name, _ in pages.table("docs/pull-requests.md", "Result")] == list(outputs)


def test_the_roles_for_github_are_their_templates_outputs():
    of_the_workflow = [name for _, said in pages.table("docs/github.md", "Variable") for name in re.findall(r"\w+Arn\b", said)]
    of_an_application = [name for name, _ in pages.table("docs/github.md", "Output")]
    assert sorted(of_the_workflow + of_an_application) == sorted(BOOTSTRAP["Outputs"])


def test_the_regions_are_those_that_the_template_lets_pass():
    page = section("docs/deploying.md", "Regions")
    assert re.findall(r"\b[a-z]{2}-[a-z]+-\d\b", page) == sorted(served_regions())
    readme = (paths.ROOT / "README.md").read_text()
    [(number, first, last)] = re.findall(r"the (\d+) in which Lambda has\s+function URLs, from (\S+) to (\S+)", readme)
    assert (int(number), first, last) == (len(served_regions()), min(served_regions()), max(served_regions()))


def test_the_verdicts_are_those_from_which_an_approval_can_be_asked():
    from_which = [value for value in TEMPLATE["Parameters"]["ApprovalFrom"]["AllowedValues"] if value != "always"]
    assert [name for name, _ in pages.table("docs/report.md", "Verdict")] == ["safe", *from_which]


def test_the_settings_are_those_that_no_template_gives():
    source = (paths.ROOT / "functions/shared/src/config.rs").read_text()
    known = set(re.findall(r'^pub const \w+: &str = "(\w+)";', source, re.MULTILINE))
    given = set(re.findall(r"^    (\w+),$", source, re.MULTILINE))
    for names in re.findall(r"_VARIABLES: &\[&str\] = &\[([^\]]*)\];", source):
        given |= set(re.findall(r"\w+", names))
    assert {name for name, _, _ in pages.table("docs/deploying.md", "Variable")} == known - given


def test_the_metrics_are_those_that_functions_write():
    sources = [file.read_text() for file in (paths.ROOT / "functions").glob("*/src/*.rs") if file.name != "metrics.rs"]
    written = {name for source in sources for name in re.findall(r'\("([A-Z]\w+)", (?:metrics::)?Unit::', source)}
    listed = section("docs/deploying.md", "What it leaves").split("`Lockstep`")[1].split("\n\n")[0]
    assert set(re.findall(r"`(\w+)`", listed)) == written


def test_the_picture_of_a_run_names_states_of_the_definition():
    [picture] = re.findall(r"^```\n(.*?)^```$", section("docs/running.md", "The states of a run"), re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"\b[A-Z][a-z]\w+\b\??", picture))
    states = json.loads((paths.ROOT / "statemachine" / "migrate.asl.json").read_text())["States"]
    assert len(named) > 10 and named <= states.keys()


def test_the_mails_are_those_that_notify_sends():
    source = (paths.ROOT / "functions/notify/src/mail.rs").read_text()
    sent = dict(re.findall(r'\("([A-Z][A-Za-z ]+)", "(\w+)"\)', source))
    sent |= dict(re.findall(r'Mail::new\(format!\("\S Database Migration ([\w ]+) \(\{environment\}\)"\), body, "(\w+)"\)', source))
    listed = {}
    for subject, outcome, _ in pages.table("docs/running.md", "Subject"):
        [words] = re.findall(r"^\S Database Migration ([\w ]+) \(prod\)$", subject)
        listed[words] = outcome
    assert listed == sent


def test_the_variables_of_github_are_those_that_the_workflow_reads():
    text = (paths.ROOT / ".github/workflows/deploy-migrations.yml").read_text()
    read = {name.replace("{0}", "PROD") for name in re.findall(r"LOCKSTEP_[A-Z_]+(?:\{0\})?", str(yaml.safe_load(text)))}
    assert {name for name, _ in pages.table("docs/github.md", "Variable")} == read


def test_the_variables_of_an_application_are_those_that_its_workflows_read():
    texts = [str(yaml.safe_load(file.read_text())) for file in sorted((paths.ROOT / "docs/examples").glob("*.yml"))]
    read = {name.replace("{0}", "DEV") for text in texts for name in re.findall(r"LOCKSTEP_[A-Z_]+(?:\{0\})?", text)}
    assert {name for name, _ in pages.table("docs/github.md", "Variable of an application")} == read


def test_the_jobs_of_github_are_the_workflows():
    workflow = yaml.safe_load((paths.ROOT / ".github/workflows/deploy-migrations.yml").read_text())
    assert [name for name, _ in pages.table("docs/github.md", "Job")] == list(workflow["jobs"])


MEASURED = [row for row in pages.table("README.md", "Promise") if "[Measured]" in row[1]]


@pytest.mark.parametrize(("promise", "said"), MEASURED, ids=[row[0] for row in MEASURED])
def test_a_measured_figure_is_on_the_page_that_it_names(promise: str, said: str):
    [(link, claim)] = re.findall(r"\[Measured\]\(([^)]+)\)(.*)", said)
    figures = re.findall(r"\d[\d.,]*\d|\d", claim)
    page = (paths.ROOT / link).read_text()
    assert figures
    assert [figure for figure in figures if not re.search(rf"(?<![\d.,]){re.escape(figure)}(?!\d|[.,]\d)", page)] == [], promise
