"""Enqueues sources that are in the bucket already, in messages that name several keys."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.selection import Chosen, Only, Page, Skipped, Wanted
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.message_batches import OutgoingMessage
from shared.cloud.queues import Queues
from shared.events import backfill
from shared.model.errors import StorageUnavailable
from shared.model.state import GONE, StateKind

if TYPE_CHECKING:
    from scripts.pixfleet.backfill.inventory import Inventory
    from scripts.pixfleet.backfill.listing import Listing

# SQS redelivers whole messages, and a batch of ten messages names a hundred images: by the
# default recipe about 160 s of one vCPU (docs/cost.md), half of what a batch may take. With more
# keys a message, batches would run out of time; with fewer, a page would not fit into one call.
KEYS_PER_MESSAGE = 10
# Most rejected sources are rejected again, and each needs a dead letter of its own.
REJECTED_KEYS_PER_MESSAGE = 1


@dataclass(frozen=True, slots=True)
class Enqueue:
    """Sources from a list, chosen by their state and sent to one queue."""

    sources: "Listing | Inventory"
    assessor: Assessor
    ledger: LedgerReader
    queues: Queues
    queue: str
    bucket: str
    only: Only | None = None

    def pages(self, cursor: str, size: int) -> Iterator[Page]:
        """Yield the pages of the list after a cursor."""
        return self.sources.pages(cursor, size)

    def choose(self, page: Page) -> Chosen:
        """Return the sources of a page that have a recipe and the state that was asked for."""
        skipped: dict[Skipped, list[str]] = defaultdict(list)
        wanted: list[Wanted] = []
        recipe_set = self.assessor.recipes.recipe_set
        matched = [each for each in page.listed if recipe_set.matching(each.key)]
        keys = {each.key for each in matched}
        skipped[Skipped.NO_RECIPE] = [each.key for each in page.listed if each.key not in keys]
        entries = self.ledger.entries([each.key for each in matched], consistent=True)
        for listed in matched:
            entry = entries[listed.key]
            kind = self.assessor.state(listed, entry).kind
            if kind in GONE:
                skipped[Skipped.GONE].append(listed.key)
            elif self.only and self.only.value != kind.value:
                skipped[Skipped.NOT_ASKED_FOR].append(listed.key)
            else:
                wanted.append(Wanted(listed.key, entry.updated_at, kind is StateKind.CURRENT))
        return Chosen(wanted, {why: keys for why, keys in skipped.items() if keys})

    def send(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Enqueue the keys; `StorageUnavailable` if SQS refuses a message."""
        most = REJECTED_KEYS_PER_MESSAGE if self.only is Only.REJECTED else KEYS_PER_MESSAGE
        keys = [each.key for each in wanted]
        groups = [keys[at : at + most] for at in range(0, len(keys), most)]
        messages = [OutgoingMessage(backfill.write(self.bucket, group)) for group in groups]
        if refused := self.queues.send_batch(self.queue, messages):
            raise StorageUnavailable(
                f"Expected {self.queue} to take {len(messages)} messages, got {len(refused)} "
                f"back: {refused[0].reason}",
                stage="send",
            )
        return ()

    def send_again(self, wanted: Sequence[Wanted]) -> Sequence[str]:
        """Enqueue the keys again; a worker does not render a source that is current."""
        return self.send(wanted)
