"""Parsers of file formats: what libvips does not read, or reads wrongly."""
