"""Stands in for GitHub's API, which knows the reviews of a run. On loopback, in the form of GitHub's own answers."""

from __future__ import annotations

import json
import secrets
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

TOKEN = "ghs_token-of-the-job"
REPOSITORY = "owner/shop"


class GitHubApi:
    """One workflow run, with its review history."""

    def __init__(self) -> None:
        # A new id for each test: the execution's name contains it, and a name can be used only once.
        self.run_id = str(secrets.randbelow(10**10))
        path = f"/repos/{REPOSITORY}/actions/runs/{self.run_id}/approvals"
        self.reviews: list[dict[str, Any]] = []
        #: The status of every answer, such as 503, if it is not 0.
        self.broken = 0
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                allowed = self.headers["Authorization"] == f"Bearer {TOKEN}"
                status = api.broken or (401 if not allowed else 200 if self.path == path else 404)
                self.send_response(status)
                self.send_header("Content-Type", "application/json; charset=utf-8")
                self.end_headers()
                self.wfile.write(json.dumps(api.reviews if status == 200 else {"message": "no"}).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def review(self, user: str, state: str, environment: str, comment: str = "") -> None:
        """Adds a review. The newest comes first: the scripts must not depend on the order."""
        self.reviews.insert(0, {
            "state": state,
            "comment": comment,
            "environments": [{
                "id": 161088068, "node_id": "MDExOkVudmlyb25tZW50MTYxMDg4MDY4", "name": environment,
                "url": f"https://api.github.com/repos/owner/shop/environments/{environment}",
                "html_url": f"https://github.com/owner/shop/deployments/activity_log?environments_filter={environment}",
                "created_at": "2020-11-23T22:00:40Z", "updated_at": "2020-11-23T22:00:40Z",
            }],
            "user": {"login": user, "id": 1, "type": "User", "site_admin": False},
        })

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
