"""Sets the report side by side with what a PostgreSQL does, migration by migration, on real histories."""
