"""The tests, one folder a tier (see tests/README.md)."""
