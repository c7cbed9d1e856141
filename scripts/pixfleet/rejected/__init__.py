"""`pixfleet rejected`: lists the sources that the ledger has as rejected."""
