"""Pixels: the render child, which decodes and encodes, and the sandbox that holds it."""
