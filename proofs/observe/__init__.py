"""Observes a PostgreSQL that runs the statements in `crates/analysis/forms`. The analysis has to agree with it."""
