"""Reads ledger items of the one schema that this version knows."""

from collections.abc import Mapping
from typing import Any

from shared.cloud.items import Value, from_item
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.model.entry import Entry
from shared.model.errors import UnknownSchema

SCHEMA_VERSION = 1


def unknown_schema(fields: Mapping[str, Value]) -> UnknownSchema | None:
    """Return why an item's fields cannot be read; None if they can."""
    schema = fields.get("schema")
    if schema == SCHEMA_VERSION:
        return None
    return UnknownSchema(
        f"Expected ledger schema {SCHEMA_VERSION}, got {schema}: deploy the worker that wrote it.",
        stage="ledger",
    )


def read_entry(item: Mapping[str, Any], *, ours: str = "") -> Entry:
    """Return the entry of an item; an empty entry for an empty item.

    `ours` is a claim token that does not count as an earlier attempt. `UnknownSchema` if another
    version of this program wrote the item.
    """
    return entry_of(from_item(item), ours=ours)


def entry_of(fields: Mapping[str, Value], *, ours: str = "") -> Entry:
    """Return the entry of an item's fields, like `read_entry`."""
    if fields and (unknown := unknown_schema(fields)):
        raise unknown

    def text(name: str) -> str:
        value = fields.get(name, "")
        return value if isinstance(value, str) else ""

    def names(name: str) -> frozenset[str]:
        value = fields.get(name, ())
        return frozenset(map(str, value)) if isinstance(value, list | frozenset) else frozenset()

    def number(name: str) -> int | float:
        value = fields.get(name, 0)
        return value if isinstance(value, int | float) else 0

    def groups(name: str) -> Mapping[str, frozenset[str]]:
        value = fields.get(name, {})
        return value if isinstance(value, Mapping) else {}

    status = text("status")
    # An earlier worker writes neither of these facts, and removes neither.
    is_of_renderer = text("facts_of") == facts_of(fields)
    return Entry(
        status=status,
        change=text("change"),
        etag=text("etag"),
        identity=text("identity"),
        last_modified=text("last_modified"),
        recipe=text("recipe"),
        fingerprint=text("fingerprint"),
        engine=text("engine"),
        version=text("version"),
        cause=text("cause"),
        stage=text("stage"),
        detail=text("detail"),
        source_bytes=round(number("source_bytes")),
        variant_bytes=round(number("variant_bytes")),
        cpu_seconds=float(number("cpu_seconds")),
        total_seconds=float(number("total_seconds")),
        updated_at=float(number("updated_at")),
        done_token=text("done_token"),
        served_token=text("served_token"),
        claim_kind=text("claim_kind"),
        lease_until=float(number("lease_until")),
        purge_due=float(number("purge_due")),
        stored=names("variants") | names("may_store"),
        lazy=names("lazy"),
        equal={name: stored for stored, copies in groups("equal").items() for name in copies}
        if is_of_renderer
        else {},
        is_all_eager=is_of_renderer and bool(number("is_all_eager")),
        message_ids=names("told_by"),
        crashed_attempts=len(names("attempts") - {ours}),
        crashes=len(names("crashes")),
        is_unfinished="may_store" in fields,
        forwarded_to=text("forwarded_to"),
        forwarded_why=text("forwarded_why"),
        forwarded_at=float(number("forwarded_at")),
        forwarded_from=text("forwarded_from"),
        is_indexed=not status or text(STATUS_SHARD) == status_shard(status, text("key")),
    )


def facts_of(fields: Mapping[str, Value]) -> str:
    """Return the version and engine whose files the facts `equal` and `is_all_eager` describe.

    Entries have it beside these facts. A renderer must not copy the files of one version because
    those of another were equal: a stack may go back to a worker that knows no copies, and forward
    again.
    """
    return f"{fields.get('version', '')} {fields.get('engine', '')}"


def by_stored_name(equal: Mapping[str, str]) -> Mapping[str, frozenset[str]]:
    """Return the fact `equal` as items have it: the names of the copies by stored name.

    So no name is in it twice, and items stay under 4 KB, which DynamoDB bills as one read.
    """
    return {
        stored: frozenset(name for name, of in equal.items() if of == stored)
        for stored in sorted(set(equal.values()))
    }
