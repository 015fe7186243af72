"""Serves Step Functions on a loopback port: `python -m local.stepfunctions.server PORT PORT_OF_THE_OTHER_SERVICES`."""

from __future__ import annotations

import sys

from moto.core.config import default_user_config
from moto.server import main

from local.stepfunctions import api, executions, expressions, tasks, variables


def serve(port: int, aws_port: int) -> None:
    """Serves, and never returns."""
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    expressions.install()
    variables.install()
    tasks.install(aws_port)
    executions.install(aws_port)
    api.install()
    main(["-H", "127.0.0.1", "-p", str(port)])


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]))
