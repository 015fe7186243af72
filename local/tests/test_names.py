"""Names of the Java SDK, as Step Functions shows them."""

import pytest

from local.stepfunctions.tasks import error_name, java_name


@pytest.mark.parametrize(
    ("ours", "java"),
    [
        ("DBInstances", "DbInstances"),
        ("DBInstanceStatus", "DbInstanceStatus"),
        ("DbiResourceId", "DbiResourceId"),
        ("DBName", "DbName"),
        ("IAMDatabaseAuthenticationEnabled", "IamDatabaseAuthenticationEnabled"),
        ("Endpoint", "Endpoint"),
        ("rds", "Rds"),
    ],
)
def test_fields(ours, java):
    assert java_name(ours) == java


def test_errors():
    fault = type("DBInstanceNotFoundFault", (Exception,), {})
    assert error_name("Rds", fault()) == "Rds.DbInstanceNotFoundException"
