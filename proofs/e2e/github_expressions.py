"""GitHub's expressions, as far as this repository's workflows use them. Anything else is an error."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

_TOKEN = re.compile(r"\s*(?:'((?:[^']|'')*)'|([A-Za-z_][\w-]*)|(==|!=|&&|\|\||[!()\[\].,]))")
_STATUS = ("always", "success")


#: What an expression can name: `github`, `needs`, `steps`, `inputs` and so on.
Contexts = dict[str, Any]


class Unknown(AssertionError):
    """An expression that is not implemented here; add it."""


def evaluate(text: str, contexts: Contexts, functions: dict[str, Callable[..., Any]] | None = None) -> Any:
    """Returns the value of one expression, given without its braces."""
    parser = _Parser(text, contexts, functions or {})
    value = parser.either()
    if parser.tokens:
        raise Unknown(f"{parser.tokens[0][1]!r} in {text!r}")
    return value


def interpolate(text: Any, contexts: Contexts) -> str:
    """Returns a value of the workflow file with every `${{ }}` in it evaluated."""
    return re.sub(r"\$\{\{(.*?)\}\}", lambda found: as_text(evaluate(found[1], contexts)), as_text(text))


def asks_for_status(text: str) -> bool:
    """Returns whether a condition itself says which results it requires of the jobs before."""
    return any(re.search(rf"\b{name}\s*\(", text) for name in _STATUS)


def as_text(value: Any) -> str:
    """Returns a value as GitHub puts it into a text."""
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Parser:
    def __init__(self, text: str, contexts: Contexts, functions: dict[str, Callable[..., Any]]) -> None:
        self.contexts = contexts
        self.functions = functions | {"format": lambda form, *values: form.format(*map(as_text, values))}
        self.tokens: list[tuple[str, str]] = []
        position, end = 0, len(text.rstrip())
        while position < end:
            found = _TOKEN.match(text, position)
            if not found or not found.lastindex:
                raise Unknown(f"{text[position:]!r} in {text!r}")
            kind = ("text", "name", "mark")[found.lastindex - 1]
            value = found[found.lastindex]
            self.tokens.append((kind, value.replace("''", "'") if kind == "text" else value))
            position = found.end()

    def either(self) -> Any:
        value = self.both()
        while self.take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Any:
        value = self.comparison()
        while self.take("&&"):
            other = self.comparison()
            value = value and other
        return value

    def comparison(self) -> Any:
        value = self.single()
        for mark in ("==", "!="):
            if self.take(mark):
                # Texts are compared without regard to case.
                same = as_text(value).casefold() == as_text(self.single()).casefold()
                return same if mark == "==" else not same
        return value

    def single(self) -> Any:
        if self.take("!"):
            return not self.single()
        if self.take("("):
            value = self.either()
            self.need(")")
            return value
        kind, word = self.tokens.pop(0)
        if kind == "text":
            return word
        if kind != "name":
            raise Unknown(word)
        if self.take("("):
            return self.call(word)
        if word not in self.contexts:
            raise Unknown(f"the context {word}")
        value = self.contexts[word]
        while True:
            if self.take("."):
                value = self.member(value, self.tokens.pop(0)[1])
            elif self.take("["):
                value = self.member(value, self.either())
                self.need("]")
            else:
                return value

    def call(self, name: str) -> Any:
        if name not in self.functions:
            raise Unknown(f"the function {name}")
        arguments = []
        while not self.take(")"):
            arguments.append(self.either())
            self.take(",")
        return self.functions[name](*arguments)

    def member(self, value: dict[str, Any], name: str) -> Any:
        """Returns a property. Names ignore case. A missing property is empty, as on GitHub."""
        return {key.casefold(): item for key, item in value.items()}.get(name.casefold(), "") if value else ""

    def take(self, mark: str) -> bool:
        if self.tokens[:1] == [("mark", mark)]:
            self.tokens.pop(0)
            return True
        return False

    def need(self, mark: str) -> None:
        if not self.take(mark):
            raise Unknown(f"{mark} is missing")
