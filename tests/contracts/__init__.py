"""What AWS does, stated once, and asked of everything that stands in for it."""
