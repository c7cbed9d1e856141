"""Parsers of file formats, for metadata that libvips does not read or reads wrongly."""
