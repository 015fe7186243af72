"""The template of a release: template.yaml, with the code of each function beside it."""

from __future__ import annotations

import re

from scripts.dist.parts import Unfit
from scripts.dist.project import DESCRIPTION, LICENCE, Project
from scripts.dist.targets import FUNCTIONS

#: The state machine's definition, beside the template.
DEFINITION = "migrate.asl.json"

_BUILT = re.compile(
    r"^    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties: \{ Binary: (\w+) \}\n    Properties:\n", re.MULTILINE
)


def name(architecture: str) -> str:
    """Returns the file's name. The one for x86_64, which is the template's default, has no processor in its name."""
    return "template.packaged.yaml" if architecture == "x86_64" else f"template.packaged-{architecture}.yaml"


def template(text: str, architecture: str, project: Project) -> str:
    """Returns template.yaml for a release: with a zip for each function instead of a way to build it, for one processor.

    Raises `Unfit` if the text is not of the form that this looks for.
    """
    if sorted(_BUILT.findall(text)) != sorted(FUNCTIONS):
        raise Unfit(f"template.yaml builds {', '.join(_BUILT.findall(text))}, and not {', '.join(FUNCTIONS)}")
    text = _BUILT.sub(rf"    Properties:\n      CodeUri: \1-{architecture}.zip\n", text)
    for before, after in (
        ("    CodeUri: .\n", ""),
        ("      DefinitionUri: statemachine/migrate.asl.json\n", f"      DefinitionUri: {DEFINITION}\n"),
        # One template for each processor: with the zips of another one no function would start.
        ("    Default: x86_64\n    AllowedValues: [x86_64, arm64]\n", f"    Default: {architecture}\n    AllowedValues: [{architecture}]\n"),
        ("\nMetadata:\n", f"\nMetadata:\n{_application(project)}"),
    ):
        if text.count(before) != 1:
            raise Unfit(f"template.yaml has {before.strip()!r} {text.count(before)} times instead of once")
        text = text.replace(before, after)
    return text


def _application(project: Project) -> str:
    """Returns what the Serverless Application Repository shows of the template. `aws cloudformation package` uploads the two
    files, which are beside the template."""
    lines = [
        "Name: lockstep",
        f"Description: {DESCRIPTION}",
        "Author: The authors of Lockstep",
        f"SpdxLicenseId: {LICENCE}",
        "LicenseUrl: LICENSE",
        "ReadmeUrl: README.md",
        "Labels: [postgresql, migrations, rds, step-functions]",
        f"SemanticVersion: {project.version}",
    ]
    if project.url:
        lines += [f"HomePageUrl: {project.url}", f"SourceCodeUrl: {project.url}/tree/v{project.version}"]
    return "".join(["  AWS::ServerlessRepo::Application:\n", *(f"    {line}\n" for line in lines)])
