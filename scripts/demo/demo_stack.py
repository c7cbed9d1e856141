"""Uploads the demo's images to the local AWS, and reads what became of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from scripts.demo.folder import ImageFile
from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.stack.dead_letter_scan import Scan, ScanPolicy
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.clock import SystemClock
from shared.cloud.queues import Queues
from shared.model.keys import manifest_key, variant_key
from shared.model.recipe import Slot

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
MAX_ITEMS_PER_BATCH_GET = 100
PUBLISHED = "published"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class FinishedKey:
    """The ledger's entry of a key that is published or rejected and that no worker has claimed."""

    status: str
    render_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class DemoStack:
    """The demo's access to its local stack."""

    stack: LocalStack
    clients: Clients
    _urls: dict[str, str] = field(default_factory=dict)

    def upload(self, image: ImageFile) -> None:
        """Put one source into its bucket, streamed from its file."""
        with image.path.open("rb") as body:
            self.clients.s3.put_object(Bucket=self.stack.sources_bucket, Key=image.key, Body=body)

    def finished_keys(self, keys: Iterable[str]) -> Mapping[str, FinishedKey]:
        """Return the ledger entries of those of the keys that are finished."""
        found: dict[str, FinishedKey] = {}
        for some in _chunks(keys, MAX_ITEMS_PER_BATCH_GET):
            table = self.stack.ledger_table
            answer = self.clients.dynamodb.batch_get_item(
                RequestItems={
                    table: {"Keys": [{"key": {"S": key}} for key in some], "ConsistentRead": True}
                }
            )
            for item in answer["Responses"].get(table, []):
                values = {name: value.get("S", value.get("N", "")) for name, value in item.items()}
                if values.get("status") in {PUBLISHED, REJECTED} and "claim_token" not in values:
                    found[values["key"]] = _finished_key(values)
        return found

    def dead_letters(self) -> Sequence[DeadLetter]:
        """Return every message of the dead-letter queue, and leave all of them in it."""
        queues, policy = Queues(self.clients.sqs, self.clients.calls), ScanPolicy(wait_seconds=0)
        queue = self.stack.dead_letter_queue
        with Scan(queues, queue, SystemClock(), policy=policy) as scan:
            return tuple(scan)

    def queue_lengths(self) -> Mapping[str, int]:
        """Return how many messages each queue holds: visible, in flight and delayed."""
        return {
            "live": self._length(self.stack.live_queue),
            "dead_letter": self._length(self.stack.dead_letter_queue),
        }

    def manifest(self, key: str) -> bytes:
        """Return a source's manifest."""
        return self._stored(manifest_key(key))[1]

    def variant(self, key: str, name: str, slot: Slot) -> tuple[str, bytes]:
        """Return a variant's stored Content-Type and its bytes."""
        return self._stored(variant_key(key, name, slot))

    def _stored(self, key: str) -> tuple[str, bytes]:
        answer = self.clients.s3.get_object(Bucket=self.stack.variants_bucket, Key=key)
        return answer["ContentType"], answer["Body"].read()

    def _length(self, queue: str) -> int:
        answer = self.clients.sqs.get_queue_attributes(
            QueueUrl=self._url(queue),
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )
        return sum(int(count) for count in answer["Attributes"].values())

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            self._urls[queue] = self.clients.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        return self._urls[queue]


def _finished_key(values: Mapping[str, str]) -> FinishedKey:
    return FinishedKey(
        status=values["status"],
        render_seconds=float(values.get("cpu_seconds") or 0),
        total_seconds=float(values.get("total_seconds") or 0),
    )


def _chunks(keys: Iterable[str], size: int) -> Iterator[Sequence[str]]:
    left = iter(keys)
    while some := list(islice(left, size)):
        yield some
