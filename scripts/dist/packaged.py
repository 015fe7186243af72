"""The template of a release: template.yaml, with the code of each function beside it."""

from __future__ import annotations

from scripts.dist.located import located, replaced
from scripts.dist.project import DESCRIPTION, LICENCE, Project

#: The state machine's definition, beside the template.
DEFINITION = "migrate.asl.json"


def name(architecture: str) -> str:
    """Returns the file's name. The one for x86_64, which is the template's default, has no processor in its name."""
    return "template.packaged.yaml" if architecture == "x86_64" else f"template.packaged-{architecture}.yaml"


def template(text: str, architecture: str, project: Project) -> str:
    """Returns template.yaml for a release: with a zip for each function instead of a way to build it, for one processor.

    Raises `Unfit` if the text is not of the form that this looks for.
    """
    text = located(text, lambda binary: f"{binary}-{architecture}.zip", DEFINITION)
    # One template for each processor: with the zips of another one no function would start.
    text = replaced(
        text, "    Default: x86_64\n    AllowedValues: [x86_64, arm64]\n", f"    Default: {architecture}\n    AllowedValues: [{architecture}]\n"
    )
    return replaced(text, "\nMetadata:\n", f"\nMetadata:\n{_application(project)}")


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
