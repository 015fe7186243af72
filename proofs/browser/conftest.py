"""The sample pages, a loopback server for them, and a browser."""

from __future__ import annotations

import functools
import os
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from proofs.harness import build
from scripts import setup

from . import chromium
from .chromium import Chromium

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample reports in every rendering."""
    directory = tmp_path_factory.mktemp("report")
    subprocess.run([build.example("sample"), str(directory)], check=True, cwd=ROOT)
    return directory


@pytest.fixture(scope="session")
def browser() -> Iterator[Chromium]:
    """A browser. Without one the tests are skipped, but on GitHub they fail."""
    setup.install_browser()
    path = chromium.installed()
    if path is None:
        reason = f"none of {', '.join(chromium.NAMES)} is installed (Debian: apt-get install chromium)"
        if os.environ.get("GITHUB_ACTIONS"):
            pytest.fail(reason)
        pytest.skip(reason)
    with Chromium(path) as running:
        yield running


class Served:
    """The address of the samples, and the requests for them."""

    def __init__(self, directory: Path) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(SimpleHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                asked.append(self.path)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=str(directory)))
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def served(samples: Path) -> Iterator[Served]:
    """A server of the samples on a port of its own."""
    made = Served(samples)
    yield made
    made.server.shutdown()
    made.server.server_close()
