"""The histories that are migrated under faults: the project's own, generated ones, and the real ones of CORPORA.

Generated histories consist of the scripts in `scripts/`: every class of statement, each with a visible effect. At MARK
a transactional script inserts a row into `trace` and increments `counter`, so a missing or a second execution is seen.
A statement outside of a transaction makes or removes something, which cannot be done twice, or leaves what only its own
run leaves: a younger index, statistics. A chapter is a directory of scripts that follow one another; NN makes its names
unique. Some histories are written in sqlx's layout, the others in Prisma's.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local import paths

#: The place in a script where it leaves its trace.
MARK = "-- MARK"

SCRIPTS = Path(__file__).parent / "scripts"

#: Real histories are long. A fault is tried on this many of their migrations at a time, on a database that has the
#: earlier ones.
WINDOW = 10

#: The least number of migrations of a generated history.
LEAST = 10

#: The operations that PostgreSQL runs in several transactions and that wait for other sessions, each on the table `held`.
OPERATIONS = sorted(entry.name for entry in (SCRIPTS / "held").iterdir())


@dataclass(frozen=True)
class History:
    """A directory of migrations, and the names in it, in order."""

    name: str
    directory: Path
    migrations: tuple[str, ...]

    def script(self, migration: str) -> str:
        """Returns a migration's script, unchanged from its file."""
        of_prisma = self.directory / migration / "migration.sql"
        return (of_prisma if of_prisma.exists() else self.directory / f"{migration}.sql").read_text()

    def windows(self) -> Iterator[tuple[str, int, int]]:
        """Yields the windows of the history: the name, the index of the first migration, and the index after the last."""
        count = len(self.migrations)
        if count <= 2 * WINDOW:
            yield self.name, 0, count
            return
        for start in range(0, count, WINDOW):
            yield f"{self.name}-{start:04}", start, min(start + WINDOW, count)


def own() -> History:
    """Returns the history that ships with the stack."""
    return _of("own", paths.MIGRATIONS)


def generated(seed: int, number: int, place: Path) -> History:
    """Returns one of `seed`'s histories, with chapters of every kind in turn."""
    random_ = random.Random(f"{seed}/history/{number}")
    # Over the histories of a seed, every kind occurs before a kind is repeated.
    kinds = sorted((SCRIPTS / "chapters").iterdir())
    random.Random(f"{seed}/kinds").shuffle(kinds)
    queues: list[list[tuple[str, str]]] = []
    length = 1
    while length < LEAST:
        chapter = _scripts(kinds[(number * 5 + len(queues)) % len(kinds)])
        queues.append([(name, text.replace("NN", f"{len(queues)}")) for name, text in chapter])
        length += len(chapter)
    scripts = [_start()]
    while queues:
        queue = random_.choice(queues)
        scripts.append(queue.pop(0))
        queues = [rest for rest in queues if rest]
    return write(f"gen-{number:02}", scripts, place, for_sqlx=number % 3 == 2)


def held(operation: str, place: Path, ends_with_it: bool = False) -> History:
    """Returns a history with one operation that other sessions can delay, between scripts that leave their traces."""
    scripts = [_start(), *_scripts(SCRIPTS / "held" / operation)]
    name = f"last-{operation}" if ends_with_it else f"held-{operation}"
    for_sqlx = OPERATIONS.index(operation) % 2 == 1
    return write(name, scripts if ends_with_it else [*scripts, ("after", MARK)], place, for_sqlx)


def again(place: Path) -> History:
    """Returns scripts that PostgreSQL would run twice without an error."""
    bump = ("bump", MARK)
    # Slow enough for two runs to overlap in it, and without a row on which one would wait for the other.
    insert = ("insert", "INSERT INTO public.trace SELECT 'slow' FROM pg_sleep(0.05);")
    serializable, comment, vacuum = (
        _scripts(SCRIPTS / "chapters" / chapter)[-1] for chapter in ("serializable", "comment", "vacuum")
    )
    dust = ("dust", "CREATE TABLE IF NOT EXISTS dust_NN (n int);\nINSERT INTO dust_NN VALUES (1);")
    return write("again", [_start(), insert, bump, serializable, dust, vacuum, comment, bump, bump], place)


def real(name: str) -> History:
    """Returns one of the histories of CORPORA."""
    place = corpora()
    if place is None:
        raise ValueError(f"There is no history {name}: is CORPORA set?")
    return _of(name, place / "prisma" / name)


def corpora() -> Path | None:
    """Returns the directory of real histories; None if there is none."""
    named = os.environ.get("CORPORA")
    return Path(named) if named and (Path(named) / "prisma").is_dir() else None


def real_names() -> list[str]:
    """Returns the names of the real histories."""
    place = corpora()
    return sorted(entry.name for entry in (place / "prisma").iterdir()) if place else []


def write(name: str, scripts: list[tuple[str, str]], place: Path, for_sqlx: bool = False) -> History:
    """Writes scripts as a history, in Prisma's layout or in sqlx's."""
    directory = place / name
    for number, (script, text) in enumerate(scripts):
        full = f"20260101{number:06}_{script}"
        file = directory / (f"{full}.sql" if for_sqlx else f"{full}/migration.sql")
        file.parent.mkdir(parents=True, exist_ok=True)
        trace = (
            f"INSERT INTO public.trace VALUES ('{full}');\n"
            f"UPDATE public.counter SET n = n + 1, h = (h * 31 + {number}) % 1000003;"
        )
        file.write_text(text.replace(MARK, trace))
    return _of(name, directory)


def _start() -> tuple[str, str]:
    return "start", (SCRIPTS / "start.sql").read_text()


def _scripts(directory: Path) -> list[tuple[str, str]]:
    return [(file.stem.split("_", 1)[1], file.read_text()) for file in sorted(directory.iterdir())]


def _of(name: str, directory: Path) -> History:
    entries = sorted(entry for entry in directory.iterdir() if entry.is_dir() or entry.suffix == ".sql")
    return History(name, directory, tuple(entry.stem for entry in entries))
