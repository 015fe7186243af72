"""What SAM is told when it deploys to the local account."""

import json
import re
import subprocess
from pathlib import Path

from samtranslator.yaml_helper import yaml_parse

from local import deploy
from local.postgres import Embedded
from scripts.operate import paths

_PARSE = """
import json, sys
from samcli.cli.types import CfnParameterOverridesType
print(json.dumps(CfnParameterOverridesType().convert(tuple(sys.argv[1:]), None, None)))
"""


def test_sam_takes_each_parameter_as_it_is():
    given = {
        "DatabaseCaFile": "/a directory/it's/database-ca.pem", "SubnetIds": "subnet-1,subnet-2", "Project": "shop",
        "GitHubRunnerSubject": "repo:owner/name:ref:refs/heads/main", "Quoted": 'a="b c" d=e',
    }
    overrides = [deploy._override(name, value) for name, value in given.items()]
    python = paths.SAM_VENV / "bin" / "python"
    parsed = subprocess.run([python, "-c", _PARSE, *overrides], capture_output=True, text=True, check=True)
    assert json.loads(parsed.stdout) == given


def test_a_checkout_may_be_anywhere(tmp_path):
    """The template has its own idea of what a path is."""
    state = tmp_path / "a directory's name" / ("long" * 20)
    state.mkdir(parents=True)
    embedded = Embedded(state)
    try:
        connection = embedded.start()
        connection.connect().close()
        parameter = yaml_parse(paths.TEMPLATE.read_text())["Parameters"]["DatabaseCaFile"]
        assert re.fullmatch(parameter["AllowedPattern"], connection.ca_file)
        assert len(connection.ca_file) <= parameter["MaxLength"]
    finally:
        embedded.remove()
    assert not Path(connection.ca_file).parent.exists()
