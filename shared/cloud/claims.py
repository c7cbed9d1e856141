"""The claim on a key of the ledger: what it gives, on which condition, and why it is refused."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.cloud.entries import unknown_schema
from shared.cloud.errors import ConditionRefused
from shared.cloud.items import Value, from_item
from shared.model.entry import PUBLISHED, SERVING, Entry
from shared.model.errors import Claimed, Failure

NO_LIVE_LEASE = "(attribute_not_exists(lease_until) OR lease_until < :now OR claim_token = :token)"


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to write one key until the lease ends; `entry` is the entry from before it.

    `may_exist` has every object name that may be stored for the key, now or under this claim,
    those that renderers stored included.
    `messages` has the ids of the messages that the claim was taken for.
    """

    key: str
    token: str
    lease_until: float
    entry: Entry
    may_exist: frozenset[str]
    messages: frozenset[str] = frozenset()


def unchanged(attribute: str, known: Mapping[str, str]) -> str:
    """Return the condition that a token is still the one that was read, if there was one."""
    placeholder = next(iter(known), "")
    return f"{attribute} = {placeholder}" if known else f"attribute_not_exists({attribute})"


def claim_refusal(refused: ConditionRefused, known: Entry, now: float) -> Failure:
    """Return why a claim was refused, of a key whose entry was `known`."""
    found = found_fields(refused)
    if found and (unknown := unknown_schema(found)):
        return unknown
    if refusal := _held_by_lease(found, now):
        return refusal
    return Claimed(
        f"Expected the entry that the claim with token {known.done_token!r} has written, got that "
        f"of token {found.get('done_token', '')!r}: another worker has had the key meanwhile.",
        lease_left_seconds=1.0,
    )


def serving_refusal(found: Mapping[str, Value], version: str, now: float) -> Failure | None:
    """Return why a renderer may not store objects of a version; None if it may try again."""
    if found and (unknown := unknown_schema(found)):
        return unknown
    if refusal := _held_by_lease(found, now):
        return refusal
    is_unfinished = "may_store" in found
    if (found.get("status"), found.get("version")) == (PUBLISHED, version) and not is_unfinished:
        return None
    return Claimed(
        f"Expected version {version} published and finished, got status "
        f"{found.get('status', '')!r} and version {found.get('version', '')!r}"
        f"{', unfinished' if is_unfinished else ''}.",
        lease_left_seconds=1.0,
    )


def _held_by_lease(found: Mapping[str, Value], now: float) -> Claimed | None:
    """Return the refusal by a live lease; None if there is none."""
    until = found.get("lease_until", 0)
    if isinstance(until, int | float) and until >= now:
        return held(str(found.get("claim_kind", "")), until - now)
    return None


def held(claim_kind: str, left_seconds: float) -> Claimed:
    """Return the refusal by a lease of this kind that is live for so long."""
    is_serving = claim_kind == SERVING
    holder = "a renderer's" if is_serving else "one"
    return Claimed(
        f"Expected no live lease, got {holder} for {left_seconds:.0f} s more.",
        lease_left_seconds=max(1.0, left_seconds),
        is_serving=is_serving,
        is_live=True,
    )


def found_fields(refused: ConditionRefused) -> Mapping[str, Value]:
    """Return the fields of the item that refused a write; empty if there is none."""
    return from_item(refused.found) if isinstance(refused.found, dict) else {}
