"""The runner of the checks: which steps it runs, what it reports of them, and that a step ends within its time."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from scripts.checks import command, run, steps
from scripts.checks.steps import Step
from scripts.setup import ROOT


@pytest.fixture(autouse=True)
def output(tmp_path, monkeypatch):
    """Keeps the output of these steps apart from that of the checks that run these tests."""
    monkeypatch.setattr(run, "OUTPUT", tmp_path / "output")


def step(name, program, minutes=1.0):
    return Step((name,), name, (sys.executable, "-c", program), minutes)


def test_each_step_has_a_name_of_its_own():
    own = [one.names[0] for one in (*steps.WHOLE, *steps.PARTS)]
    shared = {name for one in steps.WHOLE for name in one.names[1:]}
    assert len(own) == len(set(own)) and not shared & {one.names[0] for one in steps.WHOLE}


def test_the_sides_have_every_step_once():
    assert sorted(one.title for side in steps.SIDES for one in side) == sorted(one.title for one in steps.WHOLE)


def test_a_name_has_all_its_steps():
    assert [one.names[0] for one in steps.named("engine")] == ["engine", "languages"]
    assert [one.names[0] for one in steps.named("lint")] == ["template", "workflows"]
    assert steps.named("nothing") == []


def test_every_directory_of_python_tests_has_a_step():
    tracked = subprocess.run(["git", "ls-files", "*/test_*.py"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    directories = {str(Path(file).parent) for file in tracked.splitlines()}
    assert directories
    assert directories <= {argument for one in steps.WHOLE if one.command[1:3] == ("-m", "pytest") for argument in one.command}


def test_what_is_named_is_there():
    for one in (*steps.WHOLE, *steps.PARTS, *steps.QUICK):
        for argument in one.command:
            if re.match(r"(scripts|local|proofs)/", argument):
                assert (ROOT / argument).exists(), argument


def test_the_workflows_parts_are_every_step():
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    parts = workflow["jobs"]["test"]["strategy"]["matrix"]["part"]
    assert {one.names[0] for part in parts for one in steps.named(part)} >= {one.names[0] for one in steps.WHOLE}
    assert all(steps.named(part) for part in parts)


def test_an_unknown_name_says_which_there_are(capsys):
    with pytest.raises(SystemExit) as ended:
        command.main(["--only", "nothing"])
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert all(name in told for name in steps.names())


def test_the_first_failure_is_the_last_step():
    costs = run.run([step("a", ""), step("b", "raise SystemExit(3)"), step("c", "")], dict(os.environ))
    assert [(cost.step.names[0], cost.status) for cost in costs] == [("a", 0), ("b", 3)]
    shown = run.table(costs)
    assert re.search(r"^ +\d+ +\d+  a$", shown, re.MULTILINE) and re.search(r"^ +\d+ +\d+  b   FAILED$", shown, re.MULTILINE)


def test_sides_run_beside_each_other_and_show_their_output_whole(capfd):
    side = [step(name, f"import time; print('{name}', flush=True); time.sleep(0.5); print('{name} too')") for name in "ab"]
    costs = run.beside([side, [step("c", "import time; time.sleep(0.7); print('c', flush=True); time.sleep(0.1); print('c too')")]], {})
    assert [cost.step.names[0] for cost in costs] == ["a", "c", "b"] and not any(cost.status for cost in costs)
    shown = capfd.readouterr().out
    assert all(f"\n{name}\n{name} too\n" in shown for name in "abc")
    [seconds] = re.findall(r"^ +(\d+) +\d+  in all", run.table(costs), re.MULTILINE)
    assert int(seconds) < sum(cost.clock for cost in costs)


def test_a_failure_on_one_side_ends_the_other(tmp_path):
    waits = f"import time\ntry: time.sleep(60)\nfinally: open({str(tmp_path / 'stopped')!r}, 'w').close()"
    fails = "import time; time.sleep(1); raise SystemExit(3)"
    costs = run.beside([[step("waits", waits), step("next", "")], [step("fails", fails)]], dict(os.environ))
    assert [(cost.step.names[0], cost.status) for cost in costs] == [("fails", 3)]
    assert (tmp_path / "stopped").exists()


def test_a_processors_seconds_are_those_of_all_that_a_step_ran():
    busy = "import time\nwhile time.process_time() < 0.5: pass"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}], check=True)"
    [cost] = run.run([step("a", program)], dict(os.environ))
    assert 0.5 <= cost.processor < 5
    [idle] = run.run([step("a", "import time; time.sleep(0.6)")], dict(os.environ))
    assert idle.clock >= 0.6 > idle.processor


def test_what_takes_too_long_is_ended_with_all_that_it_started(tmp_path):
    child = f"import time\ntry: time.sleep(60)\nfinally: open({str(tmp_path / 'stopped')!r}, 'w').close()"
    program = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    started = time.monotonic()
    costs = run.run([step("slow", program, minutes=2 / 60), step("next", "")], dict(os.environ))
    assert [cost.step.names[0] for cost in costs] == ["slow"] and costs[0].status == run.TOO_LONG
    assert time.monotonic() - started < 30
    assert (tmp_path / "stopped").exists()
    assert "slow   TOOK TOO LONG" in run.table(costs)


def test_what_does_not_end_when_asked_is_killed(monkeypatch):
    monkeypatch.setattr(run, "GRACE", ((signal.SIGINT, 0.2), (signal.SIGTERM, 0.2), (signal.SIGKILL, 10)))
    deaf = "import signal, time\nfor which in (signal.SIGINT, signal.SIGTERM): signal.signal(which, signal.SIG_IGN)\ntime.sleep(60)"
    started = time.monotonic()
    [cost] = run.run([step("deaf", deaf, minutes=2 / 60)], dict(os.environ))
    assert cost.status == run.TOO_LONG and time.monotonic() - started < 30


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ending_the_runner_ends_the_step(which, tmp_path):
    inner = (
        f"import time\nopen({str(tmp_path / 'running')!r}, 'w').close()\n"
        f"try: time.sleep(60)\nfinally: open({str(tmp_path / 'stopped')!r}, 'w').close()"
    )
    outer = (
        "import os, sys; from scripts.checks import run; from scripts.checks.steps import Step; from scripts.signals import end_when_told\n"
        f"end_when_told(); run.run([Step(('a',), 'a', (sys.executable, '-c', {inner!r}), 1)], dict(os.environ))"
    )
    process = subprocess.Popen([sys.executable, "-c", outer], cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not (tmp_path / "running").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.2)
    process.send_signal(which)
    assert process.wait(60) != 0
    assert (tmp_path / "stopped").exists()
