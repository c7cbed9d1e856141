"""What decides whether a source is decoded at all: format, structure, size, cost."""
