"""What every proof builds on: a PostgreSQL of its own, a proxy before it, the Runtime API, and a deployment to test."""
