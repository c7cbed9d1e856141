"""The ledger's own adapter: claims and results, the same on every engine."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from scripts.local.stack import STATUS_INDEX
from shared.cloud.claims import Claim
from shared.cloud.entries import by_stored_name
from shared.cloud.items import Value
from shared.cloud.ledger import Ledger
from shared.cloud.serving_claims import ServingClaims
from shared.cloud.status_index import StatusIndex
from shared.model.entry import Entry
from shared.model.errors import Claimed, ClaimLost, Corrupt
from tests.contracts.engines import Engine
from tests.support.fakes import unbounded_calls

KEY = "photos/a b+c%20é.jpg"
NAMES = ["w32.webp", "w64.webp"]
PUBLISHED: dict[str, Value] = {"identity": "etag", "fingerprint": "f00d", "variants": NAMES}


@pytest.fixture(name="ledger")
def _ledger(engine: Engine) -> Ledger:
    return Ledger(engine.dynamodb, unbounded_calls(), engine.table(), engine.clock)


def test_the_newest_of_a_status_are_found_by_the_index(engine: Engine) -> None:
    table = engine.table()
    ledger = Ledger(engine.dynamodb, unbounded_calls(), table, engine.clock)
    keys = [f"photos/{number}.jpg" for number in range(40)]
    for key in keys:
        engine.clock.at += 1
        ledger.commit(ledger.claim(key, lease_seconds=60, may_store=NAMES), PUBLISHED)

    index = StatusIndex(engine.dynamodb, unbounded_calls(), table, STATUS_INDEX)

    assert [each.key for each in index.newest("published", most=25)] == keys[:-26:-1]
    assert index.newest("rejected", most=25) == []


def test_one_claim_at_a_time(ledger: Ledger, engine: Engine) -> None:
    ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    engine.clock.at += 20

    with pytest.raises(Claimed) as caught:
        ledger.claim(KEY, lease_seconds=60, may_store=NAMES)

    # The refusal carries the item, which has the end of the lease.
    assert caught.value.retry_after_seconds == 40


def test_a_commit_ends_the_claim_and_is_read_back(ledger: Ledger) -> None:
    ledger.commit(ledger.claim(KEY, lease_seconds=60, may_store=NAMES), PUBLISHED)

    entry = ledger.read(KEY)
    assert entry.is_published
    assert not entry.is_unfinished
    assert entry.stored == frozenset(NAMES)
    assert ledger.claim(KEY, lease_seconds=60, may_store=NAMES).entry == entry


def test_an_expired_lease_is_taken_over_with_all_that_may_be_stored(
    ledger: Ledger, engine: Engine
) -> None:
    first = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    engine.clock.at += 61

    second = ledger.claim(KEY, lease_seconds=60, may_store=["sq.webp"])

    assert second.token != first.token
    assert second.entry.is_unfinished
    assert second.may_exist == {*NAMES, "sq.webp"}


@pytest.mark.parametrize(
    "end",
    [
        lambda ledger, claim: ledger.commit(claim, PUBLISHED),
        lambda ledger, claim: ledger.reject(claim, Corrupt("bad"), {}),
        lambda ledger, claim: ledger.tombstone(claim, {}),
        lambda ledger, claim: ledger.release(claim),
        lambda ledger, claim: ledger.abandon(claim),
    ],
    ids=["commit", "reject", "tombstone", "release", "abandon"],
)
def test_a_worker_that_lost_the_claim_writes_nothing(
    ledger: Ledger, engine: Engine, end: Callable[..., None]
) -> None:
    lost = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    engine.clock.at += 61
    ledger.commit(ledger.claim(KEY, lease_seconds=60, may_store=NAMES), PUBLISHED)
    before = ledger.read(KEY)

    with pytest.raises(ClaimLost):
        end(ledger, lost)

    assert ledger.read(KEY) == before


def serving_claim(ledger: Ledger, entry: Entry, name: str = "lazy.webp") -> Claim:
    return ServingClaims(ledger).claim(KEY, name, entry=entry, lease_seconds=40, records_name=True)


def test_a_renderer_and_a_worker_never_hold_a_key_together(ledger: Ledger, engine: Engine) -> None:
    worker = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    with pytest.raises(Claimed):
        serving_claim(ledger, Entry(version="v1"))
    ledger.commit(worker, PUBLISHED | {"version": "v1"})

    renderer = serving_claim(ledger, ledger.read(KEY))
    with pytest.raises(Claimed) as caught:
        ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    ServingClaims(ledger).release(renderer)
    after = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)

    assert caught.value.is_serving
    assert after.entry.lazy == {"lazy.webp"}
    assert after.may_exist == {*NAMES, "lazy.webp"}
    engine.clock.at += 61
    with pytest.raises(Claimed, match="unfinished"):
        serving_claim(ledger, after.entry)


def test_a_renderer_stores_nothing_beside_another_version(ledger: Ledger) -> None:
    for version in ("v1", "v2"):
        claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
        ledger.commit(claim, PUBLISHED | {"version": version})
    before = ledger.read(KEY)

    with pytest.raises(Claimed, match="version 'v2'"):
        serving_claim(ledger, replace(before, version="v1"))

    assert ledger.read(KEY) == before


def test_two_renderers_store_two_names_one_after_the_other(ledger: Ledger) -> None:
    claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    ledger.commit(claim, PUBLISHED | {"version": "v1"})
    entry = ledger.read(KEY)

    for name in ("a.webp", "b.webp"):
        ServingClaims(ledger).release(serving_claim(ledger, entry, name))

    assert ledger.read(KEY).lazy == {"a.webp", "b.webp"}


def test_copies_and_what_was_made_in_full_are_read_back(ledger: Ledger) -> None:
    equal = {"w64.webp": "w32.webp", "w96.webp": "w32.webp"}
    facts: dict[str, Value] = {"equal": by_stored_name(equal), "is_all_eager": True}

    ledger.commit(ledger.claim(KEY, lease_seconds=60, may_store=NAMES), PUBLISHED | facts)

    assert (ledger.read(KEY).equal, ledger.read(KEY).is_all_eager) == (equal, True)


def test_a_due_purge_is_cleared_once_and_a_later_one_stays(ledger: Ledger, engine: Engine) -> None:
    due = []
    for _ in range(2):
        engine.clock.at += 0.123456
        claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
        ledger.commit(claim, PUBLISHED)
        removal = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
        ledger.tombstone(removal, {}, purges=True)
        due.append(ledger.read(KEY).purge_due)

    ledger.clear_purge_due(KEY, due[0])
    between = ledger.read(KEY).purge_due
    ledger.clear_purge_due(KEY, due[1])

    assert between == due[1] > due[0] > 0
    assert ledger.read(KEY).purge_due == 0


def test_a_write_whose_answer_was_lost_may_be_repeated(ledger: Ledger) -> None:
    """The refusal of the second write holds the item, which shows that the first succeeded."""
    claim = ledger.claim(KEY, lease_seconds=60, may_store=NAMES)
    ledger.commit(claim, PUBLISHED)

    ledger.commit(claim, PUBLISHED)

    assert ledger.read(KEY).is_published
