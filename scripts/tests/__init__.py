"""Tests of the scripts that need no stack."""
