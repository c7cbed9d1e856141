"""What the write that ends the work on a key sets and removes."""

from collections.abc import Mapping

from shared.cloud.claims import Claim
from shared.cloud.entries import facts_of
from shared.cloud.items import Value
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.model.errors import Failure

TOMBSTONE_SECONDS = 90 * 86_400
MAX_DETAIL_BYTES = 500
# An older answer is in no cache any more: CloudFront has it for six minutes at most.
PURGE_DUE_SECONDS = 15 * 60

# Attributes of one published version.
FACTS = (
    "change",
    "etag",
    "identity",
    "last_modified",
    "source_bytes",
    "recipe",
    "fingerprint",
    "engine",
    "version",
    "equal",
    "is_all_eager",
    "facts_of",
    "variant_bytes",
    "cpu_seconds",
    "total_seconds",
    "forwarded_from",
)
OF_RENDERER = frozenset({"equal", "is_all_eager"})
FORWARDED = ("forwarded_to", "forwarded_why", "forwarded_at")
WHY = ("cause", "stage", "detail")
# Attributes that are removed when the next claim ends.
PASSING = (
    "told_by",
    "expires_at",
    "lease_until",
    "attempts",
    "crashes",
    "may_store",
    "lazy",
    *FORWARDED,
)


def rejection_fields(failure: Failure) -> Mapping[str, Value]:
    """Return the fields of a rejected source's entry that say why."""
    return {
        "variants": [],
        "cause": failure.cause.value,
        "stage": failure.stage,
        "detail": _within(MAX_DETAIL_BYTES, failure.detail),
    }


def forwarded_fields(lane: str, why: Failure, now: float) -> Mapping[str, Value]:
    """Return the fields that say to which larger lane a key is forwarded now, and why."""
    return dict(zip(FORWARDED, (lane, _within(MAX_DETAIL_BYTES, str(why)), now), strict=True))


def tombstone_fields(now: float) -> Mapping[str, Value]:
    """Return the fields of a tombstone that is written now."""
    return {"variants": [], "expires_at": int(now + TOMBSTONE_SECONDS)}


def finished(
    claim: Claim, status: str, fields: Mapping[str, Value], now: float, *, purges: bool
) -> tuple[Mapping[str, Value], tuple[str, ...]]:
    """Return the attributes to write with a status, and those of the former state to remove.

    `purges` makes a purge due now. One that was due before stays so as long as it is useful.
    """
    written = with_status(claim.key, status, fields, now)
    if claim.messages:
        written["told_by"] = claim.messages
    former: tuple[str, ...] = (*FACTS, *WHY, *PASSING)
    if purges:
        written["purge_due"] = now
    elif claim.entry.purge_due <= now - PURGE_DUE_SECONDS:
        former = (*former, "purge_due")
    return written, tuple(name for name in former if name not in written)


def with_status(key: str, status: str, fields: Mapping[str, Value], at: float) -> dict[str, Value]:
    """Return the attributes of a status that was reached at this time.

    Every write of a status uses them, so the index on status has every entry.
    """
    written = {
        **fields,
        "status": status,
        STATUS_SHARD: status_shard(status, key),
        "updated_at": at,
    }
    if OF_RENDERER & fields.keys():
        written["facts_of"] = facts_of(fields)
    return written


def _within(most_bytes: int, text: str) -> str:
    """Return the beginning of a text, of at most so many bytes in UTF-8."""
    return text.encode(errors="replace")[:most_bytes].decode(errors="ignore")
