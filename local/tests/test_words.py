"""Every text of the project says who is meant: a session, a person, a caller. No file uses an indefinite pronoun instead."""

import re

import pytest

from local import paths
from local.tests.test_links import tracked

#: The pronouns, alone or as a part of a name. They are written so that this file has none of them.
_PRONOUN = re.compile(r"(?<![a-z])(?:(?:no|some|every|any)body|who(?:ever))s?(?![a-z])", re.IGNORECASE)

#: How often a file may have one, because it is a name of the operating system.
EXCEPTIONS = {"local/postgres.py": 1}


def pronouns(text: str) -> list[str]:
    return _PRONOUN.findall(text)


def test_no_text_has_an_indefinite_pronoun():
    texts = {file.relative_to(paths.ROOT).as_posix(): file.read_text(errors="replace") for file in tracked()}
    assert len(texts) > 500
    found = {name: count for name, text in texts.items() if (count := len(pronouns(f"{name}\n{text}")))}
    assert found == EXCEPTIONS


@pytest.mark.parametrize("start", ["No", "some", "every", "any"])
def test_a_pronoun_is_found(start):
    for text in (f"{start}body waits.", f"def test_{start}body_waits():", f"{start}bodys"):
        assert pronouns(text)


def test_other_words_are_none():
    assert not pronouns("the body of a function, anybodyx, a busybody, no body, who ever")
