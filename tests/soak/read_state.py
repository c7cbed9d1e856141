"""Reads all of S3, the ledger and the dead-letter queue at the end."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from scripts.pixfleet.stack.dead_letter_scan import Scan
from shared.clock import SystemClock
from shared.cloud.items import from_item
from shared.cloud.queues import Queues
from shared.cloud.stored_objects import SOURCE_ETAG
from shared.model.keys import MANIFEST_NAME
from tests.e2e.fleet import RECIPES_PREFIX, Fleet
from tests.soak.check import DeadLetterKey, Entry, KeyState, Manifest, Step, Stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

CONCURRENT_READS = 4

Kept = dict[str, dict[str, Stored]]


def read_states(fleet: Fleet, corrupt: AbstractSet[str], step: Step) -> Mapping[str, KeyState]:
    """Return the state of every key that is in a bucket or in the ledger.

    `corrupt` has the ETags of all corrupt files that were uploaded.
    """
    sources, entries = _sources(fleet), _entries(fleet)
    kept, manifests = _kept(fleet, step)
    keys = sources.keys() | entries.keys() | kept.keys() | manifests.keys()
    return {
        key: KeyState(
            etag=sources.get(key, ""),
            is_corrupt=sources.get(key) in corrupt,
            stored=kept.get(key, {}),
            manifest=manifests.get(key),
            entry=entries.get(key, Entry()),
        )
        for key in sorted(keys)
    }


def read_dead_letters(fleet: Fleet) -> Sequence[DeadLetterKey]:
    """Return the keys of all dead letters with their causes; an empty key if a body has none."""
    with Scan(
        Queues(fleet.clients.sqs, fleet.clients.calls),
        fleet.stack.dead_letter_queue,
        SystemClock(),
    ) as scan:
        found = [
            DeadLetterKey(key, dead_letter.attributes.cause)
            for dead_letter in scan
            for key in dead_letter.keys or ("",)
        ]
    assert not scan.is_cut_short, f"only {scan.read_count} dead letters were read"
    return found


def _sources(fleet: Fleet) -> Mapping[str, str]:
    pages = fleet.clients.s3.get_paginator("list_objects_v2").paginate(
        Bucket=fleet.stack.sources_bucket
    )
    return {
        each["Key"]: each["ETag"].strip('"') for page in pages for each in page.get("Contents", [])
    }


def _kept(fleet: Fleet, step: Step) -> tuple[Kept, Mapping[str, Manifest]]:
    """Return all variants and manifests by source key, with one HEAD or GET per object."""
    listed = sorted(key for key in fleet.stored_keys() if not key.startswith(RECIPES_PREFIX))
    kept: Kept = {}
    manifests = {}
    with ThreadPoolExecutor(CONCURRENT_READS) as threads:
        read = threads.map(lambda key: _read(fleet, key), listed)
        for done, (stored_key, found) in enumerate(zip(listed, read, strict=True), 1):
            folder, _, name = stored_key.rpartition("/")
            source_key = folder.partition("/")[2]
            if isinstance(found, Manifest):
                manifests[source_key] = found
            else:
                kept.setdefault(source_key, {})[name] = found
            step(done, len(listed))
    return kept, manifests


def _read(fleet: Fleet, stored_key: str) -> Stored | Manifest:
    bucket, s3 = fleet.stack.variants_bucket, fleet.clients.s3
    if not stored_key.endswith(f"/{MANIFEST_NAME}"):
        head = s3.head_object(Bucket=bucket, Key=stored_key)
        return Stored(head["Metadata"].get(SOURCE_ETAG, ""), head["ContentLength"])
    document = json.loads(s3.get_object(Bucket=bucket, Key=stored_key)["Body"].read())
    sizes = {f"{each['name']}.{each['slot']}": each["bytes"] for each in document["variants"]}
    return Manifest(document["source"]["etag"].strip('"'), sizes)


def _entries(fleet: Fleet) -> Mapping[str, Entry]:
    pages = fleet.clients.dynamodb.get_paginator("scan").paginate(
        TableName=fleet.stack.ledger_table, ConsistentRead=True
    )
    return {str(item["key"]["S"]): _entry(item) for page in pages for item in page["Items"]}


def _entry(item: "Mapping[str, AttributeValueTypeDef]") -> Entry:
    fields = from_item(item)
    names = fields.get("variants", [])
    return Entry(
        status=str(fields.get("status", "")),
        etag=str(fields.get("etag", "")),
        names=frozenset(names) if isinstance(names, list) else frozenset(),
        is_unfinished="may_store" in fields,
    )
