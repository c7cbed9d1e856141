"""Sends many sources to the fleet, and counts what became of each of them."""
