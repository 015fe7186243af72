"""The template with the places of built code in it, instead of a way to build it."""

from __future__ import annotations

import re
from collections.abc import Callable

from scripts.dist.parts import Unfit
from scripts.dist.targets import FUNCTIONS

_BUILT = re.compile(
    r"^    Metadata:\n      BuildMethod: rust-cargolambda\n      BuildProperties: \{ Binary: (\w+) \}\n    Properties:\n", re.MULTILINE
)


def located(text: str, code: Callable[[str], str], definition: str, layer: str = "layer/") -> str:
    """Returns template.yaml with where the code of each function, the state machine's definition and the layer's content are.
    `code` returns the place of a function by the name of its binary.

    Raises `Unfit` if the text is not of the form that this looks for.
    """
    if sorted(_BUILT.findall(text)) != sorted(FUNCTIONS):
        raise Unfit(f"template.yaml builds {', '.join(_BUILT.findall(text))}, and not {', '.join(FUNCTIONS)}")
    text = _BUILT.sub(lambda found: f"    Properties:\n      CodeUri: {code(found[1])}\n", text)
    text = replaced(text, "    CodeUri: .\n", "")
    # One definition makes both machines.
    text = replaced(text, "      DefinitionUri: statemachine/migrate.asl.json\n", f"      DefinitionUri: {definition}\n", times=2)
    return replaced(text, "      Content: layer/\n", f"      Content: {layer}\n")


def replaced(text: str, before: str, after: str, times: int = 1) -> str:
    """Returns the text with one part replaced. Raises `Unfit` if it has the part not exactly so many times."""
    if text.count(before) != times:
        raise Unfit(f"template.yaml has {before.strip()!r} {text.count(before)} times instead of {times}")
    return text.replace(before, after)
