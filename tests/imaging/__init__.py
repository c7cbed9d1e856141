"""imaging tier: see CONTRIBUTING.md."""
