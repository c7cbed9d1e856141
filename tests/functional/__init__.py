"""functional tier: see CONTRIBUTING.md."""
