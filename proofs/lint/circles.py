"""Circles of imports between the modules of a Rust crate.

This scans text and is no compiler: it reads the paths that begin with `crate::` or `super::`. It compares the modules
of one folder with each other. A module and its own children may use each other; that is no circle here. Imports of
tests are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

#: A path, up to the name or the group after its prefix.
_PATH = re.compile(r"\b((?:super::)+|crate::(?:\w+::)*)(\{[^;]*?\}(?=[;)])|\w+)")

#: The files that contain the folder's own module.
_OWN = ("lib", "main", "mod")

Graph = dict[str, set[str]]


def circles(source: Path) -> list[list[str]]:
    """Returns the circles of a crate: the modules of each, with their folders."""
    folders = [source, *sorted(path for path in source.rglob("*") if path.is_dir())]
    return [[str((folder / name).relative_to(source)) for name in sorted(circle)]
            for folder in folders for circle in _knots(_imports(source, folder))]


def _imports(source: Path, folder: Path) -> Graph:
    """Returns the modules that each module of a folder imports."""
    above = folder.relative_to(source).parts
    children = {path.stem: path for path in folder.iterdir()
                if (path.is_dir() or path.suffix == ".rs") and path.stem not in (*_OWN, "tests")}
    graph: Graph = {child: set() for child in children}
    for child in children:
        files = chain([folder / f"{child}.rs"], (folder / child).rglob("*.rs"))
        for file in files:
            if not file.is_file() or "tests" in file.relative_to(folder).with_suffix("").parts:
                continue
            for path in _paths(source, file):
                inside = path[len(above):]
                if path[: len(above)] == above and inside and inside[0] in children and inside[0] != child:
                    graph[child].add(inside[0])
    return graph


def _paths(source: Path, file: Path) -> Iterator[tuple[str, ...]]:
    """Yields the paths in a file, from the crate's root."""
    module = file.relative_to(source).with_suffix("").parts
    if module[-1] in _OWN:
        module = module[:-1]
    code = re.sub(r"//[^\n]*", "", file.read_text().split("#[cfg(test)]\nmod", 1)[0])
    for prefix, names in _PATH.findall(code):
        if prefix.startswith("super"):
            base = module[: len(module) - prefix.count("super")]
        else:
            base = tuple(part for part in prefix.split("::")[1:] if part)
        for name in _first_names(names):
            yield (*base, name)


def _first_names(names: str) -> Iterator[str]:
    """Yields `a` for `a`, and `a` and `b` for `{a::{c, d}, b}`."""
    depth, begins = 0, not names.startswith("{")
    for token in re.findall(r"[{},]|\w+", names):
        if token == "{":
            depth += 1
            begins = depth == 1
        elif token == "}":
            depth -= 1
        elif token == ",":
            begins = depth == 1
        elif begins:
            yield token
            begins = False


def _knots(graph: Graph) -> list[set[str]]:
    """Returns the sets of modules that import themselves through one another."""
    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        left = [start]
        while left:
            new = graph[left.pop()] - seen
            seen |= new
            left.extend(new)
        return seen

    reach = {module: reached(module) for module in graph}
    found: list[set[str]] = []
    for module in sorted(graph):
        if module in reach[module] and not any(module in circle for circle in found):
            found.append({other for other in reach[module] if module in reach[other]})
    return found
