"""`lockstep init` on an emulated account: what it finds, what it writes, and what it leaves alone."""

from __future__ import annotations

import json

import pytest

from proofs.cli.conftest import REGION, make_network

FILE = """# Ours.
version = 0.1

[prod.deploy.parameters]
region = "FILL-IN-region"  # later

[dev.global.parameters]
stack_name = "shop-migrations-dev"

[dev.deploy.parameters]
region = "FILL-IN-region"
s3_prefix = "shop-migrations-dev"
# The template's parameters.
parameter_overrides = [
  "Project=shop",
  "Environment=dev",
  "VpcId=FILL-IN-vpc-id",
  "SubnetIds=FILL-IN-subnet-id,FILL-IN-subnet-id",
  "SecretsManagerEndpoint=true",
  "S3RouteTableIds=FILL-IN-route-table-ids",
  "S3PrefixListId=FILL-IN-prefix-list-id",
  "DatabaseInstance=FILL-IN-instance-identifier",
  "DatabaseSecretArn=FILL-IN-secret-arn",
  "DatabaseSecurityGroupId=FILL-IN-security-group-id",
  "NotificationAddress=FILL-IN-mail-address",
  "LockTimeoutMs=700", # as agreed
]
"""


def choices(ran):
    """Returns the values that were chosen, by name."""
    return {one["name"]: one["value"] for one in json.loads(ran.out)["choices"]}


def test_a_section_is_filled_in_and_the_rest_stays(project, account, network, differences):
    project.samconfig.write_text(FILE)
    arguments = ("init", "dev", "--instance", "app-db", "--mail", "team@example.com")

    # Without consent nothing is written.
    asked = project.lockstep(*arguments)
    assert asked.status == 2, asked
    assert "there is no terminal to ask at: give --yes" in asked.err
    assert project.samconfig.read_text() == FILE

    written = project.lockstep(*arguments, "--yes")
    assert written.status == 0, written
    assert f"{REGION}b (the instance's zone), private" in written.out
    assert "about $14.60 a month" in written.out
    [prefixes] = account.client("ec2").describe_managed_prefix_lists(
        Filters=[{"Name": "prefix-list-name", "Values": [f"com.amazonaws.{REGION}.s3"]}]
    )["PrefixLists"]
    after = project.samconfig.read_text()
    changed = [line for line in differences(FILE, after) if not line.startswith("-")]
    assert f'+region = "{REGION}"' in changed
    assert set(changed) >= {
        f'+  "VpcId={network.vpc}",',
        f'+  "SubnetIds={network.subnets[1]},{network.subnets[0]}",',
        f'+  "S3RouteTableIds={network.table}",',
        f'+  "S3PrefixListId={prefixes["PrefixListId"]}",',
        '+  "DatabaseInstance=app-db",',
        f'+  "DatabaseSecretArn={network.secret}",',
        f'+  "DatabaseSecurityGroupId={network.group}",',
        '+  "DatabasePort=5433",',
        '+  "NotificationAddress=team@example.com",',
    }
    for kept in ("# Ours.", 'region = "FILL-IN-region"  # later', "# The template's parameters.", '"LockTimeoutMs=700", # as agreed'):
        assert kept in after
    assert "DatabaseName" not in after and "FILL-IN" not in after.partition("[dev.deploy.parameters]")[2]

    # Once more there is nothing to do, without a question.
    again = project.lockstep("init", "dev")
    assert again.status == 0, again
    assert "says all of this already" in again.out
    assert project.samconfig.read_text() == after


def test_a_change_is_shown_and_written_only_with_consent(project, account, network):
    project.samconfig.write_text(FILE)
    assert project.lockstep("init", "dev", "--instance", "app-db", "--mail", "team@example.com", "--yes").status == 0
    before = project.samconfig.read_text()
    other = account.client("ec2").create_security_group(GroupName="new", Description="new", VpcId=network.vpc)["GroupId"]
    account.client("rds").modify_db_instance(DBInstanceIdentifier="app-db", VpcSecurityGroupIds=[other], ApplyImmediately=True)
    shown = project.lockstep("init", "dev")
    assert shown.status == 2 and project.samconfig.read_text() == before
    assert f"- DatabaseSecurityGroupId={network.group}" in shown.out and f"+ DatabaseSecurityGroupId={other}" in shown.out
    assert shown.out.count("\n  - ") == 1
    told = json.loads(project.lockstep("init", "dev", "--json").out)
    assert told["changes"] == [{"name": "DatabaseSecurityGroupId", "before": network.group, "after": other}]
    assert told["written"] is False and project.samconfig.read_text() == before
    assert project.lockstep("init", "dev", "--yes").status == 0
    assert project.samconfig.read_text() == before.replace(network.group, other)


def test_a_file_that_is_missing_is_made(project, network):
    ran = project.lockstep("init", "prod", "--instance", "APP-DB", "--mail", "team@example.com", "--project", "shop", "--yes")
    assert ran.status == 0, ran
    made = project.samconfig.read_text()
    assert made.startswith("version = 0.1\n") and 'stack_name = "shop-migrations-prod"' in made
    assert '"ApprovalFrom=always"' in made and f'"VpcId={network.vpc}"' in made and "FILL-IN" not in made
    assert project.samconfig.stat().st_mode & 0o777 == 0o644


def test_a_file_that_is_no_toml_stays(project, network):
    project.samconfig.write_text("[dev.deploy.parameters\n")
    ran = project.lockstep("init", "dev", "--instance", "app-db", "--yes")
    assert ran.status == 2 and "samconfig.toml is not TOML" in ran.err and "line 1" in ran.err
    assert project.samconfig.read_text() == "[dev.deploy.parameters\n"


def test_what_only_a_person_knows_is_left_to_be_filled_in(project, account):
    first = make_network(account)
    ec2 = account.client("ec2")
    second = ec2.create_security_group(GroupName="second", Description="second", VpcId=first.vpc)["GroupId"]
    account.client("rds").modify_db_instance(
        DBInstanceIdentifier="app-db", VpcSecurityGroupIds=[first.group, second], ApplyImmediately=True
    )
    ran = project.lockstep("init", "dev", "--instance", "app-db", "--yes")
    assert ran.status == 1, ran
    assert "Still to be filled in by hand: DatabaseSecurityGroupId, NotificationAddress" in ran.out
    made = project.samconfig.read_text()
    assert "DatabaseSecurityGroupId=FILL-IN" in made and "NotificationAddress=FILL-IN" in made
    ran = project.lockstep("init", "dev", "--security-group", second, "--mail", "team@example.com", "--yes")
    assert ran.status == 0, ran
    assert f"DatabaseSecurityGroupId={second}" in project.samconfig.read_text()


def test_a_nat_and_a_secret_of_ones_own_are_found(project, account):
    network = make_network(account, ManageMasterUserPassword=False, MasterUserPassword="not-used-here")
    ec2 = account.client("ec2")
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=network.subnets[0], AllocationId=address)["NatGateway"]["NatGatewayId"]
    ec2.create_route(RouteTableId=network.table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    secret = account.client("secretsmanager").create_secret(Name="prod/app-db", SecretString="{}", KmsKeyId="0f1e2d3c")["ARN"]
    ran = project.lockstep("init", "dev", "--instance", "app-db", "--json")
    found = choices(ran)
    assert (found["SecretsManagerEndpoint"], found["S3RouteTableIds"]) == ("false", None), ran
    assert found["DatabaseSecretArn"] == secret
    assert found["DatabaseSecretKmsKeyArn"].endswith(":key/0f1e2d3c")


def test_an_endpoint_of_s3_is_not_made_twice(project, account, network):
    endpoint = account.client("ec2").create_vpc_endpoint(
        VpcId=network.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway", RouteTableIds=[network.table]
    )["VpcEndpoint"]["VpcEndpointId"]
    ran = project.lockstep("init", "dev", "--instance", "app-db")
    assert f"not needed: {endpoint} leads to S3 already" in ran.out, ran


@pytest.mark.parametrize(
    ("engine", "told"),
    [({"Engine": "mysql"}, "is an instance of mysql: Lockstep migrates PostgreSQL alone")],
)
def test_another_engine_is_refused(project, account, engine, told):
    make_network(account, **engine)
    ran = project.lockstep("init", "dev", "--instance", "app-db", "--yes")
    assert ran.status == 2 and told in ran.err, ran
    assert not project.samconfig.exists()


def test_what_is_not_there_is_named(project, account):
    ran = project.lockstep("init", "dev", "--instance", "nothing")
    assert ran.status == 2 and f"there is no RDS instance nothing in the account 123456789012 in {REGION}" in ran.err, ran
    ran = project.lockstep("init", "dev", "--instance", "nothing", "--region", "eu-central-2")
    assert ran.status == 2 and "cannot be deployed to eu-central-2" in ran.err, ran
    ran = project.lockstep("init", "dev")
    assert ran.status == 2 and "no RDS instance is named: give --instance" in ran.err, ran
    (project.root / "template.yaml").unlink()
    ran = project.lockstep("init", "dev", "--instance", "nothing")
    assert ran.status == 2 and "run this in the checkout of Lockstep" in ran.err, ran


def test_the_policy_needs_no_account(project):
    ran = project.lockstep("init", "dev", "--policy", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert ran.status == 0, ran
    [statement] = json.loads(ran.out)["Statement"]
    assert "rds:DescribeDBInstances" in statement["Action"] and statement["Effect"] == "Allow"


@pytest.mark.parametrize(
    ("action", "left"),
    [
        ("DescribeSubnets", ["SubnetIds", "S3RouteTableIds"]),
        ("DescribeRouteTables", ["SubnetIds", "S3RouteTableIds"]),
        ("DescribeNatGateways", []),
        ("DescribeVpcEndpoints", ["S3RouteTableIds"]),
        ("DescribeVpcEndpointServices", []),
        ("DescribeSecurityGroups", []),
        ("DescribeManagedPrefixLists", ["S3PrefixListId"]),
        ("ListSecrets", []),
    ],
)
def test_a_call_that_is_refused_leaves_its_value_to_a_person(project, account, network, action, left):
    account.refused = {action}
    ran = project.lockstep("init", "dev", "--instance", "app-db", "--mail", "team@example.com", "--json", "--yes")
    told = json.loads(ran.out)
    assert told["unfilled"] == left and ran.status == (1 if left else 0), ran
    for name in left:
        [why] = [one["why"] for one in told["choices"] if one["name"] == name]
        assert f":{action} is not allowed to you" in why


def test_without_the_instance_nothing_can_be_known(project, account, network):
    account.refused = {"DescribeDBInstances"}
    ran = project.lockstep("init", "dev", "--instance", "app-db", "--yes")
    assert ran.status == 1 and "lockstep init ENV --policy" in ran.err and "rds:DescribeDBInstances" in ran.err, ran
    assert not project.samconfig.exists()


def test_a_person_is_asked_at_a_terminal(project, account):
    network = make_network(account)
    ec2 = account.client("ec2")
    second = ec2.create_security_group(GroupName="second", Description="second", VpcId=network.vpc)["GroupId"]
    account.client("rds").modify_db_instance(
        DBInstanceIdentifier="app-db", VpcSecurityGroupIds=[network.group, second], ApplyImmediately=True
    )
    # A number that is none, then the second group; an address that is none, then one; and consent.
    status, shown = project.at_a_terminal("init", "dev", "--instance", "app-db", answers=["7", "2", "team", "team@example.com", "y"])
    assert status == 0, shown
    assert "7 is none of the numbers" in shown and f"2  {second}  (second)" in shown
    assert "not one mail address" in shown and "Write this into" in shown
    made = project.samconfig.read_text()
    assert f"DatabaseSecurityGroupId={second}" in made and "NotificationAddress=team@example.com" in made
    # A no writes nothing.
    account.client("rds").modify_db_instance(DBInstanceIdentifier="app-db", VpcSecurityGroupIds=[network.group], ApplyImmediately=True)
    status, shown = project.at_a_terminal("init", "dev", answers=["n"])
    assert status == 3 and "Nothing was written" in shown, shown
    assert project.samconfig.read_text() == made
