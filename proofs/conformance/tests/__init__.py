"""Tests that the harness can fail: it finds planted faults."""
