"""Fills the slots of an image: chooses encoders by its content, and encodes."""
