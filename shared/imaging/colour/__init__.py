"""Colour profiles: reading, writing and comparing them."""
