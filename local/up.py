"""`make up` and `make down`: a stack that keeps running, to try things."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from local import build, paths, processes
from local.stack import Stack
from local.terminal import Terminal
from scripts import setup

SERVERS = ("postgres", "aws", "stepfunctions")


class NotNow(RuntimeError):
    """The command does not fit the state of the stack; the message says what to do."""


def up() -> int:
    """Starts and deploys a stack, and leaves it running."""
    terminal = Terminal()
    refuse_if_running(paths.DEFAULT_STACK)
    env, history = wanted_environment(), migrations()

    def say(text: str) -> None:
        terminal.line(text, "dim")

    build.build(say)
    lockstep = build.PROGRAM.relative_to(paths.ROOT)
    stack = Stack(migrations=history, say=say).start()
    try:
        deployment = stack.deploy(env)
    except BaseException:
        stack.give_up()
        raise
    terminal.heading(f"{deployment.stack} is up")
    for command, purpose in (
        (f"{lockstep} run local", "run the migrations"),
        (f"{lockstep} run local --mode plan", "look only"),
        (f"{lockstep} runs local", f"the recent runs; {lockstep} show local NAME shows one"),
        (f"{lockstep} logs local --follow", "the functions' logs"),
        ('eval "$(local/env)"', "then the aws CLI, psql and the command use this stack"),
        ("make down", "stop it and delete its database"),
    ):
        terminal.line(f"  {command:<42} {purpose}")
    terminal.line()
    terminal.line(f"  state machine  {deployment.state_machine_arn}", "dim")
    terminal.line(f"  logs           {stack.state / 'logs'}", "dim")
    return 0


def down() -> int:
    """Stops what `make up` (or a `make run` that was killed) left running."""
    running = is_running(paths.DEFAULT_STACK)
    Stack().stop()
    Terminal().line("Stopped" if running else "Nothing was running")
    return 0


@contextmanager
def alone(state: Path) -> Iterator[None]:
    """Keeps other commands from starting or stopping the same stack meanwhile: each would delete the other's files."""
    with ExitStack() as held:
        try:
            held.enter_context(setup.only_one(f"stack-{state.name}", wait=False))
        except BlockingIOError:
            raise NotNow("Another `make run`, `make up` or `make down` is at work in this checkout: wait for its end") from None
        yield


def refuse_if_running(state: Path) -> None:
    """Refuses if a stack runs already. There is one stack per checkout, so that `local` means one thing."""
    if is_running(state):
        raise NotNow("The local stack is running: use it (lockstep run local), or stop it first (make down)")


def is_running(state: Path) -> bool:
    """Returns whether any of a stack's own servers runs."""
    servers = (processes.recorded(state / f"{name}.json") for name in SERVERS)
    return any(server is not None and server.is_running() for server in servers)


def kept_environment(state: Path) -> dict[str, str]:
    """Returns the environment of the running stack."""
    file = state / "stack.json"
    if not file.exists():
        raise NotNow("No local stack is running: start one with `make up`")
    return json.loads(file.read_text())["environment"]


def option(name: str) -> str | None:
    """Returns a variable that was given to make. An empty one comes from a shell variable that is not set, so it is
    refused."""
    value = os.environ.get(name)
    if value is not None and not value.strip():
        sys.exit(f"{name} is empty: give it a value, or leave it out")
    return value


def wanted_environment() -> str:
    """Returns ENV, by default dev."""
    env = option("ENV") or "dev"
    if env not in ("dev", "qa", "prod"):
        sys.exit(f"ENV={env} is not an environment: use dev, qa or prod")
    return env


def answer() -> str:
    """Returns APPROVE: yes or no, or empty if it is not given."""
    said = (option("APPROVE") or "").lower()
    if said not in ("yes", "no", ""):
        sys.exit(f"APPROVE={said} is no answer: use yes or no")
    return said


def migrations() -> Path:
    """Returns MIGRATIONS, by default the repository's own."""
    directory = Path(option("MIGRATIONS") or paths.MIGRATIONS).expanduser()
    if not directory.is_dir():
        sys.exit(f"MIGRATIONS={directory} is not a directory")
    if not any(directory.glob("*.sql")) and not any(directory.glob("*/migration.sql")):
        inside = directory / "migrations"
        hint = f": use MIGRATIONS={inside}" if inside.is_dir() else ""
        sys.exit(f"MIGRATIONS={directory} holds no migration{hint}")
    return directory.resolve()
