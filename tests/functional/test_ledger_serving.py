"""The claims of renderers, beside those of workers."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.cloud.claims import Claim
from shared.cloud.clients import Clients
from shared.cloud.entries import by_stored_name
from shared.cloud.finish import PURGE_DUE_SECONDS
from shared.cloud.items import Value
from shared.cloud.ledger import Ledger
from shared.cloud.serving_claims import ServingClaims
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.errors import Claimed, Corrupt, UnknownSchema
from tests.functional.conftest import TABLE
from tests.functional.test_ledger import item
from tests.support.fakes import FakeClock, client_error, unbounded_calls

pytestmark = pytest.mark.functional

KEY = "photos/a b+c%20é.jpg"
EAGER = ("w32.avif", "w64.avif")
LAZY = "w32.webp"
OTHER_LAZY = "w64.webp"
FIELDS: dict[str, Value] = {"version": "v1", "variants": list(EAGER)}


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="ledger")
def _ledger(clients: Clients, clock: FakeClock) -> Ledger:
    return Ledger(clients.dynamodb, unbounded_calls(), TABLE, clock)


@pytest.fixture(name="published")
def _published(ledger: Ledger) -> Entry:
    ledger.commit(claimed(ledger), FIELDS)
    return ledger.read(KEY)


def claimed(ledger: Ledger, *, lease_seconds: float = 600) -> Claim:
    return ledger.claim(KEY, lease_seconds=lease_seconds, may_store=[*EAGER, LAZY])


def serving(ledger: Ledger, entry: Entry, name: str = LAZY, *, lease_seconds: float = 40) -> Claim:
    return ServingClaims(ledger).claim(
        KEY, name, entry=entry, lease_seconds=lease_seconds, records_name=True
    )


def stored_lazily(ledger: Ledger, *names: str) -> None:
    """Do what a renderer does about the ledger."""
    for name in names:
        ServingClaims(ledger).release(serving(ledger, ledger.read(KEY), name))


WORKER_WRITES: dict[str, Callable[[Ledger, Claim], object]] = {
    "commit": lambda ledger, claim: ledger.commit(claim, {**FIELDS, "version": "v2"}),
    "commit of the same version": lambda ledger, claim: ledger.commit(claim, FIELDS),
    "reject": lambda ledger, claim: ledger.reject(claim, Corrupt("bad"), {}),
    "tombstone": lambda ledger, claim: ledger.tombstone(claim, {}),
    "release": lambda ledger, claim: ledger.release(claim),
    "held release": lambda ledger, claim: ledger.release(claim, hold_seconds=30),
    "abandon": lambda ledger, claim: ledger.abandon(claim),
    "mark as dirty": lambda ledger, claim: ledger.mark_dirty(claim),
}
FINISHES = ("commit", "commit of the same version", "reject", "tombstone")
every_worker_write = pytest.mark.parametrize(
    "write", WORKER_WRITES.values(), ids=WORKER_WRITES.keys()
)
every_finish = pytest.mark.parametrize(
    "write", [WORKER_WRITES[name] for name in FINISHES], ids=FINISHES
)


def test_a_serving_claim_records_its_name_and_leaves_the_rest(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    before = item(clients)

    claim = serving(ledger, published)

    written = item(clients)
    assert written["claim_token"] == {"S": claim.token}
    assert float(written["lease_until"]["N"]) == 1_000_040
    assert written["claim_kind"] == {"S": "serving"}
    assert written["lazy"] == {"SS": [LAZY]}
    added = ("claim_token", "lease_until", "claim_kind", "lazy")
    assert {name: value for name, value in written.items() if name not in added} == before
    entry = ledger.read(KEY)
    assert entry.is_serving(1_000_040)
    assert not entry.is_serving(1_000_041)
    assert not entry.is_unfinished
    assert entry.stored == set(EAGER)
    assert entry.lazy == {LAZY}


def test_an_eager_name_that_was_lost_is_not_recorded(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    ServingClaims(ledger).claim(
        KEY, EAGER[0], entry=published, lease_seconds=40, records_name=False
    )

    assert "lazy" not in item(clients)


def test_a_name_that_no_entry_lists_is_recorded_whatever_the_renderer_thinks(
    ledger: Ledger, published: Entry
) -> None:
    ServingClaims(ledger).claim(KEY, LAZY, entry=published, lease_seconds=40, records_name=False)

    assert ledger.read(KEY).lazy == {LAZY}


def test_a_released_serving_claim_leaves_only_the_name(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    before = item(clients)
    claim = serving(ledger, published)

    ServingClaims(ledger).release(claim)

    assert item(clients) == {
        **before,
        "lazy": {"SS": [LAZY]},
        "served_token": {"S": claim.token},
    }


def test_names_are_collected(ledger: Ledger, published: Entry) -> None:
    stored_lazily(ledger, LAZY, OTHER_LAZY, LAZY)

    assert ledger.read(KEY).lazy == {LAZY, OTHER_LAZY}


def test_two_names_that_are_rendered_at_once_are_both_stored(
    ledger: Ledger, published: Entry
) -> None:
    """A page asks for both, so both renderers have read the same entry."""
    ServingClaims(ledger).release(serving(ledger, published, LAZY))
    ServingClaims(ledger).release(serving(ledger, published, OTHER_LAZY))

    assert ledger.read(KEY).lazy == {LAZY, OTHER_LAZY}


@every_worker_write
def test_a_worker_that_ended_meanwhile_refuses_no_renderer_of_the_present_version(
    ledger: Ledger, published: Entry, write: Callable[[Ledger, Claim], object]
) -> None:
    write(ledger, claimed(ledger))
    now = ledger.read(KEY)
    is_as_rendered = now.is_published and now.version == "v1" and not now.is_unfinished

    if is_as_rendered:
        assert serving(ledger, published).entry.done_token == now.done_token
        return
    with pytest.raises(Claimed):
        serving(ledger, published)
    assert ledger.read(KEY) == now


@every_worker_write
def test_no_renderer_stores_beside_or_after_the_lost_claim_of_a_worker(
    ledger: Ledger,
    clock: FakeClock,
    clients: Clients,
    published: Entry,
    write: Callable[[Ledger, Claim], object],
) -> None:
    """The worker stopped; what it may have stored could be of another version."""
    claimed(ledger, lease_seconds=60)
    before = item(clients)
    with pytest.raises(Claimed):
        serving(ledger, published)
    clock.at += 61
    with pytest.raises(Claimed, match="unfinished"):
        serving(ledger, published)

    assert item(clients) == before


def test_a_renderer_of_an_earlier_version_is_refused(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    ledger.commit(claimed(ledger), {**FIELDS, "version": "v2"})
    before = item(clients)

    with pytest.raises(Claimed, match=r"Expected version v1 .* got .* version 'v2'"):
        serving(ledger, published)

    assert item(clients) == before


def test_the_version_decides_even_if_no_claim_has_ended_since(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    """The renderer has rendered another version than that of the entry that it read last."""
    before = item(clients)

    with pytest.raises(Claimed, match=r"Expected version v2 .* got .* version 'v1'"):
        serving(ledger, replace(published, version="v2"))

    assert item(clients) == before


def test_what_a_worker_has_stored_meanwhile_is_not_written_again(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    """The name is not lazy any more, and its object must not have the tag of lazy ones."""
    ledger.commit(claimed(ledger), {**FIELDS, "variants": [*EAGER, LAZY]})
    before = item(clients)

    with pytest.raises(Claimed, match=f"Expected {LAZY} not stored"):
        serving(ledger, published)

    assert item(clients) == before


def test_a_key_without_an_entry_is_refused(ledger: Ledger, clients: Clients) -> None:
    with pytest.raises(Claimed):
        serving(ledger, Entry(version="v1"))

    assert not item(clients)


def test_a_newer_schema_is_refused(ledger: Ledger, clients: Clients, published: Entry) -> None:
    clients.dynamodb.put_item(TableName=TABLE, Item={**item(clients), "schema": {"N": "2"}})

    with pytest.raises(UnknownSchema):
        serving(ledger, published)


def test_one_renderer_at_a_time(ledger: Ledger, clients: Clients, published: Entry) -> None:
    serving(ledger, published)
    before = item(clients)

    with pytest.raises(Claimed, match="a renderer's for 40 s") as caught:
        serving(ledger, published, OTHER_LAZY)

    assert caught.value.is_serving
    assert caught.value.retry_after_seconds == pytest.approx(40)
    assert item(clients) == before


def test_a_worker_waits_for_a_renderer(ledger: Ledger, clients: Clients, published: Entry) -> None:
    serving(ledger, published)
    before = item(clients)

    with pytest.raises(Claimed) as by_claim:
        claimed(ledger)
    with pytest.raises(Claimed) as by_read:
        ledger.refuse_held(ledger.read(KEY))

    assert by_claim.value.is_serving
    assert by_read.value.is_serving
    assert item(clients) == before


def test_a_renderer_that_is_told_of_a_worker_is_not_told_of_a_renderer(
    ledger: Ledger, published: Entry
) -> None:
    claimed(ledger)

    with pytest.raises(Claimed) as caught:
        serving(ledger, published)

    assert not caught.value.is_serving


def test_a_worker_that_claims_after_a_renderer_gets_the_name_with_the_claim(
    ledger: Ledger, published: Entry
) -> None:
    """The worker read the entry before the renderer claimed the key."""
    stored_lazily(ledger, LAZY)

    claim = ledger.claim(KEY, lease_seconds=600, may_store=EAGER, entry=published)

    assert claim.entry.lazy == {LAZY}
    assert claim.may_exist == {*EAGER, LAZY}


def test_a_renderer_that_stopped_leaves_the_name_to_the_next_worker(
    ledger: Ledger, clock: FakeClock, clients: Clients, published: Entry
) -> None:
    serving(ledger, published)
    clock.at += 41

    claim = ledger.claim(KEY, lease_seconds=600, may_store=EAGER)

    assert claim.entry.lazy == {LAZY}
    assert claim.entry.crashed_attempts == 0
    assert "claim_kind" not in item(clients)


def test_a_renderer_that_stopped_gives_way_to_another(
    ledger: Ledger, clock: FakeClock, published: Entry
) -> None:
    serving(ledger, published)
    clock.at += 41

    claim = serving(ledger, published, OTHER_LAZY)

    assert claim.entry.lazy == {LAZY}
    assert claim.may_exist == {*EAGER, LAZY, OTHER_LAZY}


@every_finish
def test_the_end_of_work_drops_the_names(
    ledger: Ledger,
    clients: Clients,
    published: Entry,
    write: Callable[[Ledger, Claim], object],
) -> None:
    stored_lazily(ledger, LAZY)

    write(ledger, claimed(ledger))

    assert "lazy" not in item(clients)


@pytest.mark.parametrize("write", ["release", "held release", "abandon", "mark as dirty"])
def test_work_without_an_end_leaves_the_names(
    ledger: Ledger, clients: Clients, published: Entry, write: str
) -> None:
    stored_lazily(ledger, LAZY)

    WORKER_WRITES[write](ledger, claimed(ledger))

    assert item(clients)["lazy"] == {"SS": [LAZY]}


def test_a_dirty_key_is_of_unknown_version_with_its_lazy_names(
    ledger: Ledger, clock: FakeClock, published: Entry
) -> None:
    stored_lazily(ledger, LAZY)
    lost = claimed(ledger, lease_seconds=60)
    clock.at += 61
    ledger.commit(claimed(ledger), FIELDS)

    ledger.mark_dirty(lost)

    assert ledger.read(KEY).is_unfinished
    assert LAZY in ledger.read(KEY).stored


def test_a_serving_claim_is_safe_to_repeat(
    ledger: Ledger, clients: Clients, published: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = answer_is_lost(clients, monkeypatch)

    claim = serving(ledger, published)

    assert tokens == [{"S": claim.token}] * 2
    assert ledger.read(KEY).lazy == {LAZY}


def test_a_release_is_safe_to_repeat(
    ledger: Ledger, clients: Clients, published: Entry, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = serving(ledger, published)
    tokens = answer_is_lost(clients, monkeypatch)

    ServingClaims(ledger).release(claim)

    assert len(tokens) == 2
    assert not ledger.read(KEY).is_unfinished
    assert not ledger.read(KEY).lease_until


def test_a_release_after_another_claim_within_the_lease_changes_nothing(
    ledger: Ledger, clock: FakeClock, clients: Clients, published: Entry
) -> None:
    """The clocks differ: by that of the worker, the lease is over."""
    claim = serving(ledger, published)
    clock.at += 41
    ledger.commit(claimed(ledger), {**FIELDS, "version": "v2"})
    clock.at -= 2
    before = item(clients)

    ServingClaims(ledger).release(claim)

    assert item(clients) == before


def test_a_release_after_the_lease_and_another_claim_makes_the_key_dirty(
    ledger: Ledger, clock: FakeClock, published: Entry
) -> None:
    """The renderer stood still, so its object may have come after the worker's commit."""
    claim = serving(ledger, published)
    clock.at += 41
    ledger.commit(claimed(ledger), {**FIELDS, "version": "v2"})

    ServingClaims(ledger).release(claim)

    entry = ledger.read(KEY)
    assert entry.is_unfinished
    assert LAZY in entry.stored


def test_a_late_release_that_no_other_claim_preceded_ends_the_claim(
    ledger: Ledger, clock: FakeClock, published: Entry
) -> None:
    claim = serving(ledger, published)
    clock.at += 41

    ServingClaims(ledger).release(claim)

    assert not ledger.read(KEY).is_unfinished
    assert not ledger.read(KEY).lease_until


@pytest.mark.parametrize("later", ["release", "another renderer", *WORKER_WRITES])
def test_a_delayed_serving_claim_that_arrives_after_a_claim_has_ended_changes_nothing(
    ledger: Ledger, clock: FakeClock, clients: Clients, published: Entry, later: str
) -> None:
    requests: list[dict[str, Any]] = []
    clients.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem",
        lambda params, **_: requests.append(params),
    )
    claim = serving(ledger, published)
    request = requests[0]
    if later == "release":
        ServingClaims(ledger).release(claim)
    else:
        clock.at += 41  # a renderer whose answers were all lost gives up
        if later == "another renderer":
            stored_lazily(ledger, OTHER_LAZY)
        else:
            WORKER_WRITES[later](ledger, claimed(ledger))
    before = item(clients)

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        clients.dynamodb.update_item(**request)

    assert item(clients) == before


def test_a_delayed_claim_of_a_worker_changes_nothing_after_the_work_and_a_renderer(
    ledger: Ledger, clients: Clients, published: Entry
) -> None:
    requests: list[dict[str, Any]] = []
    clients.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem",
        lambda params, **_: requests.append(params),
    )
    ledger.commit(claimed(ledger), FIELDS)
    stored_lazily(ledger, LAZY)
    before = item(clients)

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        clients.dynamodb.update_item(**requests[0])

    assert item(clients) == before


def test_facts_about_copies_are_read_back_and_replaced(ledger: Ledger, clients: Clients) -> None:
    equal = {"w64.avif": "w32.avif", "w96.avif": "w32.avif", "w64.png": "w32.png"}
    facts: dict[str, Value] = {"equal": by_stored_name(equal), "is_all_eager": True}

    ledger.commit(claimed(ledger), {**FIELDS, **facts})
    first = ledger.read(KEY)
    ledger.commit(claimed(ledger), FIELDS)
    second = ledger.read(KEY)

    assert (first.equal, first.is_all_eager) == (equal, True)
    assert (second.equal, second.is_all_eager) == ({}, False)
    assert not item(clients).keys() & {"equal", "is_all_eager", "facts_of"}


@pytest.mark.parametrize("changed", ["version", "engine"])
def test_facts_about_copies_are_those_of_one_version_and_engine(
    ledger: Ledger, clients: Clients, changed: str
) -> None:
    """An earlier worker changes these and leaves the facts, of which it does not know."""
    equal = {"w64.avif": "w32.avif"}
    facts: dict[str, Value] = {"equal": by_stored_name(equal), "is_all_eager": True}
    ledger.commit(claimed(ledger), {**FIELDS, **facts})

    clients.dynamodb.update_item(
        TableName=TABLE,
        Key={"key": {"S": KEY}},
        UpdateExpression="SET #changed = :other",
        ExpressionAttributeNames={"#changed": changed},
        ExpressionAttributeValues={":other": {"S": "another"}},
    )

    assert "equal" in item(clients)
    assert (ledger.read(KEY).equal, ledger.read(KEY).is_all_eager) == ({}, False)


PURGES: Mapping[str, Callable[[Ledger, Claim], float]] = {
    "commit": lambda ledger, claim: ledger.commit(claim, FIELDS, purges=True),
    "reject": lambda ledger, claim: ledger.reject(claim, Corrupt("bad"), {}, purges=True),
    "tombstone": lambda ledger, claim: ledger.tombstone(claim, {}, purges=True),
}


@pytest.mark.parametrize("write", PURGES.values(), ids=PURGES.keys())
def test_a_finish_can_make_a_purge_due_in_the_same_write(
    ledger: Ledger, published: Entry, write: Callable[[Ledger, Claim], float]
) -> None:
    changed_at = write(ledger, claimed(ledger))

    assert ledger.read(KEY).purge_due == changed_at == 1_000_000


@every_finish
def test_a_finish_makes_no_purge_due_by_itself(
    ledger: Ledger,
    clients: Clients,
    published: Entry,
    write: Callable[[Ledger, Claim], object],
) -> None:
    write(ledger, claimed(ledger))

    assert "purge_due" not in item(clients)
    assert ledger.read(KEY).purge_due == 0


@pytest.mark.parametrize(
    ("entry", "may_be"),
    [
        (Entry(), False),
        (Entry(status=REJECTED), False),
        (Entry(status=REMOVED), False),
        (Entry(status=PUBLISHED), True),
        (Entry(lazy=frozenset({"w64.webp"})), True),
        (Entry(stored=frozenset({"w64.webp"})), True),
    ],
)
def test_what_readers_may_have_seen_may_be_cached(entry: Entry, *, may_be: bool) -> None:
    assert entry.may_be_cached is may_be


@every_worker_write
@pytest.mark.parametrize(
    ("age_seconds", "is_kept"), [(PURGE_DUE_SECONDS - 1, True), (PURGE_DUE_SECONDS, False)]
)
def test_a_purge_stays_due_as_long_as_it_is_useful(
    ledger: Ledger,
    clock: FakeClock,
    published: Entry,
    write: Callable[[Ledger, Claim], object],
    age_seconds: float,
    *,
    is_kept: bool,
) -> None:
    ledger.tombstone(claimed(ledger), {}, purges=True)
    clock.at += age_seconds

    write(ledger, claimed(ledger))

    entry = ledger.read(KEY)
    is_finished = entry.done_token and not entry.is_unfinished and entry.updated_at == clock.at
    assert entry.purge_due == (1_000_000 if is_kept or not is_finished else 0)


def test_a_second_removal_makes_a_purge_due_anew(
    ledger: Ledger, clock: FakeClock, published: Entry
) -> None:
    """The message of the first purge may be sent already, and its attribute not yet cleared."""
    ledger.tombstone(claimed(ledger), {}, purges=True)
    clock.at += 10
    ledger.commit(claimed(ledger), FIELDS)
    clock.at += 10

    ledger.tombstone(claimed(ledger), {}, purges=True)
    ledger.clear_purge_due(KEY, 1_000_000)

    assert ledger.read(KEY).purge_due == 1_000_020


def test_a_purge_that_was_sent_is_not_due(
    ledger: Ledger, clients: Clients, clock: FakeClock, published: Entry
) -> None:
    clock.at += 0.123456
    ledger.tombstone(claimed(ledger), {}, purges=True)

    for _ in range(2):
        ledger.clear_purge_due(KEY, ledger.read(KEY).purge_due)

    assert "purge_due" not in item(clients)
    ledger.clear_purge_due("never-seen", 1_000_000)
    assert not item(clients, "never-seen")


def answer_is_lost(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Lose the answer of the first write; return the tokens of all."""
    real, tokens = clients.dynamodb.update_item, []

    def deaf(**arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever botocore takes
        tokens.append(arguments["ExpressionAttributeValues"][":token"])
        answer = real(**arguments)
        if len(tokens) == 1:
            raise client_error("InternalServerError", 500)
        return answer

    monkeypatch.setattr(clients.dynamodb, "update_item", deaf)
    return tokens
