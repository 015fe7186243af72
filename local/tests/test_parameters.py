"""Every parameter reaches SAM with its value from samconfig.toml or from the template."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib

from samtranslator.yaml_helper import yaml_parse

from local import paths
from local.parameters import defaults, override

_PARSE = """
import json, sys
from samcli.cli.types import CfnParameterOverridesType
print(json.dumps(CfnParameterOverridesType().convert(tuple(sys.argv[1:]), None, None)))
"""


def test_sam_takes_each_parameter_as_it_is() -> None:
    given = defaults() | {
        "DatabaseCaFile": "/a directory/it's/database-ca.pem", "SubnetIds": "subnet-1,subnet-2", "Project": "shop",
        "DatabaseSecretArn": "arn:aws:secretsmanager:us-east-1:1:secret:a/b-c", "Quoted": 'a="b c" d=e', "Empty": "",
    }
    overrides = [override(name, value) for name, value in given.items()]
    python = paths.SAM_VENV / "bin" / "python"
    parsed = subprocess.run([python, "-c", _PARSE, *overrides], capture_output=True, text=True, check=True)
    assert json.loads(parsed.stdout) == given


def test_each_default_is_a_text_that_its_parameter_allows() -> None:
    parameters = yaml_parse(paths.TEMPLATE.read_text())["Parameters"]
    found = defaults()
    assert found.keys() == {name for name, one in parameters.items() if "Default" in one}
    for name, value in found.items():
        one = parameters[name]
        assert value in map(str, one.get("AllowedValues", [value])), name
        assert re.fullmatch(one.get("AllowedPattern", ".*"), value), name


def test_samconfig_has_tables_for_the_environments_alone() -> None:
    tables = tomllib.loads((paths.ROOT / "samconfig.toml").read_text())
    assert set(tables) == {"version", "dev", "qa", "prod", "local"}
