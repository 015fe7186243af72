"""`python -m proofs.lint`: runs every check, prints its findings, and fails if there are any."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from proofs.lint import approval, authorization, lengths, policies, regions, service_role, trust, versions
from proofs.lint.paths import ASL_VALIDATOR, AUTHORIZATION, CFN_LINT, CHECKOV, DEFINITION, ROOT, SAM, TEMPLATE
from proofs.lint.substitute import substituted
from proofs.lint.suppressions import SUPPRESSED, Suppression
from proofs.lint.transform import bootstrap, decided, transformed
from proofs.lint.variants import BOOTSTRAP, VARIANTS

# A Region is needed to know which resource types exist. Credentials are not needed, and none are searched for.
_ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "SAM_CLI_TELEMETRY": "0",
    "LOG_LEVEL": "ERROR",
}

_used: set[Suppression] = set()


def main() -> int:
    """Returns the exit status."""
    os.environ["AWS_DEFAULT_REGION"] = _ENVIRONMENT["AWS_DEFAULT_REGION"]
    missing = [tool for tool in (SAM, CFN_LINT, CHECKOV, ASL_VALIDATOR, AUTHORIZATION) if not tool.exists()]
    if missing:
        print(f"Missing: {', '.join(str(tool.relative_to(ROOT)) for tool in missing)}. Run `make setup`.")
        return 2
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        checks: list[tuple[str, Callable[[], list[str]]]] = [
            ("sam validate --lint", sam_validate),
            ("cfn-lint", lambda: cfn_lint(Path(directory))),
            ("checkov", lambda: checkov(Path(directory))),
            ("asl-validator", lambda: asl_validator(Path(directory))),
            ("published versions", versions.problems),
            ("lengths of their descriptions", lengths.problems),
            ("Regions", regions.problems),
            ("statements that have an effect", authorization.problems),
            ("who may do what", policies.problems),
            ("who may take on a role", trust.problems),
            ("from which verdict on an approval is needed", approval.problems),
            ("CloudFormation's role", service_role.problems),
            ("suppressions", unused_suppressions),
        ]
        for name, check in checks:
            problems = check()
            print(f"{'FAILED' if problems else 'ok':6}  {name}", *problems, sep="\n        ", flush=True)
            failed = failed or bool(problems)
    return int(failed)


def sam_validate() -> list[str]:
    """Checks template.yaml as written. Like all checks, it returns the problems found."""
    done = _run(SAM, "validate", "--lint", "--template", TEMPLATE)
    return [] if done.returncode == 0 else _lines(done)


def cfn_lint(directory: Path) -> list[str]:
    """Checks both templates, transformed. cfn-lint itself evaluates the conditions."""
    problems = []
    for variant, template in _templates():
        file = directory / f"{variant}.json"
        file.write_text(json.dumps(template))
        done = _run(CFN_LINT, "--format", "json", "--template", file)
        for finding in _json(done):
            path = finding["Location"]["Path"] or []
            resource = str(path[1]) if len(path) > 1 else ""
            if not _suppressed(finding["Rule"]["Id"], resource, variant):
                place = "/".join(map(str, path))
                problems.append(f"{variant}: {finding['Rule']['Id']} {finding['Message']} ({place})")
    return problems


def checkov(directory: Path) -> list[str]:
    """Checks both templates, transformed and without their conditions. Nothing is downloaded or sent."""
    problems = []
    for variant, template in _templates():
        file = directory / f"{variant}-decided.json"
        file.write_text(json.dumps(decided(template)))
        done = _run(
            CHECKOV,
            "--file",
            file,
            "--framework",
            "cloudformation",
            "--skip-download",
            "--quiet",
            "--compact",
            "--output",
            "json",
        )
        report = _json(done)
        if not report["summary"]["passed"] or report["summary"]["parsing_errors"]:
            problems.append(f"{variant}: checkov could not read the template")
        for finding in report["results"]["failed_checks"]:
            resource = finding["resource"].rsplit(".", 1)[-1]
            if not _suppressed(finding["check_id"], resource, variant):
                problems.append(f"{variant}: {finding['check_id']} {finding['check_name']} ({resource})")
    return problems


def asl_validator(directory: Path) -> list[str]:
    """Checks the definition as written, and with the substitutions of each kind of environment."""
    files = [DEFINITION]
    for asked_from in ("caution", "danger", "always"):
        files.append(directory / f"approval-from-{asked_from}.asl.json")
        files[-1].write_text(substituted(DEFINITION.read_text(), asked_from))
    problems = []
    for file in files:
        done = _run(ASL_VALIDATOR, "--json-path", file)
        if done.returncode:
            problems += _lines(done)
    return problems


def unused_suppressions() -> list[str]:
    """Returns the suppressions that no longer hide anything."""
    unused = [known for known in SUPPRESSED if known not in _used]
    return [f"{known.rule} for {known.resources} suppresses nothing; remove it" for known in unused]


def _templates() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each template for each of its variants, under a name of its own."""
    for variant, parameters in VARIANTS.items():
        yield variant, transformed(parameters)
    for variant, parameters in BOOTSTRAP.items():
        yield f"github-{variant}", bootstrap(parameters)


def _suppressed(rule: str, resource: str, variant: str) -> bool:
    covering = [known for known in SUPPRESSED if known.covers(rule, resource, variant)]
    _used.update(covering)
    return bool(covering)


def _run(tool: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([tool, *arguments], cwd=ROOT, env=_ENVIRONMENT, capture_output=True, text=True, check=False)


def _lines(done: subprocess.CompletedProcess[str]) -> list[str]:
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or ["no explanation given"]


def _json(done: subprocess.CompletedProcess[str]) -> Any:
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise SystemExit("\n".join([f"{done.args[0]} did not answer:", *_lines(done)])) from None


if __name__ == "__main__":
    sys.exit(main())
