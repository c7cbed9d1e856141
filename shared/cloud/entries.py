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
    fields = from_item(item)
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

    status = text("status")
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
        lease_until=float(number("lease_until")),
        stored=names("variants") | names("may_store"),
        message_ids=names("told_by"),
        crashed_attempts=len(names("attempts") - {ours}),
        crashes=len(names("crashes")),
        is_unfinished="may_store" in fields,
        is_indexed=not status or text(STATUS_SHARD) == status_shard(status, text("key")),
    )
