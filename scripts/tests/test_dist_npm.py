"""The npm packages: they can be installed from their files, and the launcher is as good as the binary."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import tarfile

import pytest

from scripts.dist import npm
from scripts.dist.targets import TARGETS, own
from scripts.tests import dist_parts
from scripts.tests.dist_parts import PROJECT


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The directory of the packages of this machine's target."""
    place = tmp_path_factory.mktemp("npm")
    parts = dist_parts.make(place / "parts")
    (place / "main.tgz").write_bytes(npm.launcher([own()], PROJECT, b"The licence"))
    (place / "binary.tgz").write_bytes(npm.of_target(own(), parts.content(own(), "lockstep"), PROJECT, b"The licence"))
    return place


def install(packages, place, *names):
    """Installs packages from their files, without a registry, and returns the launcher."""
    npm_itself = shutil.which("npm") or pytest.fail("npm is needed")
    (place / "package.json").write_text('{"private": true}')
    settings = {"PATH": os.environ["PATH"], "HOME": str(place), "npm_config_cache": str(place / "cache")}
    command = [npm_itself, "install", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    done = subprocess.run([*command, *(packages / name for name in names)], cwd=place, env=settings, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "node_modules" / ".bin" / "lockstep"


@pytest.fixture(scope="module")
def lockstep(packages, tmp_path_factory):
    """The installed launcher."""
    return install(packages, tmp_path_factory.mktemp("project"), "main.tgz", "binary.tgz")


def test_the_installed_command_runs(lockstep):
    done = subprocess.run([lockstep, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout == "lockstep 0.1.0\n" and done.stderr == ""


@pytest.mark.parametrize("code", [0, 2, 130])
def test_the_exit_code_is_the_binarys(lockstep, code):
    assert subprocess.run([lockstep, "exit", str(code)], check=False).returncode == code


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_binary(lockstep, sent):
    with subprocess.Popen([lockstep, "wait"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as launcher:
        assert launcher.stdout is not None and launcher.stdout.readline() == "waiting\n"
        launcher.send_signal(sent)
        # The binary has ended too: it would keep the pipe open.
        assert launcher.stdout.read() == ""
    assert launcher.returncode == -sent


def test_a_missing_binary_is_named(packages, tmp_path):
    launcher = install(packages, tmp_path, "main.tgz")
    done = subprocess.run([launcher, "--version"], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and f"the package {npm.name(own())} is not installed" in done.stderr


def test_a_machine_without_a_binary_is_named(packages, tmp_path):
    shutil.unpack_archive(packages / "main.tgz", tmp_path, "gztar")
    script = tmp_path / "package" / "bin" / "lockstep.js"
    script.write_text(script.read_text().replace("process.arch", '"other"'))
    done = subprocess.run(["node", script], capture_output=True, text=True, check=False)
    assert done.returncode == 2 and "there is no binary for linux on other; there is one for linux x64" in done.stderr


def test_the_manifests_name_one_another():
    with tarfile.open(fileobj=io.BytesIO(npm.launcher(TARGETS, PROJECT, b""))) as archive:
        read = archive.extractfile("package/package.json")
        assert read is not None
        manifest = json.load(read)
    assert manifest["name"] == "@lockstep/cli" and manifest["bin"] == {"lockstep": "bin/lockstep.js"}
    assert manifest["optionalDependencies"] == {
        "@lockstep/cli-linux-x64": "0.1.0", "@lockstep/cli-linux-arm64": "0.1.0", "@lockstep/cli-darwin-arm64": "0.1.0"
    }
    # npm refuses to publish from a workflow of another repository.
    assert manifest["repository"] == {"type": "git", "url": "git+https://github.com/example/lockstep.git"}


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.triple)
def test_a_package_is_for_its_machines_alone(target):
    with tarfile.open(fileobj=io.BytesIO(npm.of_target(target, b"x", PROJECT, b""))) as archive:
        read = archive.extractfile("package/package.json")
        assert read is not None and archive.getmember("package/bin/lockstep").mode == 0o755
        manifest = json.load(read)
    assert (manifest["os"], manifest["cpu"], manifest.get("libc")) == ([target.os], [target.cpu], ["glibc"] if target.os == "linux" else None)
