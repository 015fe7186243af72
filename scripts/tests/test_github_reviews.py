"""Who reviewed, and what happens when GitHub does not say."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from scripts.operate import github_reviews
from scripts.operate.github_reviews import GitHubFailed, Review, newest, noted, reviews, since
from scripts.operate.github_run import NotInGitHub, Run

TOKEN = "ghs_must-stay-secret"
PATH = "/repos/owner/shop/actions/runs/7/approvals"


def review(user: str, state: str = "approved", *environments: str, comment: str = "") -> Review:
    return Review(user, state, comment, environments or ("prod",))


def test_only_what_came_after_the_gate_was_reached_counts() -> None:
    earlier = [review("ann"), review("bob", "rejected")]
    before = noted(earlier)
    assert since(earlier, before) == []
    # GitHub may list the new review at any position.
    for found in ([*earlier, review("cy")], [review("cy"), *earlier], [earlier[0], review("cy"), earlier[1]]):
        assert since(found, before) == [review("cy")]
    # A second, equal review of the same person counts as a review of its own.
    assert since([*earlier, review("ann")], before) == [review("ann")]
    assert since(earlier, "") == earlier


def test_the_newest_that_fits_is_taken() -> None:
    found = [
        review("ann"), review("bob", "approved", "qa"), review("cy", "approved", "dev", "Prod"),
        review("dan", "rejected"), review("eve", "pending"),
    ]
    assert newest(found, "prod", "approved") == found[2]
    assert newest(found, "prod", "rejected") == found[3]
    assert newest(found, "dev", "approved") == found[2]
    assert newest(found, "dev", "rejected") is None
    assert newest([], "prod", "approved") is None


class GitHub:
    """Gives the configured answers one after the other, and repeats the last one."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answers: list[tuple[int, Any]] = []
        self.asked: list[dict[str, str]] = []


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """GitHub's API on loopback."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            api.asked.append({"path": self.path, **self.headers})
            status, body = api.answers.pop(0) if len(api.answers) > 1 else api.answers[0]
            self.send_response(status)
            if status == 302:
                self.send_header("Location", f"{api.url}/elsewhere")
            self.end_headers()
            self.wfile.write(body.encode() if isinstance(body, str) else json.dumps(body).encode())

        def log_message(self, *_: Any) -> None:
            pass

    monkeypatch.setattr(github_reviews, "_PAUSE", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    api = GitHub(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield api
    server.shutdown()
    thread.join()
    server.server_close()


def a_run(api_url: str) -> Run:
    here = Path("o"), Path("s"), Path("t")
    return Run("7", "1", "owner/shop", "c0ffee", "bob", "https://github.com", api_url, TOKEN, *here)


def test_the_review_history_is_read(github: GitHub) -> None:
    github.answers = [(200, [{
        "state": "approved", "comment": "read it", "user": {"login": "ann", "id": 1},
        "environments": [{"id": 2, "name": "prod", "created_at": "2026-01-01T00:00:00Z"}],
    }])]
    assert reviews(a_run(github.url)) == [Review("ann", "approved", "read it", ("prod",))]
    [asked] = github.asked
    assert asked["path"] == PATH
    assert asked["Authorization"] == f"Bearer {TOKEN}"


@pytest.mark.parametrize("bad", [(500, "oops"), (502, ""), (429, "slow down"), (200, "<html>")])
def test_a_temporary_fault_of_github_is_waited_out(bad: tuple[int, str], github: GitHub) -> None:
    github.answers = [bad, bad, (200, [])]
    assert reviews(a_run(github.url)) == []
    assert len(github.asked) == 3


@pytest.mark.parametrize(
    ("answer", "times", "said"),
    [
        ((403, {"message": "Resource not accessible by integration"}), 1, "answered 403 .*`actions: read`"),
        ((404, {"message": "Not Found"}), 1, "answered 404 .*`actions: read`"),
        ((401, {"message": "Bad credentials"}), 1, "answered 401 .*token is no longer valid"),
        ((422, ""), 1, f"answered 422 to GET {PATH}$"),
        ((302, ""), 1, "answered 302"),
        ((503, ""), 4, "answered 503 .*4 attempts"),
        ((200, "<html>"), 4, "not JSON .*4 attempts"),
        ((200, {"message": "something else"}), 1, "not have the documented form"),
    ],
)
def test_what_github_refuses_is_said(answer: tuple[int, Any], times: int, said: str, github: GitHub) -> None:
    github.answers = [answer]
    with pytest.raises(GitHubFailed, match=said) as failed:
        reviews(a_run(github.url))
    assert len(github.asked) == times
    assert TOKEN not in repr(failed.value)


def test_a_github_that_cannot_be_reached_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(github_reviews, "_PAUSE", 0)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}"
    with pytest.raises(GitHubFailed, match=f"{url} cannot be reached: .*refused.*run the job again"):
        reviews(a_run(url))


VARIABLES = {
    "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_REPOSITORY": "owner/shop", "GITHUB_SHA": "c0ffee",
    "GITHUB_ACTOR": "first", "GITHUB_TRIGGERING_ACTOR": "bob", "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_API_URL": "https://api.github.com", "GITHUB_TOKEN": TOKEN, "GITHUB_OUTPUT": "o", "GITHUB_STEP_SUMMARY": "s",
    "RUNNER_TEMP": "t",
}


def test_the_run_is_what_github_says() -> None:
    run = Run.current(VARIABLES)
    assert (run.execution, run.requester) == ("github-7-2", "bob")
    assert run.url == "https://github.com/owner/shop/actions/runs/7"
    assert TOKEN not in repr(run)
    assert replace(run, attempt="3").execution == "github-7-3"


@pytest.mark.parametrize("missing", sorted(VARIABLES.keys() - {"GITHUB_ACTOR"}))
def test_a_missing_variable_is_named(missing: str) -> None:
    with pytest.raises(NotInGitHub, match=f"{missing} is not set"):
        Run.current(VARIABLES | {missing: ""})
