"""Runs the jobs of a workflow file as GitHub would, against the local stack: deploy-migrations.yml, or one of an application.

GitHub's part is implemented as far as the workflows need it: the choice of jobs, the expressions, environments with
their reviewers, cancelling. The steps are the workflow's own commands, and those of this repository's own action. Other
`uses` steps are not run. The one that signs in to AWS names a job's role, and the job's commands sign with that name.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from local import paths
from proofs.e2e import github_action
from proofs.e2e.application import Application
from proofs.e2e.gh import Gh
from proofs.e2e.github_api import REPOSITORY, TOKEN, GitHubApi
from proofs.e2e.github_expressions import Contexts, Unknown, asks_for_status, evaluate, interpolate
from proofs.harness import build
from proofs.harness.case import Case
from proofs.harness.waiting import until

WORKFLOW = paths.ROOT / ".github" / "workflows" / "deploy-migrations.yml"
COMMIT = "0123456789abcdef0123456789abcdef01234567"

#: This job does not run here: it needs a build for AWS, and sam. test_workflow.py checks its command.
_NOT_HERE = "deploy"

#: What the commands have in them that do a job's work. A job's other steps only make the command ready.
_WORK = (" github ", "/scripts/action/run")

_SIGN_IN = "aws-actions/configure-aws-credentials"
_CHECKOUT = "actions/checkout"
_DOWNLOAD = "actions/download-artifact"
_UPLOAD = "actions/upload-artifact"


#: A job of the workflow file.
Job = dict[str, Any]

#: A step of a job.
JobStep = dict[str, Any]


def workflow(file: Path = WORKFLOW) -> dict[str | bool, Any]:
    """Returns a workflow file. (YAML takes the key `on` for a boolean.)"""
    return yaml.safe_load(file.read_text())


@dataclass
class JobRun:
    """The result of one job."""

    result: str = "skipped"
    outputs: dict[str, str] = field(default_factory=dict)
    identity: str = ""
    environment: str = ""
    status: int | None = None
    printed: str = ""
    summary: str = ""
    artifacts: dict[str, str] = field(default_factory=dict)


class Running:
    """A running step, for a test that interferes with it."""

    def __init__(self, run: WorkflowRun, process: subprocess.Popen[bytes], printed: Path) -> None:
        self._run, self._process, self._printed = run, process, printed

    def wait_until_printed(self, text: str) -> None:
        """Waits until the step has printed a text."""
        until(lambda: text in self._printed.read_text(), f"the step prints {text}", 60)

    def summary(self) -> str:
        """Returns the step's summary so far."""
        return (self._printed.parent / "github_step_summary").read_text()

    def cancel(self) -> None:
        """Cancels the workflow. GitHub's runner interrupts the step, and terminates it soon after."""
        self._run.cancelled = True
        os.killpg(self._process.pid, signal.SIGINT)
        try:
            self._process.wait(timeout=7.5)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGTERM)


#: The reviewer at the gate: reviews through the API and returns `approved` or `rejected`, or cancels and returns
#: `cancelled`.
Gate = Callable[[], str]


@dataclass
class WorkflowRun:
    """One attempt of the workflow on a deployment."""

    case: Case
    api: GitHubApi
    directory: Path
    roles: dict[str, str]
    gate: Gate | None = None
    actor: str = "bob"
    attempt: int = 1
    inputs: dict[str, str] = field(default_factory=dict)
    during: dict[str, Callable[[Running], None]] = field(default_factory=dict)
    file: Path = WORKFLOW
    #: The repository that is checked out. Without one it is this one.
    application: Application | None = None
    gh: Gh | None = None
    #: The event: by default a person's, with the inputs.
    event_name: str = "workflow_dispatch"
    event: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.jobs: dict[str, JobRun] = {}
        self.cancelled = False
        environment = self.case.deployment.environment
        # The names of variables ignore case.
        suffix = environment.upper()
        self._vars = {f"LOCKSTEP_{name}_{suffix}": value for name, value in self.roles.items()} | {
            f"LOCKSTEP_REGION_{suffix}": "us-east-1",
            "LOCKSTEP_PROJECT": self.case.deployment.stack.removesuffix(f"-migrations-{environment}"),
        }
        self.commit = self.application.git("rev-parse", "HEAD").strip() if self.application else COMMIT
        if self.event_name == "workflow_dispatch":
            self.inputs = {"environment": environment, "mode": "apply", "up_to": "all", "reason": ""} | self.inputs

    @property
    def execution(self) -> str:
        """The ARN of this attempt's execution."""
        machine = self.case.deployment.state_machine_arn
        return f"{machine.replace(':stateMachine:', ':execution:')}:github-{self.api.run_id}-{self.attempt}"

    @property
    def green(self) -> bool:
        """Whether GitHub shows the run as successful."""
        return not self.cancelled and all(job.result in ("success", "skipped") for job in self.jobs.values())

    def run(self, *again: str) -> WorkflowRun:
        """Runs all jobs, or repeats the named jobs of an earlier attempt."""
        jobs = workflow(self.file)["jobs"]
        for name, job in jobs.items():
            if again and name not in again:
                continue
            self.jobs[name] = JobRun()
            if self._wanted(job):
                self._run_job(name, job)
        return self

    # ------------------------------------------------------------ jobs

    def _wanted(self, job: Job) -> bool:
        contexts = self._contexts(job)
        came_well = not self.cancelled and all(need["result"] == "success" for need in contexts["needs"].values())
        condition = str(job.get("if", "success()"))
        if condition.startswith("${{"):
            raise Unknown(condition)
        holds = evaluate(condition, contexts, {"always": lambda: True, "success": lambda: came_well})
        return bool(holds) and (asks_for_status(condition) or came_well)

    def _run_job(self, name: str, job: Job) -> None:
        done = self.jobs[name]
        contexts = self._contexts(job)
        done.environment = interpolate(job.get("environment", ""), contexts)
        if done.environment and self.gate:
            said = self.gate()
            if said != "approved":
                self.cancelled = said == "cancelled"
                done.result = "cancelled" if self.cancelled else "failure"
                return
        if name == _NOT_HERE:
            done.result = "success"
            return
        contexts["env"] = {key: interpolate(value, contexts) for key, value in workflow(self.file).get("env", {}).items()}
        contexts["steps"] = {}
        place = self.directory / f"{name}-{self.attempt}"
        (place / "workspace").mkdir(parents=True)
        (place / "temp").mkdir()
        (place / "event.json").write_text(json.dumps(self.event))
        for step in job["steps"]:
            if not self._reached(done, step, contexts):
                continue
            if step.get("uses") == github_action.PLACEHOLDER:
                self._use_ours(name, place, done, step, contexts)
            elif "uses" in step:
                self._use(place, done, step, contexts)
            else:
                self._run_step(name, place, done, step, contexts)
        if done.result == "success":
            done.outputs = {key: interpolate(value, contexts) for key, value in job.get("outputs", {}).items()}

    def _reached(self, done: JobRun, step: JobStep, contexts: Contexts) -> bool:
        came_well = done.result not in ("failure", "cancelled")
        condition = str(step.get("if", "success()"))
        holds = evaluate(condition, contexts, {"always": lambda: True, "success": lambda: came_well})
        return bool(holds) and (asks_for_status(condition) or came_well)

    def _use(self, place: Path, done: JobRun, step: JobStep, contexts: Contexts) -> None:
        action = step["uses"].partition("@")[0]
        if action == _SIGN_IN:
            assert self._head_repository() == REPOSITORY, "GitHub gives a fork's job no token to sign in with"
            given = {key: interpolate(value, contexts) for key, value in step["with"].items()}
            role = given["role-to-assume"].rpartition("/")[2]
            assert role, "a job without a role"
            assert given["aws-region"] == "us-east-1"
            done.identity = f"{given['role-session-name']}@{role}"
        elif action == _UPLOAD:
            given = {key: interpolate(value, contexts) for key, value in step["with"].items()}
            done.artifacts[given["name"]] = Path(given["path"]).read_text()
        elif action == _CHECKOUT and self.application:
            shutil.copytree(self.application.checkout, place / "workspace", symlinks=True, dirs_exist_ok=True)
        elif action == _CHECKOUT:
            for part in ("layer", "migrations"):
                shutil.copytree(paths.ROOT / part, place / "workspace" / part, symlinks=True)
        elif action == _DOWNLOAD:
            # The one artifact that another job has kept. An artifact has no modes of files.
            target = place / "workspace" / step["with"]["path"] / step["with"]["name"]
            target.parent.mkdir(parents=True)
            shutil.copyfile(build.binaries("lockstep") / "lockstep", target)
        else:
            raise Unknown(f"the action {action}")

    def _use_ours(self, name: str, place: Path, done: JobRun, step: JobStep, contexts: Contexts) -> None:
        given = {key: interpolate(value, contexts) for key, value in step["with"].items()}
        inner = github_action.contexts(contexts["github"], given) | {"env": contexts["env"]}
        for one in github_action.steps():
            self._run_step(name, place, done, one, inner)
            if done.result != "success":
                break
        if "id" in step:
            contexts["steps"][step["id"]] = {"outputs": github_action.outputs(inner)}

    def _run_step(self, name: str, place: Path, done: JobRun, step: JobStep, contexts: Contexts) -> None:
        if set(step) - {"name", "id", "if", "run", "env", "shell"}:
            raise Unknown(f"a step with {', '.join(step)}")
        files = {key: place / key.lower() for key in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
        script, printed = place / "script.sh", place / "printed"
        script.write_text(step["run"])
        for file in files.values():
            file.touch()
        programs = [*reversed(files["GITHUB_PATH"].read_text().splitlines()), *([str(self.gh.programs)] if self.gh else [])]
        environment = {
            "PATH": os.pathsep.join([*programs, os.environ["PATH"]]), "HOME": os.environ["HOME"], "CI": "true", "GITHUB_ACTIONS": "true",
            **self.case.stack.environment(),
            "AWS_ACCESS_KEY_ID": done.identity, "GITHUB_ACTION_PATH": str(paths.ROOT),
            "GITHUB_RUN_ID": self.api.run_id, "GITHUB_RUN_ATTEMPT": str(self.attempt), "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": self.commit, "GITHUB_ACTOR": "first-actor", "GITHUB_TRIGGERING_ACTOR": self.actor,
            "GITHUB_SERVER_URL": "https://github.com", "GITHUB_API_URL": self.api.url, "RUNNER_TEMP": str(place / "temp"),
            "GITHUB_BASE_REF": "main" if "pull_request" in self.event else "", "GITHUB_EVENT_PATH": str(place / "event.json"),
            **{key: str(file) for key, file in files.items()},
            **contexts["env"],
            **{key: interpolate(value, contexts) for key, value in step.get("env", {}).items()},
        }
        cancelled_before = self.cancelled
        with printed.open("wb") as output:
            process = subprocess.Popen(
                ["bash", "-e", str(script)], cwd=place / "workspace", env=environment, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            )
            try:
                if (interfere := self.during.get(name)) and any(part in step["run"] for part in _WORK):
                    interfere(Running(self, process, printed))
                done.status = process.wait(timeout=120)
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
        done.printed += printed.read_text()
        done.summary = files["GITHUB_STEP_SUMMARY"].read_text()
        if "id" in step:
            lines = (line.partition("=") for line in files["GITHUB_OUTPUT"].read_text().splitlines())
            contexts["steps"][step["id"]] = {"outputs": {key: value for key, _, value in lines}}
        # Nothing may depend on whether the outputs of a cancelled job arrive. That is about the job, not about its next
        # step.
        cancelled = self.cancelled and not cancelled_before
        done.result = "cancelled" if cancelled else "success" if done.status == 0 else "failure"

    def _head_repository(self) -> str:
        head = self.event.get("pull_request", {"head": {"repo": {"full_name": REPOSITORY}}})["head"]
        return head["repo"]["full_name"]

    def _contexts(self, job: Job) -> Contexts:
        needs = job.get("needs", [])
        return {
            "github": {
                "event_name": self.event_name, "event": self.event, "repository": REPOSITORY, "token": TOKEN,
                "run_id": self.api.run_id, "run_attempt": str(self.attempt),
            },
            "inputs": self.inputs,
            "vars": self._vars,
            "needs": {
                name: {"result": self.jobs[name].result, "outputs": self.jobs[name].outputs}
                for name in ([needs] if isinstance(needs, str) else needs)
            },
        }


def results(run: WorkflowRun) -> dict[str, str]:
    """Returns how each job of a run ended."""
    return {name: job.result for name, job in run.jobs.items()}
