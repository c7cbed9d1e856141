"""The worker's version and the engine's version, as ledger and dead letters hold them."""

# The version of the code, equal to the one in pyproject.toml. `pixfleet --version` prints it.
WORKER_VERSION = "0.1.0"

# Increase it if the same source and recipe give other bytes or another manifest than before. Then
# the sources of every ledger entry of an older engine are stale.
ENGINE_VERSION = "4"
