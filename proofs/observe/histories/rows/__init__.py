"""Fills tables with rows that satisfy their constraints, the same in every run."""
