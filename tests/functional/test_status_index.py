"""The index on status gives what a scan of the table would give."""

from collections import Counter
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.local.stack import STATUS_INDEX, create_ledger
from shared.cloud.clients import Clients
from shared.cloud.items import Value, to_item
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_repairs import add_to_index
from shared.cloud.status_index import StatusEntry, StatusIndex
from shared.cloud.status_shard import SHARDS, status_shard, status_shards
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.errors import Corrupt
from tests.functional.conftest import TABLE
from tests.simulator.tables import Answer, Tables
from tests.support.fakes import FakeClock, unbounded_calls

pytestmark = pytest.mark.functional

NAMES = ("w64.webp",)
FIELDS: dict[str, Value] = {"variants": ["w64.webp"]}
STATUSES = (PUBLISHED, REJECTED, REMOVED)
WRITES = st.lists(
    st.tuples(
        st.integers(0, 30).map("photos/{}.jpg".format),
        st.sampled_from(STATUSES),
        st.integers(0, 5),
    ),
    max_size=60,
)


class CountingTables(Tables):
    """Notes how many items each query returns."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[int] = []

    def query(self, **asked: Any) -> Answer:  # noqa: ANN401 - boto3's
        answer = super().query(**asked)
        self.counts.append(answer["Count"])
        return answer


def on(tables: Tables) -> StatusIndex:
    return StatusIndex(cast("Any", tables), unbounded_calls(), TABLE, STATUS_INDEX)


@pytest.fixture(name="tables")
def _tables() -> CountingTables:
    tables = CountingTables()
    create_ledger(cast("Any", tables), TABLE)
    return tables


def finish(ledger: Ledger, key: str, status: str) -> None:
    claim = ledger.claim(key, lease_seconds=60, may_store=NAMES)
    if status == PUBLISHED:
        ledger.commit(claim, FIELDS)
    elif status == REJECTED:
        ledger.reject(claim, Corrupt("Expected pixels.", stage="load"), {})
    else:
        ledger.tombstone(claim, {})


def fill(tables: Tables, keys: list[str], at: float = 1000.0) -> None:
    """Put published entries, each a second after the one before."""
    for number, key in enumerate(keys):
        item: dict[str, Value] = {
            "key": key,
            "status": PUBLISHED,
            "status_shard": status_shard(PUBLISHED, key),
            "updated_at": at + number,
        }
        tables.put_item(TableName=TABLE, Item=to_item(item))


@settings(max_examples=60, deadline=None)
@given(writes=WRITES, most=st.integers(1, 40))
def test_the_index_gives_what_a_scan_gives(writes: list[tuple[str, str, int]], most: int) -> None:
    tables, clock = Tables(), FakeClock()
    create_ledger(cast("Any", tables), TABLE)
    ledger = Ledger(cast("Any", tables), unbounded_calls(clock), TABLE, clock)
    for key, status, seconds in writes:
        clock.at += seconds
        finish(ledger, key, status)

    for status in STATUSES:
        scanned = [
            (float(item["updated_at"]["N"]), key)
            for key, item in tables.items(TABLE).items()
            if item["status"]["S"] == status
        ]
        newest = on(tables).newest(status, most=most)

        # Sources of the same time are in any order.
        assert [each.at for each in newest] == sorted((at for at, _ in scanned), reverse=True)[
            :most
        ]
        assert {(each.at, each.key) for each in newest} <= set(scanned)
        assert len({each.key for each in newest}) == len(newest)


def test_every_outcome_is_in_the_index(clients: Clients) -> None:
    clock = FakeClock()
    ledger = Ledger(clients.dynamodb, unbounded_calls(clock), TABLE, clock)
    index = StatusIndex(clients.dynamodb, unbounded_calls(), TABLE, STATUS_INDEX)

    for status in STATUSES:
        finish(ledger, "a.jpg", status)

        found = [
            entry
            for each in (PUBLISHED, REJECTED, REMOVED)
            for entry in index.newest(each, most=9)
        ]
        cause = "corrupt" if status == REJECTED else ""
        assert found == [StatusEntry("a.jpg", status, cause, clock.at)]
        assert ledger.read("a.jpg").is_indexed


def test_a_claim_does_not_write_to_the_index(clients: Clients) -> None:
    clock = FakeClock()
    ledger = Ledger(clients.dynamodb, unbounded_calls(clock), TABLE, clock)
    index = StatusIndex(clients.dynamodb, unbounded_calls(), TABLE, STATUS_INDEX)
    finish(ledger, "a.jpg", PUBLISHED)
    before = index.newest(PUBLISHED, most=1)
    clock.at += 9

    ledger.abandon(ledger.claim("a.jpg", lease_seconds=60, may_store=NAMES))

    assert index.newest(PUBLISHED, most=1) == before


def test_a_thousand_entries_take_a_request_for_each_shard(tables: CountingTables) -> None:
    fill(tables, [f"photos/{number}.jpg" for number in range(20_000)])

    newest = on(tables).newest(PUBLISHED, most=1000)

    assert [each.key for each in newest] == [f"photos/{n}.jpg" for n in range(19_999, 18_999, -1)]
    assert len(tables.counts) == SHARDS
    assert sum(tables.counts) < 2 * 1000


def test_entries_that_are_all_in_one_shard_are_read_page_by_page(tables: CountingTables) -> None:
    shard = status_shards(PUBLISHED)[3]
    numbered = (f"{number}.jpg" for number in range(5_000))
    keys = [key for key in numbered if status_shard(PUBLISHED, key) == shard]
    fill(tables, keys)

    newest = on(tables).newest(PUBLISHED, most=200)

    assert [each.key for each in newest] == keys[:-201:-1]
    assert sum(tables.counts) < 200 + 200 / SHARDS * 4


def test_the_load_of_commits_is_even(tables: CountingTables) -> None:
    clock = FakeClock()
    ledger = Ledger(cast("Any", tables), unbounded_calls(clock), TABLE, clock)
    for number in range(1_600):
        finish(ledger, f"2026/11/30/IMG_{number:04d}.jpg", PUBLISHED)

    load = Counter(item["status_shard"]["S"] for item in tables.items(TABLE).values())

    assert set(load) == set(status_shards(PUBLISHED))
    assert max(load.values()) < 1.5 * 1_600 / SHARDS


def test_an_entry_without_the_attribute_is_added(tables: CountingTables) -> None:
    ledger = Ledger(cast("Any", tables), unbounded_calls(), TABLE, FakeClock())
    _put_old(tables)
    assert not ledger.read("old.jpg").is_indexed

    add_to_index(ledger, "old.jpg")
    add_to_index(ledger, "old.jpg")

    assert ledger.read("old.jpg").is_indexed
    assert [each.key for each in on(tables).newest(REJECTED, most=5)] == ["old.jpg"]


class Overtaken(Ledger):
    """A ledger whose read is followed by another worker's commit."""

    other: Ledger

    def read(self, key: str) -> Entry:
        entry = super().read(key)
        finish(self.other, key, PUBLISHED)
        return entry


def test_a_source_that_is_finished_meanwhile_keeps_the_new_status(tables: CountingTables) -> None:
    _put_old(tables)

    arguments = (cast("Any", tables), unbounded_calls(), TABLE, FakeClock())
    overtaken = Overtaken(*arguments)
    overtaken.other = Ledger(*arguments)
    add_to_index(overtaken, "old.jpg")

    item = tables.items(TABLE)["old.jpg"]
    assert item["status"]["S"] == PUBLISHED
    assert item["status_shard"]["S"] == status_shard(PUBLISHED, "old.jpg")


def _put_old(tables: Tables) -> None:
    """Put an entry as versions before the attribute wrote it."""
    item: dict[str, Value] = {"key": "old.jpg", "status": REJECTED, "updated_at": 5, "schema": 1}
    tables.put_item(TableName=TABLE, Item=to_item(item))
