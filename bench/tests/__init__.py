"""Whether the measuring measures."""
