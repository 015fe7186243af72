"""The imports of Python point one way: `proofs` build on `local`, `local` on `scripts`, and no proof on another."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from proofs.lint.paths import ROOT

#: Each folder, and the other folders that it may import.
FLOORS = {"scripts": (), "local": ("scripts",), "proofs": ("local", "scripts")}

#: The part that all proofs share.
HARNESS = "harness"


def problems(root: Path) -> list[str]:
    """Returns the imports against the allowed direction."""
    return [
        f"{file.relative_to(root)} imports {module}"
        for floor in FLOORS
        for file in sorted((root / floor).rglob("*"))
        if "node_modules" not in file.parts and _is_python(file)
        for module in _imported(file)
        if not _may(file.relative_to(root).with_suffix("").parts, tuple(module.split(".")))
    ]


def _is_python(file: Path) -> bool:
    return file.is_file() and (file.suffix == ".py" or (not file.suffix and file.read_bytes().startswith(b"#!/usr/bin/env python")))


def _imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            # `from proofs import chaos` imports proofs.chaos.
            yield from (f"{node.module}.{name.name}" for name in node.names)


def _may(by: tuple[str, ...], module: tuple[str, ...]) -> bool:
    if module[0] not in FLOORS:
        return True
    if module[0] != by[0]:
        return module[0] in FLOORS[by[0]]
    return by[0] != "proofs" or module[1] in (by[1], HARNESS)


def test_every_import_points_down() -> None:
    assert problems(ROOT) == []


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("scripts/checks/one.py", "from local import stack"),
        ("local/one.py", "import proofs.lint"),
        ("proofs/harness/one.py", "from proofs.chaos.sweep import sweep"),
        ("proofs/e2e/tests/one.py", "def late():\n    from proofs import chaos"),
        ("scripts/one", "#!/usr/bin/env python3\nimport local.stack"),
    ],
)
def test_an_import_that_points_up_is_found(place: str, code: str, tmp_path: Path) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_text(code)
    [found] = problems(tmp_path)
    assert found.startswith(place)
