"""functional tier: see tests/README.md."""
