"""Decodes, resizes and encodes images, in render child processes without credentials."""
