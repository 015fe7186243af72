"""Tests of the harness: its parts, and that it finds real bugs."""
