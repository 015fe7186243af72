"""The harness can fail: what is planted is found."""
