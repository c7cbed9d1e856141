"""Looks at everything that S3, the ledger and the dead-letter queue hold at the end."""

import json
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from shared.cloud.items import from_item
from shared.cloud.objects import SOURCE_ETAG
from shared.events.body import read_hints
from shared.events.sqs import from_receive
from shared.model.keys import MANIFEST_NAME
from tests.e2e.fleet import OURS, Fleet
from tests.soak.verdict import Entry, Letter, Manifest, Seen, Step, Stored

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

LOOKS_AT_ONCE = 4
# Longer than it takes to read the whole dead-letter queue, so that no letter is read twice.
HIDE_SECONDS = 600

Kept = dict[str, dict[str, Stored]]


def see_everything(fleet: Fleet, corrupt: AbstractSet[str], step: Step) -> Mapping[str, Seen]:
    """Return what there is about every key that anything is known of.

    `corrupt` is the ETags of all corrupt files that were dropped.
    """
    sources, entries = _sources(fleet), _entries(fleet)
    kept, manifests = _kept(fleet, step)
    keys = sources.keys() | entries.keys() | kept.keys() | manifests.keys()
    return {
        key: Seen(
            etag=sources.get(key, ""),
            is_corrupt=sources.get(key) in corrupt,
            stored=kept.get(key, {}),
            manifest=manifests.get(key),
            entry=entries.get(key, Entry()),
        )
        for key in sorted(keys)
    }


def read_letters(fleet: Fleet) -> Sequence[Letter]:
    """Return every dead letter; each is left to the queue, hidden for a while."""
    queue = fleet.stack.dead_letter_queue
    letters: list[Letter] = []
    while raw := fleet.receive(queue, hidden_for_seconds=HIDE_SECONDS):
        for each in raw:
            message = from_receive(each, queue)
            cause = message.attributes.get("cause", "")
            letters += [Letter(hint.key, cause) for hint in read_hints(message.body)]
    return letters


def _sources(fleet: Fleet) -> Mapping[str, str]:
    pages = fleet.clients.s3.get_paginator("list_objects_v2").paginate(
        Bucket=fleet.stack.sources_bucket
    )
    return {
        each["Key"]: each["ETag"].strip('"') for page in pages for each in page.get("Contents", [])
    }


def _kept(fleet: Fleet, step: Step) -> tuple[Kept, Mapping[str, Manifest]]:
    """Return all stored variants and manifests by source key: a HEAD or GET for every object."""
    listed = sorted(key for key in fleet.stored_keys() if not key.startswith(OURS))
    kept: Kept = {}
    manifests = {}
    with ThreadPoolExecutor(LOOKS_AT_ONCE) as threads:
        looks = threads.map(lambda key: _look(fleet, key), listed)
        for done, (stored_key, found) in enumerate(zip(listed, looks, strict=True), 1):
            folder, _, name = stored_key.rpartition("/")
            source_key = folder.partition("/")[2]
            if isinstance(found, Manifest):
                manifests[source_key] = found
            else:
                kept.setdefault(source_key, {})[name] = found
            step(done, len(listed))
    return kept, manifests


def _look(fleet: Fleet, stored_key: str) -> Stored | Manifest:
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
