"""The effect of a form, observed inside a transaction or outside of one."""

from __future__ import annotations

import psycopg

from proofs.observe import standalone, transactional
from proofs.observe.databases import Databases
from proofs.observe.forms import Form


def of(form: Form, databases: Databases) -> list[str]:
    """Returns a line for each relation. A form that the server refuses is an error that names the form."""
    way = standalone if form.standalone else transactional
    try:
        return way.observe(form, databases)
    except (psycopg.Error, AssertionError) as failure:
        raise AssertionError(f"{form.name} on PostgreSQL {databases.major}: {failure}") from failure
