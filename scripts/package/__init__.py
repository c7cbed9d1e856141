"""Builds the zip that Lambda runs: the locked wheels, pruned, and this repository's own code."""
