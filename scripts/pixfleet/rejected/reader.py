"""Reads rejected sources from the ledger's index on status, the newest first."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice

from scripts.pixfleet.stack.causes import facts_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.failed_images import FailedImage, FailedImages
from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.cloud.ledger_reader import BATCH_KEYS, LedgerReader
from shared.cloud.status_index import StatusEntry, StatusIndex
from shared.model.entry import REJECTED, Entry

# Of each of the index's 16 shards: a page is about 50 KB.
PAGE_ENTRIES = 500
# Where only few entries match, the whole index would be read: it may have millions.
MAX_READ = 200_000
MAX_ROWS = 10_000


@dataclass(frozen=True, slots=True)
class RejectedFilter:
    """Which rejected sources are wanted; an empty condition is always met.

    `since` is in seconds since the epoch. At most `most` are returned.
    """

    cause: str = ""
    prefix: str = ""
    since: float = 0.0
    most: int = MAX_ROWS

    def __contains__(self, entry: StatusEntry) -> bool:
        """Return whether an entry meets cause and prefix."""
        return entry.key.startswith(self.prefix) and self.cause in ("", entry.cause)


@dataclass
class RejectedReader:
    """Reads the rejected sources of one stack; `read_count` is how many entries were read."""

    index: StatusIndex
    ledger: LedgerReader
    max_read: int = MAX_READ
    read_count: int = 0

    def read(
        self, wanted: RejectedFilter, advance: Callable[[int], None] = lambda _: None
    ) -> FailedImages:
        """Return the wanted sources, the newest first; `advance` gets how many were found.

        The index has the cause; the detail is read from the table, a hundred at a time. A source
        that has changed since is left out.
        """
        images: list[FailedImage] = []
        why: list[str] = []
        matching = self._matching(wanted, why)
        while batch := list(islice(matching, BATCH_KEYS)):
            images += self._with_details(batch)
            advance(len(batch))
        return FailedImages(images, is_complete=not why, why="".join(why))

    def _matching(self, wanted: RejectedFilter, why: list[str]) -> Iterator[StatusEntry]:
        found = 0
        for entry in self.index.newest_first(REJECTED, page_size=PAGE_ENTRIES):
            if entry.at < wanted.since:
                return
            if self.read_count == self.max_read:
                why.append(f"Only the newest {self.max_read:,} rejected sources were looked at")
                return
            self.read_count += 1
            if entry not in wanted:
                continue
            if found == wanted.most:
                why.append(f"Only the newest {wanted.most:,} are listed")
                return
            found += 1
            yield entry

    def _with_details(self, batch: Sequence[StatusEntry]) -> Iterator[FailedImage]:
        entries = self.ledger.of([each.key for each in batch], consistent=False)
        for each in batch:
            entry = entries[each.key]
            if isinstance(entry, Entry) and entry.status != REJECTED:
                continue
            yield FailedImage(
                key=each.key,
                cause=each.cause,
                fixed_by=facts_of(each.cause).fixed_by,
                at=datetime.fromtimestamp(each.at, UTC),
                detail=entry.detail,
            )


def rejected_reader(stack: Stack, clients: AwsClients) -> RejectedReader:
    """Return the reader of a stack's rejected sources."""
    return RejectedReader(
        StatusIndex(clients.dynamodb, clients.calls, stack.ledger_table, stack.status_index),
        LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table),
    )
