"""The tests, one folder a tier (see CONTRIBUTING.md)."""
