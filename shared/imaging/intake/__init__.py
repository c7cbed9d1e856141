"""Refuses sources before they are decoded: by format, structure, size and memory cost."""
