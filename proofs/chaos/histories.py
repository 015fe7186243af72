"""The histories that are migrated under faults: the project's own, generated ones, and real ones where CORPORA says.

Generated ones are put together from the scripts in `scripts/`: every class of statement, each with an effect that shows.
A transactional script leaves a row in `trace` and bumps `counter` where it says MARK: missing or there twice, it is seen.
What runs outside of a transaction makes or removes something, which cannot be done twice, or leaves what only its own run
leaves: a younger index, statistics. A chapter is a directory of scripts that follow one another; NN makes its names its
own. Some are written in sqlx's layout, the others in Prisma's.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.operate import paths

#: Where a script leaves its trace.
MARK = "-- MARK"

SCRIPTS = Path(__file__).parent / "scripts"

#: Real histories are long. A fault is tried on so many of their migrations at a time, from a database that has the ones
#: before.
WINDOW = 10

#: A generated history has at least so many migrations.
LEAST = 10

#: The operations that PostgreSQL runs in several transactions and that wait for others, each on the table `held`.
OPERATIONS = sorted(entry.name for entry in (SCRIPTS / "held").iterdir())


@dataclass(frozen=True)
class History:
    """A directory of migrations, and the names in it, in order."""

    name: str
    directory: Path
    migrations: tuple[str, ...]

    def script(self, migration: str) -> str:
        """A migration's, as its file has it."""
        of_prisma = self.directory / migration / "migration.sql"
        return (of_prisma if of_prisma.exists() else self.directory / f"{migration}.sql").read_text()

    def windows(self) -> Iterator[tuple[str, int, int]]:
        """Names of parts of the history, each with its first migration's place and the one behind its last."""
        count = len(self.migrations)
        if count <= 2 * WINDOW:
            yield self.name, 0, count
            return
        for start in range(0, count, WINDOW):
            yield f"{self.name}-{start:04}", start, min(start + WINDOW, count)


def own() -> History:
    """The one that ships with the stack."""
    return _of("own", paths.MIGRATIONS)


def generated(seed: int, number: int, place: Path) -> History:
    """One of `seed`'s histories, with chapters of every kind in turn."""
    random_ = random.Random(f"{seed}/history/{number}")
    # All kinds, before one comes again, over the histories of a seed.
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
    """One operation that others can keep waiting, between scripts that leave their traces."""
    scripts = [_start(), *_scripts(SCRIPTS / "held" / operation)]
    name = f"last-{operation}" if ends_with_it else f"held-{operation}"
    for_sqlx = OPERATIONS.index(operation) % 2 == 1
    return write(name, scripts if ends_with_it else [*scripts, ("after", MARK)], place, for_sqlx)


def again(place: Path) -> History:
    """Scripts that PostgreSQL would run twice without a word."""
    bump = ("bump", MARK)
    # Slow enough for two at once to meet in it, and without a row that one would wait for the other on.
    insert = ("insert", "INSERT INTO public.trace SELECT 'slow' FROM pg_sleep(0.05);")
    serializable, comment, vacuum = (
        _scripts(SCRIPTS / "chapters" / chapter)[-1] for chapter in ("serializable", "comment", "vacuum")
    )
    dust = ("dust", "CREATE TABLE IF NOT EXISTS dust_NN (n int);\nINSERT INTO dust_NN VALUES (1);")
    return write("again", [_start(), insert, bump, serializable, dust, vacuum, comment, bump, bump], place)


def real(name: str) -> History:
    """One of CORPORA's."""
    place = corpora()
    if place is None:
        raise ValueError(f"There is no history {name}: is CORPORA set?")
    return _of(name, place / "prisma" / name)


def corpora() -> Path | None:
    """Where real histories are, if somewhere."""
    named = os.environ.get("CORPORA")
    return Path(named) if named and (Path(named) / "prisma").is_dir() else None


def real_names() -> list[str]:
    """The real histories that are there."""
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
