"""The `pixfleet` command: what an operator, an owner or a developer types."""
