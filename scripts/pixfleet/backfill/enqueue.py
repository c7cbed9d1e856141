"""Brings sources that are in the bucket already to the fleet: messages that name them."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.selection import Chosen, Only, Page, Skipped, Wanted
from shared.cloud.errors import attempt
from shared.cloud.ledger_reader import LedgerReader
from shared.events import backfill
from shared.model.errors import StorageUnavailable
from shared.model.state import GONE, StateKind

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

    from scripts.pixfleet.backfill.inventory import Inventory
    from scripts.pixfleet.backfill.listing import Listing

# A message is what is tried again, and a batch of ten messages is a hundred images: by the default
# recipe about 160 s of one vCPU (docs/cost.md), half of what a batch may take. More would end in
# batches that are cut off; fewer would save nothing but a page's being one call to SQS.
KEYS_A_MESSAGE = 10
# What was rejected will mostly be rejected again, and then each wants a dead letter of its own.
REJECTED_KEYS_A_MESSAGE = 1
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
BATCH_MESSAGES = 10
# All messages of a batch together; SQS takes 1 MiB by now, and took 256 KiB before 2025.
BATCH_BYTES = 240_000
ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Sources from a list, chosen by how they stand, sent to one queue."""

    sources: "Listing | Inventory"
    assessor: Assessor
    ledger: LedgerReader
    outbox: "Outbox"
    only: Only | None = None

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield the list."""
        return self.sources.pages(cursor, size)

    def choose(self, page: Page) -> Chosen:
        """Return the sources of a page that have a recipe and stand as was asked."""
        skipped: dict[Skipped, list[str]] = defaultdict(list)
        wanted: list[Wanted] = []
        recipe_set = self.assessor.recipes.recipe_set
        ours = [each for each in page.listed if recipe_set.matching(each.key)]
        known = {each.key for each in ours}
        skipped[Skipped.NO_RECIPE] = [each.key for each in page.listed if each.key not in known]
        entries = self.ledger.entries([each.key for each in ours], consistent=True)
        for listed in ours:
            entry = entries[listed.key]
            state = self.assessor.state(listed, entry).kind
            if state in GONE:
                skipped[Skipped.GONE].append(listed.key)
            elif self.only and self.only.value != state.value:
                skipped[Skipped.NOT_ASKED_FOR].append(listed.key)
            else:
                is_current = state is StateKind.CURRENT
                wanted.append(Wanted(listed.key, entry.updated_at, is_current))
        return Chosen(wanted, {why: keys for why, keys in skipped.items() if keys})

    def send(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Put the keys on the queue."""
        most = REJECTED_KEYS_A_MESSAGE if self.only is Only.REJECTED else KEYS_A_MESSAGE
        keys = [each.key for each in wanted]
        self.outbox.send([keys[at : at + most] for at in range(0, len(keys), most)])
        return ()

    def send_again(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Put the keys on the queue: a worker that finds them done makes nothing twice."""
        return self.send(wanted)


@dataclass(frozen=True, slots=True)
class Outbox:
    """Sends backfill messages to one queue, ten in a call where their size allows."""

    sqs: "SQSClient"
    queue: str
    bucket: str
    _url: list[str] = field(default_factory=list)

    def send(self, groups: Sequence[Sequence[str]]) -> None:
        """Send a message for each group of keys; raises if SQS will not take one."""
        batch: list[str] = []
        for body in (backfill.write(self.bucket, keys) for keys in groups):
            is_full = (
                len(batch) == BATCH_MESSAGES or sum(map(len, batch)) + len(body) > BATCH_BYTES
            )
            if batch and is_full:
                self._send(batch)
                batch = []
            batch.append(body)
        if batch:
            self._send(batch)

    def _send(self, bodies: Sequence[str]) -> None:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(at), "MessageBody": body} for at, body in enumerate(bodies)
        ]
        for tried in range(ROUNDS):
            if tried:
                time.sleep(0.1 * 2**tried)
            answer = attempt(
                lambda entries=entries: self.sqs.send_message_batch(  # type: ignore[misc]
                    QueueUrl=self._queue_url(), Entries=entries
                ),
                stage="send",
            )
            failed = answer.get("Failed", [])
            if not failed:
                return
            # Each message of a batch fails by itself, with status 200 for the whole.
            refused = {each["Id"] for each in failed}
            entries = [each for each in entries if each["Id"] in refused]
        raise StorageUnavailable(
            f"Expected {self.queue} to take {len(bodies)} messages, got {len(failed)} back: "
            f"{failed[0].get('Message', failed[0]['Code'])}",
            stage="send",
        )

    def _queue_url(self) -> str:
        if not self._url:
            self._url.append(
                attempt(lambda: self.sqs.get_queue_url(QueueName=self.queue), stage="queue")[
                    "QueueUrl"
                ]
            )
        return self._url[0]
