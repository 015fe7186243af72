"""What the scripts share: finding a stack, following, showing and deciding an execution, reading logs.

The code is the same for AWS and for the local stack; only the clients' endpoints and the environment's name differ.
"""
