"""Breaks a stack as disasters do, and compares it with one that was never broken.

A restore of the table is simulated by saving its items and putting them back. The oracle is the
same stack once more, emptied, whose worker has made every source again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from shared.cloud.items import from_item
from shared.events import backfill
from shared.model.recipe import RecipeSet
from shared.model.recipe_reader import read_recipes

# What differs between two ways to the same state.
PASSING = frozenset(
    {
        "change",
        "told_by",
        "updated_at",
        "done_token",
        "cpu_seconds",
        "total_seconds",
        "last_modified",
    }
)
Items = list[dict[str, Any]]
State = tuple[Mapping[str, Any], Mapping[str, Any]]


@dataclass
class Disaster:
    """One stack, its worker, and what is done to them."""

    stack: LocalStack
    clients: Clients
    run_worker: Callable[..., None]
    saved: Items = field(default_factory=list)
    recipes: RecipeSet | None = None

    def deploy(self, recipes: Mapping[str, object]) -> None:
        """Have worker and commands use these recipes from now on."""
        self.recipes = read_recipes(recipes)
        data = json.dumps(recipes).encode()
        key = f"_recipes/{sha256(data).hexdigest()}.json"
        self.put_variant(key, data)
        document = structs.replace(
            self.stack.document(), recipes=f"s3://{self.stack.variants_bucket}/{key}"
        )
        self.clients.ssm.put_parameter(
            Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
        )

    def put(self, *keys: str, data: bytes, **metadata: str) -> None:
        for key in keys:
            self.clients.s3.put_object(
                Bucket=self.stack.sources_bucket, Key=key, Body=data, Metadata=metadata
            )

    def delete(self, *keys: str) -> None:
        for key in keys:
            self.clients.s3.delete_object(Bucket=self.stack.sources_bucket, Key=key)

    def put_variant(self, stored: str, data: bytes) -> None:
        self.clients.s3.put_object(Bucket=self.stack.variants_bucket, Key=stored, Body=data)

    def delete_variant(self, stored: str) -> None:
        self.clients.s3.delete_object(Bucket=self.stack.variants_bucket, Key=stored)

    def work(self) -> None:
        """Have the worker process both lanes."""
        self.run_worker(self.stack.live_queue, recipes=self.recipes)
        self.run_worker(self.stack.bulk_queue, recipes=self.recipes)

    def lose_sources(self) -> list[tuple[str, bytes, dict[str, str]]]:
        """Delete the sources bucket; return what its replica holds: keys, bodies, metadata."""
        s3, bucket = self.clients.s3, self.stack.sources_bucket
        replica = []
        for each in s3.list_objects_v2(Bucket=bucket)["Contents"]:
            found = s3.get_object(Bucket=bucket, Key=each["Key"])
            replica.append((each["Key"], found["Body"].read(), dict(found["Metadata"])))
        versions = s3.list_object_versions(Bucket=bucket)
        for version in (*versions["Versions"], *versions.get("DeleteMarkers", [])):
            s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
        s3.delete_bucket(Bucket=bucket)
        return replica

    def empty_lanes(self) -> None:
        """Delete every message of both lanes; PurgeQueue may be called once a minute only."""
        sqs = self.clients.sqs
        for queue in (self.stack.live_queue, self.stack.bulk_queue):
            url = sqs.get_queue_url(QueueName=queue)["QueueUrl"]
            while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get(
                "Messages"
            ):
                for each in messages:
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])

    def items(self) -> Items:
        return [dict(each) for each in self._table("scan")["Items"]]

    def save_ledger(self) -> None:
        """Remember the table as it is now, for `restore_ledger`."""
        self.saved = self.items()

    def restore_ledger(self) -> None:
        """Put the saved items back, and nothing else."""
        self.lose_ledger()
        for item in self.saved:
            self._table("put_item", Item=item)

    def lose_ledger(self, *keys: str) -> None:
        """Delete these entries, or all."""
        for item in self.items():
            if not keys or item["key"]["S"] in keys:
                self._table("delete_item", Key={"key": item["key"]})

    def lose_variants(self) -> None:
        """Delete every object but the recipes, which the next apply writes again."""
        for key in self.stored():
            self.delete_variant(key)

    def stored(self) -> dict[str, Any]:
        """Return ETag, metadata and type of each variant and manifest, by stored key."""
        bucket, found = self.stack.variants_bucket, {}
        pages = self.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for page in pages:
            for each in page.get("Contents", []):
                if not each["Key"].startswith("_"):
                    head = self.clients.s3.head_object(Bucket=bucket, Key=each["Key"])
                    found[each["Key"]] = (head["ETag"], head["Metadata"], head["ContentType"])
        return found

    def state(self) -> State:
        """Return what is stored, and what the ledger says of each key but tombstones."""
        entries = {
            str(fields["key"]): {
                name: value for name, value in fields.items() if name not in PASSING
            }
            for fields in map(from_item, self.items())
            if fields.get("status") != "removed"
        }
        return self.stored(), entries

    def oracle(self) -> State:
        """Return the state that the present sources and recipes give; the stack is lost."""
        self.empty_lanes()
        self.lose_ledger()
        self.lose_variants()
        bucket = self.stack.sources_bucket
        listed = self.clients.s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        url = self.clients.sqs.get_queue_url(QueueName=self.stack.bulk_queue)["QueueUrl"]
        for each in listed:
            body = backfill.write(bucket, [each["Key"]])
            self.clients.sqs.send_message(QueueUrl=url, MessageBody=body)
        self.work()
        return self.state()

    def _table(self, operation: str, **request: Any) -> Any:  # noqa: ANN401 - as boto3
        call = getattr(self.clients.dynamodb, operation)
        return call(TableName=self.stack.ledger_table, **request)
