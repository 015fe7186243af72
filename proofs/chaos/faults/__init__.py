"""The faults, and how one is tried at one point.

A fault at a boundary acts when a certain message of apply's first connection passes the proxy. A held fault acts while
a statement such as CREATE INDEX CONCURRENTLY waits for an old transaction.
"""

from __future__ import annotations

import random

from proofs.chaos.cases import Case, Result
from proofs.chaos.faults import connection, others, outage, process, waiting
from proofs.chaos.faults.scene import FAULTS, Fault, Scene
from proofs.chaos.runs import Bench
from proofs.chaos.server import Server

__all__ = ["FAULTS", "attempt", "connection", "others", "outage", "process", "waiting"]


def attempt(server: Server, bench: Bench, case: Case, fault: Fault, index: int, seed: str, database: str) -> Result:
    """Tries one fault at one point, on a database of its own."""
    server.create(database, case.template)
    try:
        bench.aim(database, case.history.directory, case.up_to)
        return fault.conduct(Scene(server, bench, case, database, random.Random(seed), seed), index)
    finally:
        bench.proxy.reset()
        server.drop(database)
