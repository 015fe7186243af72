"""Tests of the local stack's own parts, and of the pages' commands, links and tables."""
