"""A ledger entry: what is published for one source, from which version, or why not."""

from dataclasses import dataclass

PUBLISHED = "published"
REJECTED = "rejected"
REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger says of a source; `stored` is every object name that may exist for it.

    `is_unfinished` says that somebody is at work on it, or began and never came to an end: then
    what is stored may be a mixture, whatever else the entry says. `crashed_attempts` counts the
    claims that ended without a word, and `crashes` those that ended over a dead child, since the
    last that came to an end. `told_by` are the messages whose work led to this state, `change` is
    what that state was to a reader, `cause`, `stage`, `detail` why a source was rejected.
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
    lease_until: float = 0.0
    stored: frozenset[str] = frozenset()
    told_by: frozenset[str] = frozenset()
    crashed_attempts: int = 0
    crashes: int = 0
    is_unfinished: bool = False

    @property
    def was_public(self) -> bool:
        """Say whether a reader may have seen variants of this source."""
        return self.status == PUBLISHED
