"""The local AWS: MiniStack in a process, with buckets, queues and a ledger."""
