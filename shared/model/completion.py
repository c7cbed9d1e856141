"""The completion event: what subscribers of the topic get when a source's variants change."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256

from shared.model.errors import MAX_DETAIL_CHARS, Cause

SCHEMA_VERSION = 1


class Change(StrEnum):
    """How the variants of a source have changed for readers."""

    COMPLETE = "complete"
    REPLACED = "replaced"
    REJECTED = "rejected"
    REMOVED = "removed"

    @property
    def is_public(self) -> bool:
        """Return whether readers now find a complete set of variants."""
        return self in {Change.COMPLETE, Change.REPLACED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One change of one source, as the ledger holds it; fields without a value are `None`.

    `bucket`, `key` and `etag` are the source's, `manifest` is a key of the variants bucket,
    `version` the token of its URLs, `variants` a count, `forwarded_from` the lane that left the
    source to a larger one. `happened_at` is the time of the source's
    change in the S3 event. `changed_at` is the time of the ledger entry's change, and the same for
    every message about it. Both have a time zone.
    """

    event: Change
    bucket: str
    key: str
    changed_at: datetime
    happened_at: datetime | None = None
    etag: str | None = None
    version: str | None = None
    recipe: str | None = None
    variants: int | None = None
    variant_bytes: int | None = None
    manifest: str | None = None
    cause: Cause | None = None
    detail: str | None = None
    forwarded_from: str | None = None

    @property
    def id(self) -> str:
        """Return the id of the change: 32 hex digits, equal in every message about it."""
        # The version alone is not enough: a source may return to an earlier version.
        parts = (self.event, self.bucket, self.key, self.version, self.etag, _iso(self.changed_at))
        return sha256(json.dumps(parts).encode()).hexdigest()[:32]

    @property
    def complete_seconds(self) -> float | None:
        """Return the seconds from upload to complete set; `None` without either of them."""
        if self.happened_at is None or not self.event.is_public:
            return None
        return seconds_between(self.happened_at, self.changed_at)

    @property
    def attributes(self) -> Mapping[str, str]:
        """Return the message attributes for subscription filters; SNS refuses empty values."""
        named = {"event": self.event.value, "recipe": self.recipe, "cause": self.cause}
        return {name: str(value) for name, value in named.items() if value}

    def document(self) -> str:
        """Return the event as JSON in the order of docs/events.md, without unknown fields.

        The JSON is ASCII: SNS and SQS accept only the characters of XML, and keys and decoder
        messages may hold others. https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
        """
        fields: Mapping[str, str | int | float | None] = {
            "schema": SCHEMA_VERSION,
            "id": self.id,
            "event": self.event,
            "bucket": self.bucket,
            "key": self.key,
            "etag": self.etag,
            "version": self.version,
            "recipe": self.recipe,
            "variants": self.variants,
            "variant_bytes": self.variant_bytes,
            "manifest": self.manifest,
            "cause": self.cause,
            "detail": self.detail[:MAX_DETAIL_CHARS] if self.detail is not None else None,
            "forwarded_from": self.forwarded_from,
            "happened_at": _iso(self.happened_at) if self.happened_at else None,
            "changed_at": _iso(self.changed_at),
            "complete_seconds": self.complete_seconds,
        }
        known = {name: value for name, value in fields.items() if value is not None}
        return json.dumps(known, ensure_ascii=True)


def seconds_between(happened_at: datetime, changed_at: datetime) -> float:
    """Return the seconds from an event to its result; 0 if two clocks make it negative."""
    return max(0.0, round((changed_at - happened_at).total_seconds(), 3))


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
