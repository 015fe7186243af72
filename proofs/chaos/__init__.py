"""Faults injected between the real apply function and a real PostgreSQL, and a look at what they leave."""
