"""Deletes every version of a source, and keeps a receipt of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from shared.cloud.items import Value
from shared.cloud.source_bucket import DeletedVersions
from worker.api.calls import Call
from worker.api.deletions.purges import purge_after_deletion

# Ids of versions are 32 characters as a rule, and an item of DynamoDB holds 400 KB.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
MAX_VERSIONS = 5_000
BEGUN, DONE, INCOMPLETE = "begun", "done", "incomplete"


@dataclass(frozen=True, slots=True)
class Done:
    """What was deleted of one key; not `is_all` if some versions are left."""

    receipt_id: str
    is_all: bool


def delete_all_versions(call: Call, key: str) -> Done | None:
    """Delete all versions of a key; None if it has none.

    The receipt is written before the first version is deleted and again afterwards, so that there
    is none without a receipt, however the call ends.
    """
    if not call.context.sources.has_versions(key):
        return None
    receipt_id = uuid4().hex
    begun: dict[str, Value] = {
        "key": key,
        "requested_by": call.caller.owner,
        "requested_at": call.context.clock.now(),
    }
    call.context.receipts.write(receipt_id, {**begun, "state": BEGUN})
    call.note(receipt=receipt_id)
    deleted = call.context.sources.delete_versions(key, most=MAX_VERSIONS)
    # Its delay is longer than this call, so the purge function adds to a complete receipt.
    message_id = purge_after_deletion(call, key, receipt_id)
    call.context.receipts.write(
        receipt_id, {**begun, **_result(call, deleted), "purge_message_id": message_id}
    )
    return Done(receipt_id, deleted.is_all)


def _result(call: Call, deleted: DeletedVersions) -> Mapping[str, Value]:
    return {
        "state": DONE if deleted.is_all else INCOMPLETE,
        "deleted_at": call.context.clock.now(),
        "version_ids": list(deleted.version_ids),
        "refusals": list(deleted.refusals),
    }
