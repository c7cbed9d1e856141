"""GET /v1/deletions/{receipt_id}: the proof of a deletion of all versions."""

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from shared.cloud.items import Value
from shared.model.entry import REMOVED
from worker.api.calls import Call, Reply
from worker.api.fields import Key, Time, time_of, time_or_unset
from worker.api.keys import accepted_key
from worker.api.problems import NotFound

# As `delete_all_versions` makes it. DynamoDB refuses a key of over 2,048 bytes with an error.
RECEIPT_ID = re.compile(r"[0-9a-f]{32}")


class ReceiptState(StrEnum):
    """How far a deletion has come; `begun` stays if its call was interrupted."""

    BEGUN = "begun"
    DONE = "done"
    INCOMPLETE = "incomplete"


class Receipt(msgspec.Struct, kw_only=True):
    """What was deleted of one key, by whom and when."""

    id: str
    key: Key
    state: ReceiptState
    requested_by: str
    requested_at: Time
    deleted_at: Time | UnsetType = UNSET
    version_ids: Annotated[
        Sequence[str], msgspec.Meta(description="The versions of the original that were deleted.")
    ] = ()
    refusals: Annotated[
        Sequence[str], msgspec.Meta(description="Versions that S3 did not delete, and its codes.")
    ] = ()
    purge_id: Annotated[
        str | UnsetType,
        msgspec.Meta(
            description="The id of CloudFront's invalidation; absent until CloudFront has "
            "accepted it, some minutes after the deletion, and in a stack without a purge."
        ),
    ] = UNSET
    variants_removed_at: Annotated[
        Time | UnsetType,
        msgspec.Meta(description="When the variants were deleted; absent until they are."),
    ] = UNSET


def get_deletion(call: Call, *, receipt_id: str) -> Reply:
    """Return the receipt of a deletion with `versions=all`.

    It is kept for 400 days.
    """
    fields = call.context.receipts.read(receipt_id) if RECEIPT_ID.fullmatch(receipt_id) else {}
    if not fields:
        raise NotFound("Use the receipt's path as the deletion has answered it.")
    key = accepted_key(str(fields["key"]), call.caller.prefix)
    call.note(key=key, receipt=receipt_id)
    receipt = _receipt(receipt_id, fields)
    entry = call.context.ledger.read(key)
    if entry.status == REMOVED and entry.updated_at >= float(str(fields["requested_at"])):
        receipt.variants_removed_at = time_of(entry.updated_at)
    return Reply(receipt)


def _receipt(receipt_id: str, fields: Mapping[str, Value]) -> Receipt:
    return Receipt(
        id=receipt_id,
        key=str(fields["key"]),
        state=ReceiptState(str(fields["state"])),
        requested_by=str(fields["requested_by"]),
        requested_at=time_of(float(str(fields["requested_at"]))),
        deleted_at=time_or_unset(float(str(fields.get("deleted_at", 0)))),
        version_ids=_texts(fields.get("version_ids")),
        refusals=_texts(fields.get("refusals")),
        purge_id=str(fields.get("invalidation_id", "")) or UNSET,
    )


def _texts(value: Value | None) -> Sequence[str]:
    return value if isinstance(value, list) else ()
