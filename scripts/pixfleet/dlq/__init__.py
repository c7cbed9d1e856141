"""`pixfleet dlq`: reads, tries, redrives and deletes dead letters."""
