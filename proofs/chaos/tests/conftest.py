"""One PostgreSQL for all tests that need one."""

import pytest

from proofs.chaos.server import Server


@pytest.fixture(scope="session")
def server():
    with Server() as running:
        yield running
