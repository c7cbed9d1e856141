"""However much is written to a ledger item, DynamoDB bills it as four kilobytes at most."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from shared.cloud.clients import Clients
from shared.cloud.ledger import Claim, Ledger
from shared.model.errors import Corrupt
from shared.model.recipe_reader import MAX_NAME_BYTES
from shared.model.source import Overrides, Source
from tests.functional.conftest import TABLE
from tests.support.fakes import FakeClock, unbounded_calls

if TYPE_CHECKING:
    from shared.cloud.items import Value

pytestmark = pytest.mark.functional


def test_an_item_stays_under_4_kb_whatever_is_written_to_it(
    clients: Clients,
) -> None:
    clock = FakeClock()
    ledger = Ledger(clients.dynamodb, unbounded_calls(), TABLE, clock)
    key = "\U0001f408" * 256
    names = [f"{'n' * 33}-{number:02}.webp" for number in range(19)]
    assert MAX_NAME_BYTES - 42 <= sum(map(len, names)) <= MAX_NAME_BYTES
    messages = [str(uuid4()) for _ in range(10)]
    facts: dict[str, Value] = dict.fromkeys(("etag", "fingerprint", "recipe"), "f" * 64)
    identity = Source(key, "e" * 64, 1, Overrides("r" * 2000, "f" * 2000)).identity

    def claim() -> Claim:
        return ledger.claim(key, lease_seconds=60, may_store=names, messages=messages)

    published = {**facts, "identity": identity, "variants": names}
    outcomes: tuple[Callable[[Claim], object], ...] = (
        lambda held: ledger.commit(held, published),
        lambda held: ledger.reject(held, Corrupt("\u2603" * 2000, stage="render"), facts),
    )
    sizes = []
    for outcome in outcomes:
        outcome(claim())
        for _ in range(8):
            claim()
            clock.at += 61
        sizes.append(size_of(clients.dynamodb.get_item(TableName=TABLE, Key={"key": {"S": key}})))
        ledger.tombstone(claim(), {})

    assert 3_000 < max(sizes) < 4096


def size_of(answer: Mapping[str, Any]) -> int:
    """Return an item's size in bytes, by the rules of DynamoDB.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """

    def of(attribute: Mapping[str, Any]) -> int:
        ((kind, value),) = attribute.items()
        if kind == "L":
            return 3 + sum(1 + of(each) for each in value)
        return sum(len(each.encode()) for each in value) if kind == "SS" else len(value.encode())

    return sum(len(name) + of(attribute) for name, attribute in answer["Item"].items())
