"""A test's access to a local stack: buckets, queues and ledger."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from scripts.local.clients import Clients, local_clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.cloud.stored_objects import SOURCE_ETAG
from shared.model.keys import manifest_key, variant_key
from shared.model.recipe import Recipe
from shared.model.recipe_reader import read_recipes
from tests.e2e.waiting import wait_for

if TYPE_CHECKING:
    from mypy_boto3_sqs.literals import QueueAttributeNameType
    from mypy_boto3_sqs.type_defs import MessageTypeDef

RECIPES_PREFIX = "_recipes/"


@dataclass(frozen=True, slots=True)
class Fleet:
    """One local stack and its clients."""

    stack: LocalStack
    clients: Clients = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "clients", local_clients(self.stack.endpoint_url))

    def put(self, key: str, data: bytes) -> str:
        """Upload a source and return its ETag, without quotes."""
        answer = self.clients.s3.put_object(Bucket=self.stack.sources_bucket, Key=key, Body=data)
        return answer["ETag"].strip('"')

    def delete(self, key: str) -> None:
        """Delete a source; the bucket keeps the old version."""
        self.clients.s3.delete_object(Bucket=self.stack.sources_bucket, Key=key)

    def undelete(self, key: str) -> None:
        """Restore a deleted source by removing its delete marker."""
        s3, bucket = self.clients.s3, self.stack.sources_bucket
        markers = s3.list_object_versions(Bucket=bucket, Prefix=key)["DeleteMarkers"]
        s3.delete_object(Bucket=bucket, Key=key, VersionId=markers[0]["VersionId"])

    def stored_keys(self) -> set[str]:
        """Return the keys of all objects in the variants bucket except the recipes."""
        pages = self.clients.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.stack.variants_bucket
        )
        found = {entry["Key"] for page in pages for entry in page.get("Contents", [])}
        return {key for key in found if not key.startswith(RECIPES_PREFIX)}

    def source_etag_of(self, stored_key: str) -> str:
        """Return the ETag of a variant's source, from the variant's metadata."""
        answer = self.clients.s3.head_object(Bucket=self.stack.variants_bucket, Key=stored_key)
        return answer["Metadata"][SOURCE_ETAG].strip('"')

    def manifest(self, key: str) -> Mapping[str, Any] | None:
        """Return a source's manifest, or None."""
        s3 = self.clients.s3
        try:
            answer = s3.get_object(Bucket=self.stack.variants_bucket, Key=manifest_key(key))
        except s3.exceptions.NoSuchKey:
            return None
        document: Mapping[str, Any] = json.loads(answer["Body"].read())
        return document

    def ledger(self, key: str) -> Mapping[str, str]:
        """Return the strings and numbers of a source's ledger item, as text."""
        answer = self.clients.dynamodb.get_item(
            TableName=self.stack.ledger_table, Key={"key": {"S": key}}, ConsistentRead=True
        )
        item = answer.get("Item", {})
        return {name: value.get("S", value.get("N", "")) for name, value in item.items()}

    def waiting(self, queue: str) -> int:
        """Return the number of visible messages."""
        return self._count(queue, "ApproximateNumberOfMessages")

    def in_flight(self, queue: str) -> int:
        """Return the number of messages in flight."""
        return self._count(queue, "ApproximateNumberOfMessagesNotVisible")

    def receive(self, queue: str, *, hidden_for_seconds: int) -> "list[MessageTypeDef]":
        """Receive up to ten messages with all their attributes."""
        return self.clients.sqs.receive_message(
            QueueUrl=self.url(queue),
            MaxNumberOfMessages=10,
            VisibilityTimeout=hidden_for_seconds,
            MessageAttributeNames=["All"],
            MessageSystemAttributeNames=["All"],
        ).get("Messages", [])

    def dead_letters(self) -> "list[MessageTypeDef]":
        """Return up to ten dead letters and leave them in the queue."""
        return self.receive(self.stack.dead_letter_queue, hidden_for_seconds=0)

    def url(self, queue: str) -> str:
        """Return a queue's URL."""
        return self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]

    def wait_until_published(self, keys: Mapping[str, str]) -> None:
        """Wait until manifest and ledger of each key are of the source with this ETag."""
        for key, etag in keys.items():
            wait_for(f"{key!r} to be published", partial(self._shows, key, etag))

    def wait_until_quiet(self) -> None:
        """Wait until no message of the live queue is left."""
        queue = self.stack.live_queue
        wait_for("a quiet queue", lambda: self.waiting(queue) + self.in_flight(queue) == 0)

    def _count(self, queue: str, name: "QueueAttributeNameType") -> int:
        answer = self.clients.sqs.get_queue_attributes(
            QueueUrl=self.url(queue), AttributeNames=[name]
        )
        return int(answer["Attributes"][name])

    def _shows(self, key: str, etag: str) -> bool:
        manifest, ledger = self.manifest(key), self.ledger(key)
        return (
            manifest is not None
            and manifest["source"]["etag"].strip('"') == etag
            and ledger.get("status") == "published"
            and ledger.get("etag", "").strip('"') == etag
        )


def keys_stored_for(keys: Iterable[str]) -> set[str]:
    """Return the keys of all objects that the shipped recipes store for these sources."""
    recipe_set = read_recipes(recipes_document())
    return {stored for key in keys for stored in _stored_for(key, recipe_set.matching(key))}


def _stored_for(key: str, recipe: Recipe | None) -> Iterable[str]:
    assert recipe is not None
    yield manifest_key(key)
    for variant, slot in recipe.stored_names():
        yield variant_key(key, variant, slot)
