"""What a run is asked to do: `functions/shared/src/request.rs`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

Mode = Literal["apply", "plan", "resolve", "baseline"]
Resolution = Literal["applied", "rolledBack"]


class Input(TypedDict, total=False):
    """An execution's input, as a person gives it. Preflight checks it."""

    mode: Mode
    upTo: str
    migration: str
    resolution: Resolution
    bundle: str
    requestedBy: str
    commit: str
    reason: str
    requireApproval: bool


class Request(TypedDict):
    """An execution's input, checked by preflight, which knows what fields go with what mode."""

    mode: Mode
    upTo: NotRequired[str]
    migration: NotRequired[str]
    resolution: NotRequired[Resolution]
    bundle: NotRequired[str]
    requestedBy: NotRequired[str]
    commit: NotRequired[str]
    reason: NotRequired[str]
    requireApproval: bool
