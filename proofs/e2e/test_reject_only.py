"""The roles of the jobs that start runs may reject them, and approve nothing."""

import pytest


@pytest.mark.parametrize("who", ["Runner", "Shipper"])
def test_a_role_that_starts_may_reject_and_not_approve(case, roles_for_github, who):
    prod = case("github")
    prod.write("1_a", "CREATE TABLE a ()")
    role = roles_for_github[f"GitHub{who}RoleArn"].rpartition("/")[2]
    execution, digest = prod.start_and_wait_for_approval()

    refused = prod.decide(execution, digest, by=f"run-1@{role}", onBehalfOf="octocat")
    assert refused["error"]["status"] == 403 and "may reject, not approve" in refused["error"]["errorMessage"]
    assert prod.pending(execution)["waiting"] is True

    decided = prod.decide(execution, digest, "reject", by=f"run-1@{role}", reason="no reviewer approved")
    assert decided["by"].endswith(f":assumed-role/{role}/run-1")
    run = prod.wait(execution)
    assert (run["status"], run["error"]) == ("FAILED", "Approval.Rejected")
    assert prod.tables() == []


def test_another_role_may_approve_and_says_for_whom(case, roles_for_github):
    prod = case("github")
    prod.write("1_a", "CREATE TABLE a ()")
    role = roles_for_github["GitHubApproverRoleArn"].rpartition("/")[2]
    execution, digest = prod.start_and_wait_for_approval({"requestedBy": "hubot"})
    decided = prod.decide(execution, digest, by=f"run-1@{role}", onBehalfOf="octocat")
    assert (decided["onBehalfOf"], decided["identity"]) == ("octocat", "verified")
    assert prod.wait(execution)["output"]["approval"]["onBehalfOf"] == "octocat"
    assert f"{decided['by']} (verified), on behalf of octocat (claimed)" in prod.mails()[-1].body


@pytest.mark.parametrize("who", ["runner", "shipper"])
def test_the_restriction_needs_no_roles_stack(case, who):
    """The role that is made later under this name is refused already."""
    prod = case("prod")
    prod.write("1_a", "CREATE TABLE a ()")
    execution, digest = prod.start_and_wait_for_approval()
    refused = prod.decide(execution, digest, by=f"run-1@lockstep-prod-github-{who}-us-east-1")
    assert refused["error"]["status"] == 403 and "may reject, not approve" in refused["error"]["errorMessage"]
