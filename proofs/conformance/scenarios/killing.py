"""One of the two tools is killed while it builds an index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from proofs.conformance.scenarios.locking import LOCKED
from proofs.conformance.scene import Mismatch, Scene
from proofs.harness import histories
from proofs.harness.histories import SQLX, History
from proofs.harness.proxy import CLIENT, Link, Message, Proxy, Trap

INDEX = "CREATE INDEX CONCURRENTLY held_n ON held (n);"

#: The statement of a session that keeps the index build waiting. It delays the build's end, not its first lock, which
#: the engine would notice before it sends the script.
_OLD_SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM held"

_INDEXING = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()" \
            f" AND state = 'active' AND query LIKE '%{INDEX}%'"

_WAITS = f"SELECT EXISTS (SELECT {_INDEXING} AND wait_event_type = 'Lock')"


class _WhenSent(Trap):
    """Acts when the script is about to be passed on to the server."""

    def __init__(self, action: Callable[[], object]) -> None:
        super().__init__(0, CLIENT, 0, lambda _link, _message: action() is not None)

    def meets(self, _link: Link, message: Message) -> bool:
        return INDEX in message.text


def history_of(scene: Scene) -> History:
    """Returns a history whose second migration builds the index."""
    head = "-- no-transaction\n" if scene.tool == SQLX else ""
    scripts = {
        "start": "CREATE TABLE held (n int);", "index": f"{head}{INDEX}", "after": "CREATE TABLE after (n int);",
    }
    return histories.write(scene.tool, "interrupted", scripts, scene.directory())


def interrupted(scene: Scene) -> tuple[History, str, str]:
    """Returns a history, a database in which Lockstep was killed during the index build, and one in which the tool was
    killed. (For sqlx its session was ended, after which it cannot write either.) The unfinished index is dropped in both."""
    history, ours, theirs = history_of(scene), scene.database(), scene.database()
    proxy = Proxy(scene.server.port)
    try:
        def run(wait: Callable[[], object]) -> None:
            proxy.reset([_WhenSent(wait)])
            scene.ours.migrate(history.directory, ours, port=proxy.port)

        _interrupt(scene, history, ours, run, scene.ours.kill)
    finally:
        proxy.close()
    other = scene.another_tool()

    def run_theirs(wait: Callable[[], object]) -> None:
        wait()
        other.run(history.directory, theirs)

    _interrupt(scene, history, theirs, run_theirs, other.close)
    return history, ours, theirs


def _interrupt(scene: Scene, history: History, database: str, run: Callable[..., Any], kill: Callable[[], None]) -> None:
    scene.ours.migrate(history.directory, database, upTo=history.migrations[0])
    with scene.server.connect(database) as holder, scene.server.connect(database) as administrator:
        running = scene.meanwhile(lambda: run(lambda: holder.execute(_OLD_SNAPSHOT)))
        scene.until(database, _WAITS, running)
        kill()
        # PostgreSQL would end the session by itself, but late.
        administrator.execute(f"SELECT pg_terminate_backend(pid) {_INDEXING}")
        scene.until(database, f"SELECT NOT EXISTS (SELECT {_INDEXING})")
    try:
        running.result()
    except Mismatch:
        raise
    except Exception:  # noqa: BLE001, S110 - a killed tool gives no answer
        pass
    scene.until(database, f"SELECT NOT ({LOCKED})")
    scene.execute(database, "DROP INDEX IF EXISTS held_n")
