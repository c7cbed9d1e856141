"""A ledger entry: what is published for a source, from which version, or why it is rejected."""

from collections.abc import Mapping
from dataclasses import dataclass, field

PUBLISHED = "published"
REJECTED = "rejected"
REMOVED = "removed"

# The kind of a renderer's claim; a worker's claim has none.
SERVING = "serving"


@dataclass(frozen=True, slots=True)
class Entry:
    """What the ledger stores for a source.

    `stored` is every object name that workers have stored or may have stored for it, `lazy` those
    that renderers may have stored since. `equal` has the names that are copies of stored ones:
    name to stored name. `is_all_eager` says that all names were made at upload although the recipe
    has lazy names. `claim_kind` is `SERVING` while a renderer holds the claim. `purge_due` is the
    time of the removal or rejection for which CloudFront has to be purged, 0 if there is none.
    `is_unfinished` means that a worker holds a claim on the key, or that a claim ended without a
    result: then the stored variants may be of several versions, whatever else the entry says.
    Since the last result, `crashed_attempts` counts the claims whose worker stopped without
    releasing them, and `crashes` the claims under which a render child died. `message_ids` are
    those of the messages that led to this status, `change` is the completion event of the status,
    and `cause`, `stage` and `detail` explain a rejection. `done_token` is the token of the last
    claim of a worker that ended, `served_token` that of a renderer. An entry with a status is not
    `is_indexed` if the index on status lacks it: an earlier version wrote it.

    `forwarded_to` is the lane that the key was forwarded to since the last result, at
    `forwarded_at` and for the reason `forwarded_why`. `forwarded_from` is the lane from which the
    message of the last result was forwarded.
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
    served_token: str = ""
    claim_kind: str = ""
    lease_until: float = 0.0
    purge_due: float = 0.0
    stored: frozenset[str] = frozenset()
    lazy: frozenset[str] = frozenset()
    equal: Mapping[str, str] = field(default_factory=dict)
    is_all_eager: bool = False
    message_ids: frozenset[str] = frozenset()
    crashed_attempts: int = 0
    crashes: int = 0
    is_unfinished: bool = False
    is_indexed: bool = True
    forwarded_to: str = ""
    forwarded_why: str = ""
    forwarded_at: float = 0.0
    forwarded_from: str = ""

    @property
    def may_be_cached(self) -> bool:
        """Return whether CloudFront may have answers made of this entry's objects.

        Objects that an unfinished attempt has stored can be read, too.
        """
        return self.is_published or bool(self.lazy or self.stored)

    @property
    def is_published(self) -> bool:
        """Return whether readers may have seen variants of this source."""
        return self.status == PUBLISHED

    @property
    def may_exist(self) -> frozenset[str]:
        """Return every object name that may be stored, the manifest's aside."""
        return self.stored | self.lazy

    def is_serving(self, now: float) -> bool:
        """Return whether a renderer's claim is live at this time, in seconds since the epoch."""
        return self.claim_kind == SERVING and self.lease_until >= now
