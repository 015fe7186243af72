"""A PostgreSQL with messages in other languages: Debian's, with its message catalogs, and the locales that select them.

npm's PostgreSQL has no message catalogs; Debian's packages do. They are unpacked below `.local/` without being
installed. So no root is needed and the system stays unchanged: apt's lists are kept there too. apt checks every package
against Debian's signature.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from scripts import setup

LANGUAGES = ("fr_FR", "de_DE", "ja_JP")
PLACE = setup.LOCAL / "debian"
PACKAGE = PLACE / "postgresql"

#: A wrapper of each program. It finds the unpacked files beside it, in any directory that it is copied to.
PROGRAM = """\
#!/bin/sh
native=$(dirname "$(dirname "$(readlink -f "$0")")")
export LOCPATH="$native/locales"
export LD_LIBRARY_PATH="{libraries}"
exec "$native/usr/lib/postgresql/{major}/bin/{name}" "$@"
"""


class NotToBeHad(RuntimeError):
    """Debian's packages are not available here. The message gives the reason in one line."""


def postgresql() -> Path:
    """Returns the directory to start the server from, laid out like npm's packages. Installs it if it is missing."""
    wanted = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()
    stamp = PACKAGE / "installed"
    with setup.only_one("debian"):
        if not (stamp.exists() and stamp.read_text() == wanted):
            shutil.rmtree(PLACE, ignore_errors=True)
            try:
                _install()
                stamp.write_text(wanted)
            finally:
                shutil.rmtree(PLACE / "apt", ignore_errors=True)
    return PACKAGE


def _install() -> None:
    missing = [name for name in ("apt-get", "apt-cache", "dpkg-deb", "localedef") if not shutil.which(name)]
    if missing:
        raise NotToBeHad(f"this system has no {' and no '.join(missing)}")
    downloads, native = PLACE / "apt", PACKAGE / "native"
    for directory in (downloads / "state" / "lists" / "partial", downloads / "cache" / "archives" / "partial", native / "bin"):
        directory.mkdir(parents=True)
    print("Unpacking a PostgreSQL that speaks other languages, from the system's packages ...", flush=True)
    server = _download(downloads)
    for package in downloads.glob("*.deb"):
        _run("dpkg-deb", "-x", package, native)
    major = server.removeprefix("postgresql-")
    for language in LANGUAGES:
        if not (native / "usr/share/locale" / language[:2] / f"LC_MESSAGES/postgres-{major}.mo").exists():
            raise NotToBeHad(f"the package {server} has no messages in {language} (Ubuntu leaves them out)")
    _compile_locales(native)
    found = (*native.glob("lib/*/lib*.so.*"), *native.glob("usr/lib/*/lib*.so.*"))
    libraries = sorted({library.parent.relative_to(native) for library in found})
    for name in ("initdb", "postgres"):
        program = native / "bin" / name
        text = PROGRAM.format(major=major, name=name, libraries=":".join(f"$native/{directory}" for directory in libraries))
        program.write_text(text)
        program.chmod(0o755)


def _download(downloads: Path) -> str:
    """Downloads the server, the locales' sources and the libraries that the system lacks. Returns the server's name."""
    options = [
        "-o", f"Dir::State={downloads / 'state'}", "-o", "Dir::State::status=/var/lib/dpkg/status",
        "-o", f"Dir::Cache={downloads / 'cache'}", "-o", "APT::Update::Error-Mode=any", "-o", "APT::Sandbox::User=root",
        "-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20", "-o", "Acquire::Retries=1",
    ]
    _run("apt-get", *options, "update", "-qq")
    depends = _run("apt-cache", *options, "depends", "--important", "postgresql").split()
    server = next((word for word in depends if word.startswith("postgresql-") and word[11:].isdigit()), None)
    if server is None:
        raise NotToBeHad("the system's packages have no postgresql")
    simulated = _run("apt-get", *options, "install", "--simulate", "--no-install-recommends", server, "locales")
    # "Inst name (version ...)". For a package that is installed in another version, that version comes first, in brackets.
    lines = (line.split() for line in simulated.splitlines() if line.startswith("Inst "))
    new = (line[1] for line in lines if not line[2].startswith("["))
    libraries = [name for name in new if name.startswith("lib") and not name.startswith(("libllvm", "libperl"))]
    _run("apt-get", *options, "download", "-qq", server, "locales", *libraries, directory=downloads)
    return server


def _compile_locales(native: Path) -> None:
    locales = native / "locales"
    locales.mkdir()
    sources = os.environ | {"I18NPATH": str(native / "usr/share/i18n")}
    for language in LANGUAGES:
        _run("localedef", "-i", language, "-f", "UTF-8", locales / f"{language}.UTF-8", env=sources)


def _run(*command: str | Path, directory: Path | None = None, env: dict[str, str] | None = None) -> str:
    environment = (env or os.environ) | {"LC_ALL": "C"}
    result = subprocess.run(command, cwd=directory, env=environment, check=False, capture_output=True, text=True)
    if result.returncode != 0:
        said = (result.stderr or result.stdout).strip().splitlines() or [f"status {result.returncode}"]
        error = next((line for line in said if line.startswith("E:")), said[0])
        raise NotToBeHad(f"{command[0]} failed: {error}")
    return result.stdout
