"""What the state machine gives to plan and to apply, for the proofs that call these functions without it."""

from __future__ import annotations

from local.wire.request import Request
from local.wire.steps import ApplyInput, ApprovedPlan, PlanInput


def plan_input(execution: str, resource_id: str, request: Request | None = None) -> PlanInput:
    """Returns plan's input for an execution, by default of a run that applies everything."""
    return {
        "execution": f"arn:aws:states:us-east-1:000000000000:execution:{execution}",
        "request": request or {"mode": "apply", "requireApproval": False},
        "database": {"instance": "proofs", "resourceId": resource_id, "status": "available"},
    }


def apply_input(given: PlanInput, plan: ApprovedPlan) -> ApplyInput:
    """Returns apply's input for a plan that was approved."""
    return {**given, "plan": {"digest": plan["digest"], "baseRows": plan["baseRows"]}}
