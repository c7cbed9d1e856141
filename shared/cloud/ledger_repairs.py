"""Changes of ledger entries without a claim, for `pixfleet verify`."""

from collections.abc import Mapping
from contextlib import suppress

from shared.cloud.claims import found_fields
from shared.cloud.entries import SCHEMA_VERSION
from shared.cloud.errors import ConditionRefused
from shared.cloud.finish import with_status
from shared.cloud.items import Value
from shared.cloud.ledger import Ledger
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.model.entry import PUBLISHED


def add_to_index(ledger: Ledger, key: str) -> None:
    """Write the attribute that carries the index on status, where it is missing or wrong.

    A worker that finishes the key meanwhile writes the attribute itself.
    """
    entry = ledger.read(key)
    if entry.is_indexed:
        return
    with suppress(ConditionRefused):
        ledger.items.update(
            key,
            f"SET {STATUS_SHARD} = :shard",
            condition="#status = :status AND #schema = :schema",
            names={"#status": "status", "#schema": "schema"},
            values={
                ":shard": status_shard(entry.status, key),
                ":status": entry.status,
                ":schema": SCHEMA_VERSION,
            },
        )


def add_published(ledger: Ledger, key: str, fields: Mapping[str, Value], *, at: float) -> bool:
    """Write the entry of a source that is published already; return whether it has it now.

    For an entry that was lost: an item that exists is not changed, whatever it says. `fields`
    are those of `Ledger.commit`, and `at` is the time of that commit, in seconds since the epoch.
    """
    written = {**with_status(key, PUBLISHED, fields, at), "schema": SCHEMA_VERSION}
    names = {f"#f{number}": name for number, name in enumerate(written)}
    values = {f":v{number}": value for number, value in enumerate(written.values())}
    assignments = ", ".join(f"{name} = {value}" for name, value in zip(names, values, strict=True))
    try:
        ledger.items.update(
            key,
            f"SET {assignments}",
            condition="attribute_not_exists(#key)",
            names={**names, "#key": "key"},
            values=values,
        )
    except ConditionRefused as refused:
        # Perhaps by this same write, whose answer was lost.
        found = found_fields(refused)
        return all(found.get(name) == value for name, value in written.items())
    return True
