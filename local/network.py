"""Additions to ministack's CloudFormation for the template's network.

- Security group rules as resources of their own: without them the emulator refuses the template as a whole.
- The DNS names of an interface endpoint. They end in `.invalid`, which never resolves: the endpoint of a stack that is
  deployed with `SecretsManagerEndpoint=true` is unreachable, and no call can leave for AWS.
"""

from __future__ import annotations

import uuid
from typing import Any

from ministack.services import ec2
from ministack.services.cloudformation import provisioners

#: The properties of a resource in CloudFormation, or the values that it gives.
Properties = dict[str, Any]

_SIDES = {
    "AWS::EC2::SecurityGroupIngress": "IpPermissions",
    "AWS::EC2::SecurityGroupEgress": "IpPermissionsEgress",
}


def install() -> None:
    """Registers the rules' resource types and gives endpoints their names."""
    for resource_type, side in _SIDES.items():
        provisioners._RESOURCE_HANDLERS[resource_type] = _handlers(side)
    attributes = provisioners._ec2_vpc_endpoint_attributes

    def with_names(endpoint: dict[str, Any]) -> dict[str, Any]:
        service = endpoint["ServiceName"].rsplit(".", 1)[-1]
        return attributes(endpoint) | {"DnsEntries": [f"Z0LOCAL:{endpoint['VpcEndpointId']}.{service}.invalid"]}

    provisioners._ec2_vpc_endpoint_attributes = with_names


def _handlers(side: str) -> dict[str, Any]:
    def create(_logical_id: str, properties: Properties, _stack_name: str) -> tuple[str, Properties]:
        group = ec2._security_groups.get(properties["GroupId"])
        if group is None:
            raise ValueError(f"The security group '{properties['GroupId']}' does not exist")
        group[side].extend(provisioners._ec2_sg_permissions([properties]))
        rule_id = f"sgr-{uuid.uuid4().hex[:17]}"
        return rule_id, {"Id": rule_id}

    def delete(_physical_id: str, properties: Properties) -> None:
        group = ec2._security_groups.get(properties["GroupId"])
        for rule in provisioners._ec2_sg_permissions([properties]):
            if group is not None and rule in group[side]:
                group[side].remove(rule)

    def update(physical_id: str, old: Properties, new: Properties, _stack_name: str) -> tuple[str, Properties]:
        delete(physical_id, old)
        create("", new, "")
        return physical_id, {"Id": physical_id}

    return {"create": create, "update": update, "delete": delete}
