"""The stack that all tests of one process share, and each test's own part of it."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local import paths
from local.build import BuildFailed
from local.deploy import Deployment
from local.stack import Stack
from proofs.e2e import github_roles
from proofs.e2e.account import Account
from proofs.e2e.github_api import TOKEN, GitHubApi
from proofs.e2e.github_workflow import WorkflowRun
from proofs.harness.case import Case
from proofs.harness.deployed import Deployed

#: The deployments, each made when the first test needs it: environment, project, parameters.
VARIANTS: dict[str, tuple[str, str, dict[str, str | int]]] = {
    "dev": ("dev", "lockstep", {}),
    "prod": ("prod", "lockstep", {"ApprovalSeconds": 30}),
    "brief": ("dev", "brief", {"ApplyTimeoutSeconds": 6, "DatabaseWaitSeconds": 3, "ApprovalSeconds": 3}),
    "endpoint": ("dev", "endpoint", {"SecretsManagerEndpoint": "true"}),
    "github": ("prod", "github", {}),
    "unreported": ("dev", "unreported", {}),
    "tells-all": ("dev", "tells-all", {"NothingPendingMail": "true"}),
    "rds-authorities": ("dev", "rds-authorities", {"DatabaseCaFile": ""}),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", help="run what can be run against this CloudFormation stack in the caller's AWS account")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "anywhere: needs no control over the surroundings, so it also runs with --stack")
    # A background process ignores Ctrl-C, and so would the scripts that tests interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stops the stacks of processes that were killed: pytest-xdist leaves its processes ten seconds to end."""
    is_one_of_several = hasattr(config, "workerinput")
    if not is_one_of_several and not config.getoption("--stack"):
        os.environ.pop("DATABASE_URL", None)
        for state in paths.LOCAL.glob("e2e-*"):
            Stack(state).stop()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--stack"):
        left_out = [item for item in items if item.get_closest_marker("anywhere") is None]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.get_closest_marker("anywhere") is not None]


@pytest.fixture(scope="session")
def stack(worker_id: str) -> Iterator[Stack]:
    """A local stack with a database of its own, because tests stop it, restart it and make it read-only. Each process
    of pytest that runs tests (`--numprocesses`) has a stack of its own."""
    os.environ.pop("DATABASE_URL", None)
    with Stack(paths.LOCAL / f"e2e-{worker_id}") as running:
        yield running


@pytest.fixture(scope="session")
def deployment(stack: Stack) -> Callable[[str], Deployment]:
    """A function that returns a variant's deployment. It is made once: if it fails for one test, it would fail for the
    next one too."""

    @functools.cache
    def made(variant: str) -> Deployment | BuildFailed:
        name, project, parameters = VARIANTS[variant]
        try:
            return stack.deploy(name, project=project, **parameters)
        except BuildFailed as failure:
            return failure

    def get(variant: str) -> Deployment:
        deployed = made(variant)
        if isinstance(deployed, BuildFailed):
            pytest.fail(f"{variant} cannot be deployed: {deployed}", pytrace=False)
        return deployed

    return get


@pytest.fixture(scope="session")
def roles_for_github(stack: Stack) -> dict[str, str]:
    """The roles for GitHub beside the variant `github`: the outputs of their stack."""
    env, project, _ = VARIANTS["github"]
    return github_roles.deploy(stack, env, project)


@pytest.fixture
def case(stack: Stack, deployment: Callable[[str], Deployment], tmp_path: Path) -> Iterator[Callable[[str], Case]]:
    """A function that makes a case on a variant."""
    made: list[Case] = []

    def make(variant: str = "dev") -> Case:
        made.append(Case(stack, deployment(variant), tmp_path / f"migrations-{len(made)}"))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def api() -> Iterator[GitHubApi]:
    """A stand-in for GitHub's API."""
    with GitHubApi() as running:
        yield running


@pytest.fixture
def workflow_run(api: GitHubApi, tmp_path: Path) -> Iterator[Callable[..., WorkflowRun]]:
    """A function that makes a run of a workflow. At the end the output of its jobs is shown, which may not have the token."""
    made: list[WorkflowRun] = []

    def make(case: Case, **more: Any) -> WorkflowRun:
        directory = tmp_path / f"run-{len(made)}"
        directory.mkdir()
        made.append(WorkflowRun(case, api, directory, **more))
        return made[-1]

    yield make
    for one in made:
        for name, job in one.jobs.items():
            print(f"--- {name}: {job.result}\n{job.printed}")
            assert TOKEN not in job.printed + job.summary


@pytest.fixture
def deployed(request: pytest.FixtureRequest) -> Deployed:
    """A stack with the project's own migrations and an empty database: the one of --stack, or a local one."""
    name = request.config.getoption("--stack")
    if name:
        account = Account()
        found = Deployed(account, account.find(name))
        # A function that was not called for weeks first gets its network interface back.
        found.patience = 900
        return found
    made = request.getfixturevalue("case")("dev")
    made.use_migrations(paths.MIGRATIONS)
    return made
