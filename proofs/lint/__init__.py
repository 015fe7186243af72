"""Checks the template and the state machine with every linter there is; `scripts/lint-template` runs it.

SAM leaves most of a template's mistakes to be found by the deployment, so what is checked is what CloudFormation would
get: the transformed template, once for each set of parameter values that makes a difference.
Beyond the linters it is proved there that changes reach new function versions, and who may do what.
"""
