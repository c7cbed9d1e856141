"""A ledger entry: what is published for a source, from which version, or why it is rejected."""

from dataclasses import dataclass

PUBLISHED = "published"
REJECTED = "rejected"
REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger stores for a source; `stored` is every object name that may exist for it.

    `is_unfinished` means that a worker holds a claim on the key, or that a claim ended without a
    result: then the stored variants may be of several versions, whatever else the entry says.
    Since the last result, `crashed_attempts` counts the claims whose worker stopped without
    releasing them, and `crashes` the claims under which a render child died. `message_ids` are
    those of the messages that led to this status, `change` is the completion event of the status,
    and `cause`, `stage` and `detail` explain a rejection. `done_token` is the token of the last
    claim that ended. An entry with a status is not `is_indexed` if the index on status lacks it:
    an earlier version wrote it.
    """

    status: str = ""
    change: str = ""
    etag: str = ""
    identity: str = ""
    last_modified: str = ""
    recipe: str = ""
    fingerprint: str = ""
    engine: str = ""
    version: str = ""
    cause: str = ""
    stage: str = ""
    detail: str = ""
    source_bytes: int = 0
    variant_bytes: int = 0
    cpu_seconds: float = 0.0
    total_seconds: float = 0.0
    updated_at: float = 0.0
    done_token: str = ""
    lease_until: float = 0.0
    stored: frozenset[str] = frozenset()
    message_ids: frozenset[str] = frozenset()
    crashed_attempts: int = 0
    crashes: int = 0
    is_unfinished: bool = False
    is_indexed: bool = True

    @property
    def is_published(self) -> bool:
        """Return whether readers may have seen variants of this source."""
        return self.status == PUBLISHED
