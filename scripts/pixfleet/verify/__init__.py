"""Compares sources, ledger and stored variants of a whole stack, and repairs the differences."""
