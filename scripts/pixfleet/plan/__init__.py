"""Shows what recipes do before they are deployed: explanation, JSON Schema, trial."""
