"""The forms and their observations agree on every major version."""
