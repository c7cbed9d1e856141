"""Writes image files byte by byte: what no encoder would, or not in a test's time."""
