"""imaging tier: see tests/README.md."""
