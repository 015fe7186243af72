"""What the scripts share: finding a stack, following, showing and deciding an execution, reading logs.

It works alike on AWS and on the local stack; only the clients' endpoints and the environment's name differ.
"""
