"""The state machine's definition as CloudFormation would pass it to Step Functions."""

from __future__ import annotations

import json
import re

from samtranslator.yaml_helper import yaml_parse

from proofs.lint.paths import TEMPLATE


def substituted(definition: str, approval_from: str) -> str:
    """Returns the definition with a plausible value for each substitution of the template."""
    values = {
        name: _example(name, approval_from)
        for name in yaml_parse(TEMPLATE.read_text())["Resources"]["MigrationStateMachine"]["Properties"][
            "DefinitionSubstitutions"
        ]
    }
    text = re.sub(r"\$\{(\w+)\}", lambda found: values.get(found[1], found[0]), definition)
    json.loads(text)
    return text


def _example(name: str, approval_from: str) -> str:
    if name == "ApprovalFrom":
        return approval_from
    if name.endswith("FunctionArn"):
        return f"arn:aws:lambda:us-east-1:123456789012:function:{name.removesuffix('FunctionArn').lower()}:1"
    if name == "MigrationsLayerArn":
        return "arn:aws:lambda:us-east-1:123456789012:layer:migrations:1"
    if name == "NothingPendingMail":
        return "false"
    return "900" if name.endswith("Seconds") else "app"
