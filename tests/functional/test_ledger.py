from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from shared.cloud.claims import Claim
from shared.cloud.clients import Clients
from shared.cloud.finish import MAX_DETAIL_BYTES, TOMBSTONE_SECONDS
from shared.cloud.items import Value
from shared.cloud.ledger import Ledger
from shared.cloud.ledger_repairs import add_published
from shared.model.entry import Entry
from shared.model.errors import (
    Cause,
    Claimed,
    ClaimLost,
    Corrupt,
    LedgerUnavailable,
    TooCostly,
    UnknownSchema,
)
from tests.functional.conftest import TABLE
from tests.support.fakes import ONE_ATTEMPT, FakeClock, client_error, unbounded_calls

pytestmark = pytest.mark.functional

KEY = "photos/a b+c%20é.jpg"
NAMES = ("w64.webp", "w32.webp")
FIELDS: dict[str, Value] = {
    "identity": "etag;focal=1",
    "fingerprint": "f00d",
    "engine": "1",
    "variants": ["w32.webp", "w64.webp"],
    "variant_bytes": 12345,
    "total_seconds": 1.25,
}


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="ledger")
def _ledger(clients: Clients, clock: FakeClock) -> Ledger:
    return Ledger(clients.dynamodb, unbounded_calls(), TABLE, clock)


def item(clients: Clients, key: str = KEY) -> dict[str, Any]:
    """Return what DynamoDB holds for a key."""
    answer = clients.dynamodb.get_item(TableName=TABLE, Key={"key": {"S": key}})
    return dict(answer.get("Item", {}))


def claimed(ledger: Ledger, *, lease_seconds: float = 600) -> Claim:
    return ledger.claim(KEY, lease_seconds=lease_seconds, may_store=NAMES)


def test_what_was_never_written_reads_as_empty(ledger: Ledger) -> None:
    assert ledger.read(KEY) == Entry()


def test_the_first_claim_notes_what_may_be_stored(ledger: Ledger, clients: Clients) -> None:
    claim = claimed(ledger)

    written = item(clients)
    assert claim.entry == Entry()
    assert claim.lease_until == 1_000_600
    assert written["claim_token"] == {"S": claim.token}
    assert float(written["lease_until"]["N"]) == 1_000_600
    assert set(written["may_store"]["SS"]) == set(NAMES)
    assert written["schema"] == {"N": "1"}
    assert "status" not in written
    assert ledger.read(KEY).is_unfinished


def test_a_commit_writes_and_ends_the_claim_at_once(ledger: Ledger, clients: Clients) -> None:
    claim = claimed(ledger)
    ledger.commit(claim, FIELDS)

    written = item(clients)
    assert written["status"] == {"S": "published"}
    assert written["variant_bytes"] == {"N": "12345"}
    assert float(written["updated_at"]["N"]) == 1_000_000
    assert not written.keys() & {"claim_token", "lease_until", "may_store", "expires_at", "cause"}
    assert ledger.read(KEY) == Entry(
        status="published",
        identity="etag;focal=1",
        fingerprint="f00d",
        engine="1",
        variant_bytes=12345,
        total_seconds=1.25,
        updated_at=1_000_000,
        done_token=claim.token,
        stored=frozenset(NAMES),
    )


def test_a_claim_has_the_entry_from_before(ledger: Ledger) -> None:
    ledger.commit(claimed(ledger), FIELDS)
    before = ledger.read(KEY)

    second = ledger.claim(KEY, lease_seconds=600, may_store=["sq.webp"])

    assert second.entry == before
    assert ledger.read(KEY).stored == {*NAMES, "sq.webp"}


def test_a_live_lease_is_respected_and_its_remaining_time_returned(
    ledger: Ledger, clock: FakeClock
) -> None:
    first = claimed(ledger, lease_seconds=600)
    clock.at += 200

    with pytest.raises(Claimed) as caught:
        claimed(ledger)

    assert caught.value.retry_after_seconds == pytest.approx(400)
    ledger.commit(first, FIELDS)


def test_a_lease_that_ran_out_is_taken_over(
    ledger: Ledger, clock: FakeClock, clients: Clients
) -> None:
    first = claimed(ledger, lease_seconds=600)
    clock.at += 600.5

    second = ledger.claim(KEY, lease_seconds=600, may_store=["sq.webp"])

    assert second.token != first.token
    assert second.entry.stored == set(NAMES)
    assert set(item(clients)["may_store"]["SS"]) == {*NAMES, "sq.webp"}


def test_a_lease_lives_to_its_very_end(ledger: Ledger, clock: FakeClock) -> None:
    claimed(ledger, lease_seconds=600)
    clock.at += 600

    with pytest.raises(Claimed) as caught:
        claimed(ledger)

    assert caught.value.retry_after_seconds == 1


Write = Callable[[Ledger, Claim], object]
WRITES: dict[str, Write] = {
    "commit": lambda ledger, claim: ledger.commit(claim, FIELDS),
    "reject": lambda ledger, claim: ledger.reject(claim, Corrupt("bad"), {}),
    "tombstone": lambda ledger, claim: ledger.tombstone(claim, {}),
    "release": lambda ledger, claim: ledger.release(claim),
    "abandon": lambda ledger, claim: ledger.abandon(claim),
    "hand over": lambda ledger, claim: ledger.hand_over(
        claim, lane="large", why=TooCostly("too much"), has_stored=False
    ),
}
every_write = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())


@every_write
def test_a_lost_claim_changes_nothing(
    ledger: Ledger, clock: FakeClock, clients: Clients, write: Write
) -> None:
    lost = claimed(ledger, lease_seconds=60)
    clock.at += 61
    claimed(ledger)
    before = item(clients)

    with pytest.raises(ClaimLost) as caught:
        write(ledger, lost)

    assert caught.value.stage == "ledger"
    assert item(clients) == before


@every_write
def test_a_claim_can_end_once(ledger: Ledger, clients: Clients, write: Write) -> None:
    claim = claimed(ledger)
    write(ledger, claim)
    before = item(clients)

    with pytest.raises(ClaimLost):
        ledger.commit(claim, {"variants": ["other.webp"]})

    assert item(clients) == before


@every_write
def test_every_outcome_ends_the_claim(ledger: Ledger, write: Write) -> None:
    write(ledger, claimed(ledger))

    claimed(ledger)


@pytest.mark.parametrize("outcome", ["commit", "reject", "tombstone", "abandon"])
def test_only_a_released_claim_leaves_the_work_unfinished(ledger: Ledger, outcome: str) -> None:
    WRITES["release"](ledger, claimed(ledger))
    assert ledger.read(KEY).is_unfinished

    WRITES[outcome](ledger, claimed(ledger))

    assert not ledger.read(KEY).is_unfinished


def test_a_claim_knows_all_that_may_exist(ledger: Ledger) -> None:
    ledger.commit(claimed(ledger), FIELDS)

    claim = ledger.claim(KEY, lease_seconds=600, may_store=["sq.webp"])

    assert claim.may_exist == {*NAMES, "sq.webp"}


def test_our_own_claim_is_safe_to_repeat(
    ledger: Ledger, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A response that is lost looks like a request that is lost, and is sent again."""
    real, tokens = clients.dynamodb.update_item, []

    def deaf(**arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever botocore takes
        tokens.append(arguments["ExpressionAttributeValues"][":token"])
        answer = real(**arguments)
        if len(tokens) == 1:
            raise client_error("InternalServerError", 500)
        return answer

    monkeypatch.setattr(clients.dynamodb, "update_item", deaf)

    claim = claimed(ledger)

    assert tokens == [{"S": claim.token}] * 2
    ledger.commit(claim, FIELDS)


@pytest.mark.parametrize(
    "change",
    [
        claimed,
        lambda ledger: ledger.clear_purge_due(KEY, ledger.read(KEY).purge_due),
    ],
    ids=["claims the key", "sends the purge"],
)
def test_a_removal_whose_answer_was_lost_is_done_whatever_another_worker_changes(
    ledger: Ledger,
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[Ledger], object],
) -> None:
    """Otherwise the first worker takes the claim away from the second one, which writes on."""
    ledger.commit(claimed(ledger), FIELDS)
    removal, real, answers = claimed(ledger), clients.dynamodb.update_item, []

    def deaf(**arguments: Any) -> Mapping[str, Any]:  # noqa: ANN401 - whatever botocore takes
        answers.append(real(**arguments))
        if len(answers) == 1:
            change(ledger)
            raise client_error("InternalServerError", 500)
        return answers[-1]

    monkeypatch.setattr(clients.dynamodb, "update_item", deaf)

    ledger.tombstone(removal, {}, purges=True)

    assert len(answers) == 2
    assert ledger.read(KEY).status == "removed"


def test_a_newer_schema_is_left_alone(ledger: Ledger, clients: Clients) -> None:
    clients.dynamodb.put_item(
        TableName=TABLE, Item={"key": {"S": KEY}, "schema": {"N": "2"}, "status": {"S": "new"}}
    )
    before = item(clients)

    with pytest.raises(UnknownSchema, match="Expected ledger schema 1, got 2"):
        claimed(ledger)
    with pytest.raises(UnknownSchema, match="Expected ledger schema 1, got 2"):
        ledger.read(KEY)

    assert item(clients) == before


def test_a_rejection_stores_its_cause_and_no_variants(ledger: Ledger, clients: Clients) -> None:
    ledger.commit(claimed(ledger), FIELDS)
    detail = "x" * (MAX_DETAIL_BYTES + 100)

    ledger.reject(claimed(ledger), Corrupt(detail, stage="render"), {"etag": "new"})

    written = item(clients)
    assert written["status"] == {"S": "rejected"}
    assert written["cause"] == {"S": Cause.CORRUPT.value}
    assert written["stage"] == {"S": "render"}
    assert written["detail"] == {"S": "x" * MAX_DETAIL_BYTES}
    assert written["variants"] == {"L": []}
    assert written["etag"] == {"S": "new"}
    assert not written.keys() & {"identity", "fingerprint", "version", "variant_bytes"}
    assert not ledger.read(KEY).is_published
    assert ledger.read(KEY).stored == frozenset()


def test_a_failure_without_a_stage_or_a_detail_can_be_written(ledger: Ledger) -> None:
    ledger.reject(claimed(ledger), Corrupt(""), {})

    assert ledger.read(KEY).status == "rejected"


@pytest.mark.parametrize("outcome", ["commit", "tombstone"])
def test_a_rejection_that_is_over_leaves_no_cause(
    ledger: Ledger, clients: Clients, outcome: str
) -> None:
    ledger.reject(claimed(ledger), Corrupt("bad", stage="render"), {})

    WRITES[outcome](ledger, claimed(ledger))

    assert not item(clients).keys() & {"cause", "stage", "detail"}


def test_a_tombstone_expires_and_agrees_with_no_source(ledger: Ledger, clients: Clients) -> None:
    ledger.commit(claimed(ledger), FIELDS)

    ledger.tombstone(claimed(ledger), {})

    written = item(clients)
    assert written["status"] == {"S": "removed"}
    assert written["expires_at"] == {"N": str(1_000_000 + TOMBSTONE_SECONDS)}
    assert not written.keys() & {"identity", "etag", "fingerprint", "version", "variant_bytes"}
    assert ledger.read(KEY).stored == frozenset()


@pytest.mark.parametrize("outcome", ["commit", "reject"])
def test_a_tombstone_that_is_claimed_does_not_expire(
    ledger: Ledger, clients: Clients, outcome: str
) -> None:
    ledger.tombstone(claimed(ledger), {})

    WRITES[outcome](ledger, claimed(ledger))

    assert "expires_at" not in item(clients)


def test_a_release_keeps_what_may_have_been_stored_until_a_commit(
    ledger: Ledger, clients: Clients
) -> None:
    ledger.release(claimed(ledger))
    released = ledger.read(KEY)

    second = ledger.claim(KEY, lease_seconds=600, may_store=["sq.webp"])
    ledger.commit(second, {"variants": ["sq.webp"]})

    assert released.stored == set(NAMES)
    assert second.entry.stored == set(NAMES)
    assert ledger.read(KEY).stored == {"sq.webp"}


def test_a_release_leaves_what_is_published_as_it_is(ledger: Ledger, clients: Clients) -> None:
    ledger.commit(claimed(ledger), FIELDS)
    before = item(clients)

    ledger.release(claimed(ledger))

    after = item(clients)
    del after["may_store"]
    assert {**after, "done_token": None} == {**before, "done_token": None}


def test_a_claim_that_arrives_after_other_claims_have_ended_changes_nothing(
    ledger: Ledger, clients: Clients
) -> None:
    """As a request does that a lost connection delays: the worker has repeated it long ago."""
    requests: list[dict[str, Any]] = []
    clients.dynamodb.meta.events.register(
        "provide-client-params.dynamodb.UpdateItem",
        lambda params, **_: requests.append(params),
    )
    for _ in range(2):
        ledger.commit(claimed(ledger), FIELDS)
    before = item(clients)

    with pytest.raises(ClientError, match="ConditionalCheckFailed"):
        clients.dynamodb.update_item(**requests[0])

    assert item(clients) == before


@every_write
def test_a_claim_for_an_entry_that_has_changed_since_is_refused(
    ledger: Ledger, write: Write
) -> None:
    seen = ledger.read(KEY)
    write(ledger, claimed(ledger))

    with pytest.raises(Claimed, match="another worker has had the key") as caught:
        ledger.claim(KEY, lease_seconds=600, may_store=NAMES, entry=seen)

    assert caught.value.retry_after_seconds == 1


def test_keys_do_not_touch_each_other(ledger: Ledger, clients: Clients) -> None:
    claimed(ledger)

    other = ledger.claim(f"{KEY} ", lease_seconds=600, may_store=NAMES)
    ledger.commit(other, FIELDS)

    assert ledger.read(KEY).is_unfinished
    assert ledger.read(f"{KEY} ").is_published


def test_a_table_that_is_not_there_is_the_ledgers_trouble(
    clients: Clients, clock: FakeClock
) -> None:
    with pytest.raises(LedgerUnavailable):
        Ledger(clients.dynamodb, ONE_ATTEMPT, "no-such-table", clock).read(KEY)


def test_a_lost_entry_is_written_again_as_its_commit_wrote_it(
    ledger: Ledger, clients: Clients
) -> None:
    at = ledger.commit(claimed(ledger), FIELDS)
    committed = item(clients)
    clients.dynamodb.delete_item(TableName=TABLE, Key={"key": {"S": KEY}})

    is_added = add_published(ledger, KEY, FIELDS, at=at)
    is_repeated = add_published(ledger, KEY, FIELDS, at=at)

    assert (is_added, is_repeated) == (True, True)
    assert item(clients) == {
        name: value for name, value in committed.items() if name != "done_token"
    }


def test_an_entry_that_exists_is_never_written_over(ledger: Ledger, clients: Clients) -> None:
    claim = claimed(ledger)
    before = item(clients)

    while_claimed = add_published(ledger, KEY, FIELDS, at=1.0)
    ledger.tombstone(claim, {})
    after_removal = add_published(ledger, KEY, FIELDS, at=1.0)

    assert (while_claimed, after_removal) == (False, False)
    assert before["claim_token"]["S"] == claim.token
    assert ledger.read(KEY).status == "removed"
