"""Forms and what is observed of them agree on every major version."""
