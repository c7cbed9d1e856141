"""Deletions: sources that are deleted on request, with receipts, and purges of their variants."""
