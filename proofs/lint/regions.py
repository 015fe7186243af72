"""Proves that the template is served in exactly the Regions that have all of its resource types, and refused at once
elsewhere.

cfn-lint includes the resource types that CloudFormation knows in each Region.
"""

from __future__ import annotations

from botocore.session import get_session
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from proofs.lint.served_regions import served_regions
from proofs.lint.transform import transformed
from proofs.lint.variants import VARIANTS

#: CloudFormation knows the type there, but the documentation says that Lambda has no function URLs.
CONTRADICTED = {"eu-south-2"}


def problems() -> list[str]:
    """Returns the Regions that are served by mistake, and those that are refused by mistake."""
    served = served_regions()
    possible = set(get_session().get_available_regions("rds")) & _complete() - CONTRADICTED
    return [
        *(f"{region} is served, and has not all that the template needs" for region in sorted(served - possible)),
        *(f"{region} is refused, and has all that the template needs" for region in sorted(possible - served)),
    ]


def _complete() -> set[str]:
    """Returns the Regions that have every resource type of the template."""
    types = {resource["Type"] for values in VARIANTS.values() for resource in transformed(values)["Resources"].values()}
    return {region for region in REGIONS if types <= set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))}
