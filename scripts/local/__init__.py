"""The local AWS: MiniStack as a process, and the buckets, queues and ledger in it."""
