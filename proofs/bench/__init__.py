"""Measures Lockstep beside the tools that a user would pick instead, and beside what PostgreSQL itself allows."""
