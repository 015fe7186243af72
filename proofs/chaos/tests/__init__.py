"""Tests of the harness: its parts, and that it finds bugs which are really there."""
