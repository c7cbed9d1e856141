"""Compares sources, ledger and stored variants of a whole stack, and mends what differs."""
