"""Checks the template and the state machine with every available linter; `scripts/lint-template` runs it.

SAM leaves most mistakes in a template to the deployment. So the checks use what CloudFormation would get: the
transformed template, once for each set of parameter values that makes a difference. Beyond the linters, they prove that
changes reach new function versions, and who may do what.
"""
