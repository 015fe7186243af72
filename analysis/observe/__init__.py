"""Observes what a PostgreSQL does when it runs the statements in `analysis/forms`: what is inferred has to agree."""
