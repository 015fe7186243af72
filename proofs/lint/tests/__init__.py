"""Tests of the checks themselves: each check finds the faults that it is for."""
