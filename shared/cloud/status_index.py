"""DynamoDB: the ledger's index on status, which has the newest entries first."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from heapq import merge
from itertools import islice
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

from shared.cloud.calls import Calls
from shared.cloud.items import from_item, to_item
from shared.cloud.status_shard import SHARDS, status_shards

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True, slots=True)
class StatusEntry:
    """The last outcome of one source; `at` is in seconds since the epoch."""

    key: str
    status: str
    cause: str
    at: float


@dataclass(frozen=True, slots=True)
class _Page:
    """Some entries of one shard, the newest first; `after` is where the next page begins."""

    entries: list[StatusEntry]
    after: Mapping[str, Any] | None  # DynamoDB's key, passed back as it came


class StatusIndex:
    """The index; DynamoDB updates it shortly after the table.

    Entries are spread over shards (see `status_shard`), each with the newest first.
    """

    def __init__(self, dynamodb: "DynamoDBClient", calls: Calls, table: str, index: str) -> None:
        self._dynamodb = dynamodb
        self._calls = calls
        self._table = table
        self._index = index

    def newest(self, status: str, *, most: int) -> list[StatusEntry]:
        """Return the sources that got this status last, the newest first.

        A request for each shard, all at the same time, and rarely another one: a shard's first
        page has more than its share of the `most` entries.
        """
        share = most / SHARDS
        # The entries of a shard have a Poisson distribution: its standard deviation is the square
        # root of its mean. More than four deviations above the mean are very rare.
        limit = ceil(share + 4 * sqrt(share))
        return list(islice(self.newest_first(status, page_size=limit), most))

    def newest_first(self, status: str, *, page_size: int) -> Iterator[StatusEntry]:
        """Yield all sources that have this status, the newest first.

        A page of each shard is in memory. The first pages are read at the same time.
        """

        def first_page(shard: str) -> _Page:
            return self._page(status, shard, page_size, after=None)

        shards = status_shards(status)
        with ThreadPoolExecutor(SHARDS) as pool:
            pages = list(pool.map(first_page, shards))
        newest_first = [
            self._entries(status, shard, page_size, page)
            for shard, page in zip(shards, pages, strict=True)
        ]
        yield from merge(*newest_first, key=_age)

    def _entries(self, status: str, shard: str, limit: int, page: _Page) -> Iterator[StatusEntry]:
        yield from page.entries
        while page.after is not None:
            page = self._page(status, shard, limit, after=page.after)
            yield from page.entries

    def _page(
        self, status: str, shard: str, limit: int, *, after: Mapping[str, Any] | None
    ) -> _Page:
        # boto3-stubs have no type for a part of the arguments.
        start: Any = {} if after is None else {"ExclusiveStartKey": after}
        answer = self._calls.attempt(
            lambda: self._dynamodb.query(
                TableName=self._table,
                IndexName=self._index,
                KeyConditionExpression="status_shard = :shard",
                ExpressionAttributeValues=to_item({":shard": shard}),
                ScanIndexForward=False,
                Limit=limit,
                **start,
            ),
            stage="ledger",
        )
        entries = [_entry(item, status) for item in answer["Items"]]
        return _Page(entries, answer.get("LastEvaluatedKey"))


def _entry(item: Mapping[str, Any], status: str) -> StatusEntry:
    fields = from_item(item)
    return StatusEntry(
        key=str(fields["key"]),
        status=status,
        cause=str(fields.get("cause", "")),
        at=float(str(fields["updated_at"])),
    )


def _age(entry: StatusEntry) -> float:
    return -entry.at
