"""One PostgreSQL and, for each tool, a scene with that tool and Lockstep."""

import pytest

from proofs.conformance.scene import Scene
from proofs.harness import build, install
from proofs.harness.histories import PRISMA, SQLX
from proofs.harness.server import Server


@pytest.fixture(scope="session")
def server():
    with Server(install.postgresql(install.NEW)) as running:
        yield running


@pytest.fixture(scope="session", params=[PRISMA, SQLX])
def scene(request, server, tmp_path_factory):
    install.npm(other_postgresql=False)
    binaries = build.binaries("apply", "plan")
    build.binaries("sqlx-oracle")
    both = Scene(server, request.param, binaries, tmp_path_factory.mktemp(request.param))
    yield both
    both.close()
