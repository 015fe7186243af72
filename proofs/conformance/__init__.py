"""Proves that a team can switch between Lockstep and its own migration tool on any day, against the tools' own engines."""
