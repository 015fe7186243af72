"""Compares the report with the behaviour of a PostgreSQL, migration by migration, on real histories."""
