"""What crosses between the state machine, the functions and their callers, as types.

They mirror the types of `functions/shared`. The fixtures in `functions/shared/tests/payloads` hold both sides together: the
Rust tests read them, and `local/tests/test_wire.py` validates them against these types. A key that need not be there is
`NotRequired`, a value that can be null is `None`.
"""
