"""Runs every form on each major version: the observations have to agree with the files. UPDATE=1 writes the files anew."""

import os

import pytest

from proofs.observe import document, forms, observed, snapshots
from proofs.observe.databases import MAJORS, of_major

UPDATE = bool(os.environ.get("UPDATE"))


@pytest.fixture(scope="module", params=MAJORS)
def databases(request):
    with of_major(request.param) as server:
        yield server


@pytest.mark.parametrize("group", forms.groups(), ids=lambda group: group.path.stem)
def test_what_is_observed_is_what_the_files_say(databases, group):
    on = databases.major
    seen = {(form.name, on): observed.of(form, databases) for form in group.forms if form.since <= on}
    known = snapshots.read(group, MAJORS)
    if UPDATE:
        snapshots.write(group, known | seen, MAJORS)
        return
    assert {key: lines for key, lines in known.items() if key[1] == on} == seen


def test_every_form_has_a_name_of_its_own():
    names = [form.name for group in forms.groups() for form in group.forms]
    assert len(names) == len(set(names))


def test_the_documentation_says_what_the_files_say():
    document.check(UPDATE)
