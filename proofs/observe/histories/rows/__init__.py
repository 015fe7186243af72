"""Fills tables with rows that their constraints allow, the same ones in every run."""
