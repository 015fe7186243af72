"""Compares a payload with its type. The tests do that."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import TypeAdapter


def validate(type_: type, payload: object) -> None:
    """Raises pydantic's `ValidationError` for a missing key, for a key that the type does not have, and for a value of
    another type. A number in a text is a text, and a boolean is no number."""
    _adapter(type_).validate_python(payload, strict=True, extra="forbid")


@cache
def _adapter(type_: type) -> TypeAdapter[Any]:
    return TypeAdapter(type_)
