"""What worker and command line have in common, in layers (see ARCHITECTURE.md)."""
