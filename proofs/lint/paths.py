"""The paths of the checked files and of the tools."""

from __future__ import annotations

from local import paths

ROOT = paths.ROOT
TEMPLATE = paths.TEMPLATE
BOOTSTRAP = paths.BOOTSTRAP
DEFINITION = ROOT / "statemachine" / "migrate.asl.json"

SAM = ROOT / ".venv-sam" / "bin" / "sam"
CFN_LINT = ROOT / ".venv" / "bin" / "cfn-lint"
CHECKOV = ROOT / ".venv" / "bin" / "checkov"
ASL_VALIDATOR = ROOT / "node_modules" / ".bin" / "asl-validator"

#: AWS's service authorization reference, a file for each service.
AUTHORIZATION = ROOT / "node_modules" / "@cloud-copilot" / "iam-data" / "data"
