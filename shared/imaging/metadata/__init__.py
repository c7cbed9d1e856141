"""Separates a source's metadata from its pixels, so that no C library parses metadata."""
