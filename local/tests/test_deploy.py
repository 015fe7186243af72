"""What SAM is told when it deploys to the local account."""

import json
import subprocess

from local import deploy, paths

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
