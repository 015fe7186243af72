"""Tests of the checks themselves: each finds what it is there to find."""
