"""However much is written to an entry, DynamoDB bills a read of it as four kilobytes at most.

An attempt that crashed leaves every name that it may have stored, so until the next result an
entry may take another kilobyte.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import uuid4

import pytest

from shared.cloud.claims import Claim
from shared.cloud.clients import Clients
from shared.cloud.entries import by_stored_name
from shared.cloud.items import Value
from shared.cloud.ledger import Ledger
from shared.cloud.serving_claims import ServingClaims
from shared.model.errors import Corrupt
from shared.model.recipe_reader import MAX_NAME_BYTES
from shared.model.source import Overrides, Source
from tests.functional.conftest import TABLE
from tests.support.fakes import FakeClock, unbounded_calls

pytestmark = pytest.mark.functional

KEY = "\U0001f408" * 256
NAMES = [f"{'n' * 33}-{number:02}.webp" for number in range(19)]
CRASHES = 8
KILOBYTE = 1024
FACTS: Mapping[str, Value] = dict.fromkeys(("etag", "fingerprint", "recipe"), "f" * 64)
PUBLISHED: Mapping[str, Value] = {
    **FACTS,
    "identity": Source(KEY, "e" * 64, 1, Overrides("r" * 2000, "f" * 2000)).identity,
    "version": "v" * 12,
    "is_all_eager": True,
}


class Site:
    """One entry, and the names of a recipe set as long as a recipe set may have."""

    def __init__(self, clients: Clients) -> None:
        self._clients, self._clock = clients, FakeClock()
        self.ledger = Ledger(clients.dynamodb, unbounded_calls(), TABLE, self._clock)
        self._messages = [str(uuid4()) for _ in range(10)]

    def claim(self) -> Claim:
        return self.ledger.claim(KEY, lease_seconds=60, may_store=NAMES, messages=self._messages)

    def crash(self) -> None:
        for _ in range(CRASHES):
            self.claim()
            self._clock.at += 61

    def store_lazily(self, names: Sequence[str]) -> None:
        for name in names:
            claim = ServingClaims(self.ledger).claim(
                KEY, name, entry=self.ledger.read(KEY), lease_seconds=40, records_name=True
            )
            ServingClaims(self.ledger).release(claim)

    def size(self) -> int:
        answer = self._clients.dynamodb.get_item(TableName=TABLE, Key={"key": {"S": KEY}})
        return size_of(answer)


def reject(site: Site) -> None:
    site.ledger.reject(site.claim(), Corrupt("\u2603" * 2000, stage="render"), FACTS)


def publish(site: Site) -> None:
    site.ledger.commit(site.claim(), {**PUBLISHED, "variants": NAMES})


def publish_half(site: Site) -> None:
    """Store half of the names at upload, and all others as copies at requests."""
    half = len(NAMES) // 2
    equal = by_stored_name(dict(zip(NAMES[half:], NAMES, strict=False)))
    facts = {**PUBLISHED, "variants": NAMES[:half], "equal": equal}
    site.ledger.commit(site.claim(), facts)
    site.store_lazily(NAMES[half:])


def publish_one(site: Site) -> None:
    equal = by_stored_name(dict.fromkeys(NAMES[1:], NAMES[0]))
    site.ledger.commit(site.claim(), {**PUBLISHED, "variants": NAMES[:1], "equal": equal})
    site.store_lazily(NAMES[1:])


@pytest.mark.parametrize("finish", [reject, publish, publish_half, publish_one])
def test_an_entry_stays_under_4_kb_whatever_is_written_to_it(
    clients: Clients, finish: Callable[[Site], None]
) -> None:
    assert MAX_NAME_BYTES - 42 <= sum(map(len, NAMES)) <= MAX_NAME_BYTES
    site = Site(clients)

    finish(site)
    finished = site.size()
    site.crash()
    unfinished = site.size()
    site.ledger.tombstone(site.claim(), {})

    assert 2 * KILOBYTE < finished < 4 * KILOBYTE
    assert unfinished < 5 * KILOBYTE
    assert site.size() < 2 * KILOBYTE


def size_of(answer: Mapping[str, Any]) -> int:
    """Return an item's size in bytes, by the rules of DynamoDB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """

    def of(attribute: Mapping[str, Any]) -> int:
        ((kind, value),) = attribute.items()
        if kind == "L":
            return 3 + sum(1 + of(each) for each in value)
        if kind == "M":
            return 3 + sum(1 + len(name.encode()) + of(each) for name, each in value.items())
        if kind == "BOOL":
            return 1
        return sum(len(each.encode()) for each in value) if kind == "SS" else len(value.encode())

    return sum(len(name.encode()) + of(attribute) for name, attribute in answer["Item"].items())
