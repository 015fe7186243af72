"""The measured histories, in each tool's layout: generated ones by a seed, and the real ones of CORPORA."""

from __future__ import annotations

import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

#: Statements that PostgreSQL refuses in a transaction block, or whose effect other statements see only after the commit.
_OUTSIDE = re.compile(r"\bCONCURRENTLY\b|^\s*(BEGIN|COMMIT)\s*;|\bADD\s+VALUE\b|^\s*VACUUM\b", re.IGNORECASE | re.MULTILINE)

#: Statements for which a tool with a transaction of its own needs to be told to run without one.
_NO_TRANSACTION = re.compile(r"\bCONCURRENTLY\b|^\s*(BEGIN|COMMIT)\s*;|^\s*VACUUM\b", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Script:
    """One migration."""

    name: str
    text: str

    @property
    def outside(self) -> bool:
        """Whether it cannot share a transaction with the scripts around it."""
        return bool(_OUTSIDE.search(_without_comments(self.text)))

    @property
    def no_transaction(self) -> bool:
        """Whether a tool must not wrap it in a transaction."""
        return bool(_NO_TRANSACTION.search(_without_comments(self.text)))


@dataclass(frozen=True)
class History:
    """Scripts in order."""

    name: str
    scripts: tuple[Script, ...]


class Layouts:
    """One history on disk, in the layout of each tool."""

    def __init__(self, history: History, place: Path) -> None:
        self.history = history
        self.prisma, self.sqlx, self.dbmate = (place / name for name in ("prisma", "sqlx", "dbmate"))
        self._lists = place / "lists"
        self._more: list[tuple[Script, list[Path]]] = []
        for directory in (self.prisma, self.sqlx, self.dbmate, self._lists):
            directory.mkdir(parents=True)
        for number, script in enumerate(history.scripts):
            self._write(number, script)

    def scripts(self) -> list[tuple[Script, Path]]:
        """Returns every script with its file, in order."""
        everything = [*self.history.scripts, *(script for script, _ in self._more)]
        return [(script, self.prisma / _name(number, script) / "migration.sql") for number, script in enumerate(everything)]

    def add(self) -> None:
        """Adds one more small migration after the last one."""
        number = len(self.history.scripts) + len(self._more)
        name = f"one_more_{number}"
        script = Script(name, f"CREATE TABLE {name} (id bigint PRIMARY KEY, note text NOT NULL);\n")
        self._more.append((script, self._write(number, script)))

    def take_back(self) -> None:
        """Removes the added migration."""
        for _, files in self._more:
            for file in files:
                file.unlink()
            files[0].parent.rmdir()
        self._more.clear()

    def listed(self, pending: int) -> Path:
        """Writes a file with the names of the last `pending` scripts, which the limit reads. Returns its path."""
        lines = [f"{'outside' + chr(9) if script.outside else ''}{file}" for script, file in self.scripts()]
        file = self._lists / "pending"
        file.write_text("\n".join(lines[len(lines) - pending:]))
        return file

    def _write(self, number: int, script: Script) -> list[Path]:
        name = _name(number, script)
        files = [self.prisma / name / "migration.sql", self.sqlx / f"{name}.sql", self.dbmate / f"{name}.sql"]
        files[0].parent.mkdir()
        files[0].write_text(script.text)
        files[1].write_text(("-- no-transaction\n" if script.no_transaction else "") + script.text)
        option = " transaction:false" if script.no_transaction else ""
        files[2].write_text(f"-- migrate:up{option}\n{script.text}\n-- migrate:down\n")
        return files


def generated(size: int, seed: int) -> History:
    """Returns `size` migrations of a growing service, always the same for a seed."""
    random_ = random.Random(f"{seed}/{size}")
    schema = _Schema(random_)
    scripts = [schema.create_table()]
    while len(scripts) < size:
        scripts.append(schema.next())
    return History(f"{size:,} generated", tuple(scripts))


def real() -> Iterator[History]:
    """Yields the histories of CORPORA, if it is set: `prisma/<history>/<name>/migration.sql` and `sqlx/<history>/*.sql`."""
    named = os.environ.get("CORPORA")
    if not named:
        return
    for directory in sorted((Path(named) / "prisma").glob("*/")):
        files = sorted(directory.glob("*/migration.sql"))
        yield _of(directory, [(file.parent.name, file) for file in files])
    for directory in sorted((Path(named) / "sqlx").glob("*/")):
        files = sorted(file for file in directory.glob("*.sql") if not file.name.endswith(".down.sql"))
        yield _of(directory, [(file.name.split(".")[0], file) for file in files])


def _of(directory: Path, files: list[tuple[str, Path]]) -> History:
    scripts = tuple(Script(re.sub(r"^\d+_?", "", name) or "change", file.read_text()) for name, file in files)
    return History(f"{directory.name} ({len(scripts):,})", scripts)


def _name(number: int, script: Script) -> str:
    return f"20260101{number:06}_{script.name}"


def _without_comments(text: str) -> str:
    return re.sub(r"--[^\n]*|/\*.*?\*/", " ", text, flags=re.DOTALL)


class _Schema:
    """The objects that the generated history has made so far. It chooses the next migration."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        self._tables: list[str] = []
        self._enums: list[str] = []
        self._number = 0
        # The weight of each kind, in percent.
        self._kinds: list[tuple[int, Callable[[], Script]]] = [
            (22, self.create_table), (24, self._add_column), (12, self._index), (4, self._concurrent_index),
            (4, self._enum), (4, self._add_value), (5, self._insert), (7, self._update), (8, self._foreign_key),
            (3, self._view), (3, self._function), (4, self._comment),
        ]

    def next(self) -> Script:
        self._number += 1
        weights, kinds = zip(*self._kinds, strict=True)
        return self._random.choices(kinds, weights)[0]()

    def create_table(self) -> Script:
        name = f"table_{self._number}"
        text = f"""-- CreateTable
CREATE TABLE "{name}" (
    "id" bigint GENERATED ALWAYS AS IDENTITY,
    "name" text NOT NULL,
    "state" text NOT NULL DEFAULT 'new',
    "amount" numeric(12, 2) CHECK ("amount" >= 0),
    "parent_id" bigint,
    "created_at" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "{name}_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "{name}_name_key" ON "{name}"("name");
"""
        self._tables.append(name)
        return Script(f"create_{name}", text)

    def _add_column(self) -> Script:
        column = f"column_{self._number}"
        kind = self._random.choice(
            ["text", "integer NOT NULL DEFAULT 0", "boolean NOT NULL DEFAULT false", "jsonb", "timestamp(3)"]
        )
        return Script(f"add_{column}", f'-- AlterTable\nALTER TABLE "{self._table()}" ADD COLUMN "{column}" {kind};\n')

    def _index(self) -> Script:
        table = self._table()
        name = f"{table}_state_{self._number}_idx"
        text = f'-- CreateIndex\nCREATE INDEX "{name}" ON "{table}"("state", "created_at");\n'
        return Script(f"index_{self._number}", text)

    def _concurrent_index(self) -> Script:
        table = self._table()
        name = f"{table}_parent_{self._number}_idx"
        text = f'-- CreateIndex\nCREATE INDEX CONCURRENTLY "{name}" ON "{table}"("parent_id");\n'
        return Script(f"index_concurrently_{self._number}", text)

    def _enum(self) -> Script:
        name = f"enum_{self._number}"
        self._enums.append(name)
        text = (
            f"-- CreateEnum\nCREATE TYPE \"{name}\" AS ENUM ('A', 'B', 'C');\n\n"
            f'-- AlterTable\nALTER TABLE "{self._table()}" ADD COLUMN "{name}" "{name}" NOT NULL DEFAULT \'A\';\n'
        )
        return Script(f"create_{name}", text)

    def _add_value(self) -> Script:
        if not self._enums:
            return self._enum()
        enum = self._random.choice(self._enums)
        return Script(f"add_value_{self._number}", f"-- AlterEnum\nALTER TYPE \"{enum}\" ADD VALUE 'V{self._number}';\n")

    def _insert(self) -> Script:
        rows = self._random.choice([10, 100, 1_000])
        text = (
            f'INSERT INTO "{self._table()}" ("name", "amount")\n'
            f"SELECT 'row {self._number}/' || n, n FROM generate_series(1, {rows}) n;\n"
        )
        return Script(f"fill_{self._number}", text)

    def _update(self) -> Script:
        text = f"UPDATE \"{self._table()}\" SET \"state\" = 'old' WHERE \"state\" = 'new';\n"
        return Script(f"backfill_{self._number}", text)

    def _foreign_key(self) -> Script:
        table, other = self._table(), self._table()
        column = f"ref_{self._number}"
        text = f"""-- AlterTable
ALTER TABLE "{table}" ADD COLUMN "{column}" bigint;

-- AddForeignKey
ALTER TABLE "{table}" ADD CONSTRAINT "{table}_{column}_fkey" FOREIGN KEY ("{column}")
    REFERENCES "{other}"("id") ON DELETE SET NULL ON UPDATE CASCADE;
"""
        return Script(f"refer_{self._number}", text)

    def _view(self) -> Script:
        name = f"view_{self._number}"
        text = f'CREATE VIEW "{name}" AS\nSELECT "id", "name", "state" FROM "{self._table()}" WHERE "amount" > 0;\n'
        return Script(name, text)

    def _function(self) -> Script:
        signature = f'"function_{self._number}"(n integer) RETURNS integer LANGUAGE sql IMMUTABLE'
        text = f"CREATE FUNCTION {signature} AS $$\n    SELECT n * 2;\n$$;\n"
        return Script(f"function_{self._number}", text)

    def _comment(self) -> Script:
        return Script(f"comment_{self._number}", f"COMMENT ON TABLE \"{self._table()}\" IS 'comment {self._number}';\n")

    def _table(self) -> str:
        return self._random.choice(self._tables)
