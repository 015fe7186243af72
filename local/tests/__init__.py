"""Tests of the local stack's own parts, and of what the scripts work out."""
