"""The whole stack on one machine: the unmodified template, state machine and functions, a real PostgreSQL, emulated AWS."""
