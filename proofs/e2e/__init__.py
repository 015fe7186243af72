"""The outcomes of a run, each through a deployed state machine: real functions, a real PostgreSQL.

`pytest e2e` deploys the template into a local stack of its own and shows all of them. `pytest e2e --stack NAME` shows
the ones that need no control over the surroundings on a stack that is deployed in the caller's AWS account.
"""
