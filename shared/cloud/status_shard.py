"""The attribute that carries the ledger's index on status, spread over 16 partitions of DynamoDB.

With `status` as the key of the index all published sources would share one partition, which
accepts 1,000 writes a second, and a full index throttles the writes of its table:
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html
"""

from collections.abc import Sequence
from hashlib import sha256

STATUS_SHARD = "status_shard"
SHARDS = 16


def status_shard(status: str, key: str) -> str:
    """Return the attribute's value for a source with this status: `published#07`."""
    return f"{status}#{sha256(key.encode()).digest()[-1] % SHARDS:02d}"


def status_shards(status: str) -> Sequence[str]:
    """Return every value that the attribute can have with this status."""
    return [f"{status}#{shard:02d}" for shard in range(SHARDS)]
