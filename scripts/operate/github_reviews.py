"""The reviews of a workflow run at its gate, from GitHub's API.

`GITHUB_ACTOR` is the user who triggered the run. The reviewer who let a job into its GitHub environment is only in the
run's review history. That is one list for all environments and all attempts, without times. So `start` notes the reviews
that exist before the gate, and only later ones count: an approval of an earlier attempt does not approve this one's plan.
"""

from __future__ import annotations

import hashlib
import json
import time
import urllib.error
import urllib.request
from collections import Counter
from dataclasses import asdict, dataclass
from http.client import HTTPException
from typing import Any

from scripts.operate.github_run import Run

_ATTEMPTS = 4
_PAUSE = 2.0
_TIMEOUT = 20

_WAYS_OUT = {
    401: "the job's token is no longer valid",
    403: "give the job the permission `actions: read`",
    404: "give the job the permission `actions: read`, and check whether the run was deleted",
}


class GitHubFailed(RuntimeError):
    """GitHub's API gave no usable answer. The message says what to do, and never contains the token."""


@dataclass(frozen=True)
class Review:
    """One person's review of one or several environments of a run."""

    user: str
    state: str
    comment: str
    environments: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The review's digest, the same each time that the review is listed."""
        return hashlib.sha256(json.dumps(asdict(self)).encode()).hexdigest()[:16]


def reviews(run: Run) -> list[Review]:
    """Returns the run's review history."""
    answer = _get(run, f"/repos/{run.repository}/actions/runs/{run.id}/approvals")
    try:
        return [
            Review(
                user=str(item["user"]["login"]),
                state=str(item["state"]),
                comment=str(item.get("comment") or ""),
                environments=tuple(str(environment["name"]) for environment in item["environments"]),
            )
            for item in answer
        ]
    except (KeyError, TypeError) as failure:
        raise GitHubFailed(f"GitHub's review history does not have the documented form ({failure!r})") from None


def noted(found: list[Review]) -> str:
    """Returns the reviews in the form in which one job hands them to a later one."""
    return ",".join(review.digest for review in found)


def since(found: list[Review], earlier: str) -> list[Review]:
    """Returns the reviews without those noted earlier. Each noted review removes one."""
    left = Counter(earlier.split(","))
    fresh = []
    for review in found:
        if left[review.digest]:
            left[review.digest] -= 1
        else:
            fresh.append(review)
    return fresh


def newest(found: list[Review], environment: str, state: str) -> Review | None:
    """Returns the last review of an environment with that state: `approved` or `rejected`. GitHub's names ignore case."""
    fitting = [
        review
        for review in found
        if review.state == state and environment.casefold() in (name.casefold() for name in review.environments)
    ]
    return fitting[-1] if fitting else None


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token goes to GitHub's API and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _get(run: Run, path: str) -> Any:
    request = urllib.request.Request(
        f"{run.api_url}{path}",
        headers={
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {run.token}",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "lockstep",
        },
    )
    opener = urllib.request.build_opener(_NoRedirect)
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            with opener.open(request, timeout=_TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as failure:
            failure.close()
            problem = f"GitHub answered {failure.code} to GET {path}"
            if failure.code < 500 and failure.code != 429:
                way_out = _WAYS_OUT.get(failure.code)
                raise GitHubFailed(f"{problem}: {way_out}" if way_out else problem) from None
        except (OSError, HTTPException) as failure:
            problem = f"GitHub's API at {run.api_url} cannot be reached: {getattr(failure, 'reason', failure)}"
        except ValueError:
            problem = f"GitHub's answer to GET {path} is not JSON"
        if attempt < _ATTEMPTS:
            time.sleep(_PAUSE * attempt)
    raise GitHubFailed(f"{problem} ({_ATTEMPTS} attempts); run the job again when GitHub works again")
