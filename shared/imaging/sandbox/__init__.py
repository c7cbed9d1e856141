"""Locks that a render child puts on itself before it reads its first byte."""
