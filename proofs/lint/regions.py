"""Proves that the template is served where all of it exists, and refused at once everywhere else.

cfn-lint carries which resource types CloudFormation knows in each Region.
"""

from __future__ import annotations

from botocore.session import get_session
from cfnlint.helpers import REGIONS
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from proofs.lint.transform import transformed
from proofs.lint.variants import VARIANTS
from scripts.operate.served_regions import served_regions

#: Where CloudFormation knows the type, and the documentation says that Lambda has no function URLs.
CONTRADICTED = {"eu-south-2"}


def problems() -> list[str]:
    """Regions that are served and should not be, and the other way round."""
    served = served_regions()
    possible = set(get_session().get_available_regions("rds")) & _complete() - CONTRADICTED
    return [
        *(f"{region} is served, and has not all that the template needs" for region in sorted(served - possible)),
        *(f"{region} is refused, and has all that the template needs" for region in sorted(possible - served)),
    ]


def _complete() -> set[str]:
    """The Regions that have every resource type of the template."""
    types = {resource["Type"] for values in VARIANTS.values() for resource in transformed(values)["Resources"].values()}
    return {region for region in REGIONS if types <= set(PROVIDER_SCHEMA_MANAGER.get_resource_types(region))}
