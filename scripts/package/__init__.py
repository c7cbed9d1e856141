"""Builds the zip that Lambda runs: the worker's code and its locked dependencies, pruned."""
