"""The versions that ledger entries, dead letters and `pixfleet --version` bear."""

# Of the worker's code; pyproject.toml says the same.
WORKER_VERSION = "0.1.0"

# Of the pixels: raise it where the same source and recipe give other bytes or another manifest,
# so that every entry of an older engine is stale.
ENGINE_VERSION = "2"
