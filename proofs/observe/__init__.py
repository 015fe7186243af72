"""Observes what a PostgreSQL does when it runs the statements in `crates/analysis/forms`: what is inferred has to agree."""
