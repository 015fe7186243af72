"""The names of the public types of the workspace's crates.

This scans text and is no compiler: a type counts as public where it is declared `pub`. The lint `unreachable_pub` sees to it
that such a type can be reached from outside. A type with another visibility, such as `pub(crate)`, is left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

from . import crates, paths

#: The declaration of a type, or a type that is exported under another name.
_DECLARED = re.compile(r"^\s*pub (?:(?:struct|enum|union|trait|type) (\w+)|use [^;]*\bas (\w+))", re.MULTILINE)


def twice(root: Path = paths.ROOT) -> dict[str, list[str]]:
    """Returns the names that several public types have, each with the files that declare them."""
    files: dict[str, list[str]] = defaultdict(list)
    for source in crates.sources(root):
        for file in sorted(source.rglob("*.rs")):
            for declared, exported in _DECLARED.findall(file.read_text()):
                files[declared or exported].append(str(file.relative_to(root)))
    return {name: places for name, places in sorted(files.items()) if len(places) > 1}
