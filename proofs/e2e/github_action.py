"""The action at the root of this repository, from its own file: its inputs, its steps and its outputs."""

from __future__ import annotations

from typing import Any

import yaml

from local import paths
from proofs.e2e.github_expressions import Contexts, Unknown, interpolate

FILE = paths.ROOT / "action.yml"

#: How an example names it. A person replaces both.
PLACEHOLDER = "<owner>/lockstep@<version>"


def steps() -> list[dict[str, Any]]:
    """Returns its steps. Each is one command, which gets every value from its environment."""
    found = _file()["runs"]["steps"]
    for step in found:
        assert step.keys() - {"id"} == {"name", "shell", "run", "env"} and step["shell"] == "bash" and "${{" not in step["run"]
    return found


def contexts(github: Contexts, given: dict[str, str]) -> Contexts:
    """Returns what its own expressions can name, with these inputs. An input that is given stays, also if it is empty."""
    outer: Contexts = {"github": github | {"action_repository": "owner/lockstep"}, "inputs": {}, "steps": {}}
    known = {name: interpolate(one["default"], outer) for name, one in _file()["inputs"].items()}
    if unknown := given.keys() - known.keys():
        raise Unknown(f"the input {unknown}")
    return outer | {"inputs": known | given}


def outputs(found: Contexts) -> dict[str, str]:
    """Returns its outputs after its steps."""
    return {name: interpolate(one["value"], found) for name, one in _file()["outputs"].items()}


def _file() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())
