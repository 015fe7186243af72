"""`python -m local run|up|down|env`: what the Makefile calls. The options come as environment variables."""

from __future__ import annotations

import shlex
import sys
from contextlib import nullcontext

from local import build, paths, postgres, processes, run, up
from local.terminal import Terminal, reader_left, write_anywhere
from scripts import setup
from scripts.signals import end_when_told


def main() -> int:
    """Returns the exit status."""
    commands = {"run": run.run, "up": up.up, "down": up.down, "env": _environment}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        print("usage: python -m local run|up|down|env", file=sys.stderr)
        return 2
    end_when_told()
    write_anywhere()
    try:
        # `env` only reads, so it may run beside another command.
        with nullcontext() if sys.argv[1] == "env" else up.alone(paths.DEFAULT_STACK):
            return commands[sys.argv[1]]()
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        reader_left()
        Terminal(sys.stderr).line("The program that read the output has ended, so this ends too. `make down` stops what still runs", "red")
        return 1
    except (
        build.BuildFailed, postgres.DatabaseFailed, processes.ServerFailed, setup.SetupFailed, up.NotNow,
    ) as failure:
        Terminal(sys.stderr).lines(f"{failure}", "red")
        return 1


def _environment() -> int:
    """Prints the variables with which an SDK, the aws CLI, psql or `lockstep` uses the local stack: `eval "$(local/env)"`."""
    print(f'export PATH={shlex.quote(str(paths.COMMANDS))}:"$PATH"')
    for name, value in up.kept_environment(paths.DEFAULT_STACK).items():
        print(f"export {name}={shlex.quote(value)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
