"""Writes image files byte by byte that encoders would not write, or not in a test's time."""
