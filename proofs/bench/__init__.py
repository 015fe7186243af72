"""Measures Lockstep beside the tools that a user would pick instead, and beside the limit that PostgreSQL itself sets."""
