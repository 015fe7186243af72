"""The compared histories: made ones, with the differences between the tools, and the real ones of CORPORA.

The made histories are texts here instead of files: some are about line ends, or about a missing one at the end of a file.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

PRISMA, SQLX = "prisma", "sqlx"

#: The real histories that are short enough for a sample.
SHORT = ("umami", "atuin")

#: The scripts of the made history of either tool.
_SCRIPTS = {
    "start": "CREATE TABLE pets (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);\n"
             "CREATE INDEX pets_name ON pets (name);\n",
    "crlf": "CREATE TABLE owners (\r\n    id serial PRIMARY KEY,\r\n    born date -- may be unknown\r\n);\r\n"
            "COMMENT ON TABLE owners IS 'two\r\nlines';\r\n",
    "non_ascii": "CREATE TABLE \"größe\" (\"län\" text DEFAULT 'naïve – ✓ 𝄞');\n"
                 "INSERT INTO pets (name) VALUES ('Žofie 🐕');\n",
    "with two spaces": "ALTER TABLE pets ADD COLUMN owner integer REFERENCES owners (id);",
    "empty": "",
    "white_space": "\r\n \t\n",
    "comment_only": "-- Taken back: it was not needed.\n",
    "block_comment": "/* a /* nested */ comment; with a semicolon */",
    "semicolons": ";;\n;",
    "trailing_comment": "CREATE VIEW named AS SELECT name FROM pets WHERE name <> '';\n-- the end, without a line end",
    "no_last_semicolon": "ALTER TABLE pets\n    ADD CONSTRAINT short CHECK (length(name) < 100) NOT VALID",
    "body": "CREATE FUNCTION bump() RETURNS trigger LANGUAGE plpgsql AS $body$\nBEGIN\n"
            "    NEW.name := NEW.name || '; -- ';\n    RETURN NEW;\nEND;\n$body$;\n"
            "CREATE TRIGGER bump BEFORE UPDATE ON pets FOR EACH ROW EXECUTE FUNCTION bump();\n",
    "do": "DO $$ BEGIN PERFORM 1; EXECUTE 'CREATE TYPE mood AS ENUM (''calm'')'; END $$;\n",
    "enum": "ALTER TYPE mood ADD VALUE 'wild';",
    "settings": "SET lock_timeout = '3s';\nSET LOCAL statement_timeout = '20s';\n"
                "CREATE TABLE quotes (q text DEFAULT E'it\\'s');\n",
    "quotes": "INSERT INTO quotes VALUES ('C:\\temp'), (E'tab\\there'), ($q$it's; fine$q$);\n",
    "clock": "ALTER TABLE pets ADD COLUMN seen timestamptz NOT NULL DEFAULT now();\n",
    "generic": "CREATE TABLE events (at date NOT NULL) PARTITION BY RANGE (at);\n"
               "CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');\n"
               "CREATE SEQUENCE numbers AS smallint START 5 CACHE 3;\n"
               "CREATE RULE quiet AS ON DELETE TO quotes DO INSTEAD NOTHING;\n",
}

_PRISMA_ONLY = {
    "own_transaction": "BEGIN;\nCREATE TABLE own (n int);\nINSERT INTO own VALUES (1);\nCOMMIT;\n",
    "own_with_comment": "-- By hand:\nBEGIN;\nALTER TABLE own ADD COLUMN m int;\nCOMMIT; -- done",
    "concurrently": "CREATE INDEX CONCURRENTLY \"pets_owner\" ON \"pets\" (\"owner\");\n",
    "concurrently_crlf": "-- A comment first\r\nCREATE INDEX CONCURRENTLY owners_born ON owners (born);\r\n",
    "vacuum": "VACUUM (ANALYZE) pets",
    "drop": "DROP INDEX CONCURRENTLY pets_owner;",
}

#: Complete file names, with versions that are no timestamps. sqlx reads a version as a number, so this is their order.
_SQLX_ONLY = {
    "0100_index_owner.sql": "-- no-transaction\nCREATE INDEX CONCURRENTLY pets_owner ON pets (owner);\n",
    "0101_index_crlf.sql": "-- no-transaction, as it waits\r\nCREATE INDEX CONCURRENTLY owners_born ON owners (born);\r\n",
    "0102_no_transaction_without_need.sql": "-- no-transaction\nCREATE TABLE alone (n int);",
    "0103_just_said.sql": "-- no-transaction",
    "0104_not_first.sql": "\n-- no-transaction\nCREATE TABLE together (n int);\n",
    "105_reversible.up.sql": "CREATE TABLE back (n int);\n",
    "105_reversible.down.sql": "DROP TABLE back;\n",
    "106_index_back.up.sql": "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY back_n ON back (n);\n",
    "106_index_back.down.sql": "-- no-transaction\nDROP INDEX CONCURRENTLY back_n;\n",
    "107_many__words_and-a.dot.sql": "ALTER TABLE back ADD COLUMN m int;\n",
    "108_.sql": "ALTER TABLE back ADD COLUMN o int;\n",
    "20260101000000_timestamp.sql": "ALTER TABLE back ADD COLUMN p int;\n",
    "20260101000001_größe.sql": "ALTER TABLE back ADD COLUMN q int;\n",
    # None of these files is a migration.
    "README.md": "How we migrate\n",
    "notes.sql": "no migration without an underscore\n",
    "200_upper.SQL": "no migration with another ending\n",
    "201_backup.sql~": "no migration\n",
}


@dataclass(frozen=True)
class History:
    """A directory of migrations of one tool, and their names in order: Prisma's directories, sqlx's stems without `.up`."""

    tool: str
    name: str
    directory: Path
    migrations: tuple[str, ...]

    def scripts(self) -> list[Path]:
        """Returns the files that are run."""
        return [self.script(name) for name in self.migrations]

    def script(self, name: str) -> Path:
        """Returns a migration's file."""
        if self.tool == PRISMA:
            return self.directory / name / "migration.sql"
        plain = self.directory / f"{name}.sql"
        return plain if plain.exists() else self.directory / f"{name}.up.sql"

    def first(self, count: int, place: Path) -> History:
        """Returns a copy with only the first `count` migrations."""
        kept = self.migrations[:count]
        place.mkdir(parents=True)
        for entry in self.directory.iterdir():
            name = _migration(self.tool, entry.name)
            if name in kept or name not in self.migrations:
                (shutil.copytree if entry.is_dir() else shutil.copy)(entry, place / entry.name)
        return History(self.tool, f"{self.name}, the first {count}", place, kept)

    def with_script(self, name: str, text: str, place: Path) -> History:
        """Returns a copy in which one script has another text."""
        copy = self.first(len(self.migrations), place)
        copy.script(name).write_bytes(text.encode())
        return copy


def made(tool: str, place: Path) -> History:
    """Returns the history with the differences between the tools."""
    if tool == PRISMA:
        return write(PRISMA, "made", {**_SCRIPTS, **_PRISMA_ONLY}, place)
    numbered = {f"{number:04}_{name}.sql": text for number, (name, text) in enumerate(_SCRIPTS.items(), 1)}
    return write_files("made", numbered | _SQLX_ONLY, place)


def write(tool: str, name: str, scripts: dict[str, str], place: Path) -> History:
    """Writes scripts as a tool's history, in their order."""
    if tool == SQLX:
        numbered = {f"{number:04}_{script}.sql": text for number, (script, text) in enumerate(scripts.items(), 1)}
        return write_files(name, numbered, place)
    place.mkdir(parents=True)
    (place / "migration_lock.toml").write_text('provider = "postgresql"\n')
    for number, (script, text) in enumerate(scripts.items(), 1):
        directory = place / f"20260101{number:06}_{script}"
        directory.mkdir()
        (directory / "migration.sql").write_bytes(text.encode())
    return read(PRISMA, name, place)


def write_files(name: str, files: dict[str, str], place: Path) -> History:
    """Writes files as a history of sqlx."""
    place.mkdir(parents=True)
    for file, text in files.items():
        (place / file).write_bytes(text.encode())
    return read(SQLX, name, place)


def read(tool: str, name: str, directory: Path) -> History:
    """Returns the history in a directory."""
    if tool == PRISMA:
        names = sorted(entry.name for entry in directory.iterdir() if (entry / "migration.sql").exists())
    else:
        found = {_migration(SQLX, entry.name) for entry in directory.iterdir() if _is_of_sqlx(entry.name)}
        names = sorted(found, key=lambda one: int(one.split("_", 1)[0]))
    return History(tool, name, directory, tuple(names))


def corpora() -> Path | None:
    """Returns the directory of real histories; None if there is none."""
    named = os.environ.get("CORPORA")
    return Path(named) if named and Path(named).is_dir() else None


def real(tool: str, only_short: bool) -> list[History]:
    """Returns the real histories of a tool."""
    place = corpora()
    if place is None or not (place / tool).is_dir():
        return []
    entries = sorted(entry for entry in (place / tool).iterdir() if entry.is_dir())
    return [read(tool, entry.name, entry) for entry in entries if not only_short or entry.name in SHORT]


def _is_of_sqlx(file: str) -> bool:
    version, _, rest = file.partition("_")
    is_script = rest.endswith(".sql") and not rest.endswith(".down.sql")
    return is_script and re.fullmatch(r"[+-]?[0-9]+", version) is not None


def _migration(tool: str, file: str) -> str:
    if tool == PRISMA:
        return file
    for ending in (".up.sql", ".down.sql", ".sql"):
        if file.endswith(ending):
            return file.removesuffix(ending)
    return file
