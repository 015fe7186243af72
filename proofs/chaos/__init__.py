"""Injects faults between the real apply function and a real PostgreSQL, and checks the result."""
