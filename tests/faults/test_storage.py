"""S3 and DynamoDB throttle, fail, refuse and lose answers, before and after the effect."""

import pytest
from structlog.testing import capture_logs

from shared.events import backfill
from shared.model.errors import Cause
from shared.model.outcome import Outcome
from tests.faults.delivery import FULL_SET, Delivery, cause, notification
from tests.faults.injector import EVERY, Injector
from tests.functional.conftest import SOURCES, TABLE
from tests.support import images
from worker.policy import CALL_LIMITS
from worker.result import RecordOutcome

pytestmark = pytest.mark.faults

KEY = "a.jpg"
HOUR = 3600
PUTS = range(1, len(FULL_SET) + 1)  # the variants' and, last, the manifest's
THROTTLED = "ProvisionedThroughputExceededException"
SMALL = (48, 36)


@pytest.fixture(autouse=True)
def _dropped(delivery: Delivery) -> None:
    delivery.world.drop(KEY, images.jpeg(SMALL))


@pytest.mark.case(26)
@pytest.mark.parametrize("put", PUTS)
def test_a_put_that_gets_slow_down_is_repeated(
    delivery: Delivery, injector: Injector, put: int
) -> None:
    injector.refuse("PutObject", "SlowDown", status=503, calls=[put])

    outcome = delivery.process(KEY)

    assert outcome is Outcome.MADE
    assert injector.tried.count("PutObject") == len(FULL_SET) + 1
    assert delivery.agrees(KEY)


# More throttles than a brief retry outlasts, of each call that follows a render.
WRITES = {
    "PUT of the variants": ("PutObject", "SlowDown", 503, range(1, 13)),
    "PUT of the manifest": ("PutObject", "SlowDown", 503, range(4, 16)),
    "commit": ("UpdateItem", THROTTLED, 400, range(2, 14)),
}


@pytest.mark.case(26)
@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)
def test_a_rendered_image_waits_for_a_throttled_write_instead_of_a_second_render(
    delivery: Delivery, injector: Injector, write: tuple[str, str, int, range]
) -> None:
    operation, code, status, calls = write
    injector.refuse(operation, code, status=status, calls=calls)

    outcome = delivery.process(KEY)

    assert outcome is Outcome.MADE
    assert injector.tried.count("GetObject") == 1
    assert delivery.agrees(KEY)


@pytest.mark.case(26)
def test_former_variants_are_deleted_although_s3_throttles_after_the_render(
    delivery: Delivery, injector: Injector
) -> None:
    delivery.process(KEY)
    delivery.world.drop(KEY, images.jpeg(SMALL, seed=2), {"recipe": "square"})
    injector.tried.clear()
    injector.refuse("DeleteObjects", "SlowDown", status=503, calls=range(1, 13))

    outcome = delivery.process(KEY)

    assert outcome is Outcome.MADE
    assert injector.tried.count("GetObject") == 1
    assert delivery.world.stored_names(KEY) == {"sq.webp", "manifest.json"}


@pytest.mark.case(26)
@pytest.mark.parametrize("name", sorted(FULL_SET))
def test_no_reader_is_pointed_to_a_set_that_lacks_a_variant(
    delivery: Delivery, injector: Injector, name: str
) -> None:
    injector.refuse("PutObject", "SlowDown", status=503, where=name)

    (result,) = delivery.deliver(notification(KEY))
    tries = injector.tried.count("PutObject")
    left = delivery.world.stored_names(KEY)
    item = delivery.world.item(KEY)
    injector.mend()
    delivery.outlast_leases()
    (again,) = delivery.deliver(notification(KEY), receives=2)

    assert (cause(result.outcome), result.is_acknowledged) == (Cause.THROTTLED, False)
    assert tries > CALL_LIMITS.attempts
    assert "manifest.json" not in left
    assert "status" not in item
    assert again.outcome is Outcome.MADE
    assert delivery.agrees(KEY)


LOST = {
    "of the claim": ("UpdateItem", 1),
    "of the first variant": ("PutObject", 1),
    "of the manifest": ("PutObject", len(FULL_SET)),
    "of the commit": ("UpdateItem", 2),
}


@pytest.mark.case(27)
@pytest.mark.parametrize(("operation", "call"), LOST.values(), ids=LOST.keys())
def test_a_call_whose_answer_was_lost_is_safe_to_repeat(
    delivery: Delivery, injector: Injector, operation: str, call: int
) -> None:
    injector.lose(operation, calls=[call])

    outcomes = persisted(delivery)
    quiet = delivery.process(KEY)

    assert outcomes[-1] in {Outcome.MADE, Outcome.CURRENT}
    assert quiet is Outcome.CURRENT
    assert delivery.agrees(KEY)
    assert delivery.queues.sent == []


@pytest.mark.case(27)
def test_a_commit_whose_answer_was_lost_is_known_for_done(
    delivery: Delivery, injector: Injector
) -> None:
    injector.lose("UpdateItem", calls=[2])

    (result,) = delivery.deliver(notification(KEY))

    assert (result.outcome, result.is_acknowledged) == (Outcome.MADE, True)


@pytest.mark.case(27)
def test_a_removal_whose_answers_were_all_lost_converges(
    delivery: Delivery, injector: Injector
) -> None:
    delivery.process(KEY)
    delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
    injector.lose("DeleteObjects", calls=EVERY)
    injector.lose("UpdateItem", calls=[1])
    first = delivery.process(KEY)
    injector.mend()
    injector.lose("DeleteObjects", calls=[1])
    injector.lose("UpdateItem", calls=[2])

    outcomes = persisted(delivery)

    assert cause(first) is Cause.STORAGE_UNAVAILABLE
    assert outcomes[-1] in {Outcome.REMOVED, Outcome.ABSENT}
    assert delivery.world.stored() == {}
    assert delivery.world.item(KEY)["status"] == {"S": "removed"}
    assert delivery.queues.sent == []


@pytest.mark.case(28)
@pytest.mark.parametrize("put", [1, len(FULL_SET)], ids=["a variant", "the manifest"])
def test_a_put_that_met_another_is_repeated(
    delivery: Delivery, injector: Injector, put: int
) -> None:
    injector.refuse("PutObject", "ConditionalRequestConflict", status=409, calls=[put])

    outcome = delivery.process(KEY)

    assert outcome is Outcome.MADE
    assert delivery.agrees(KEY)


@pytest.mark.case(28)
def test_a_source_that_is_not_the_one_seen_is_read_again_at_once_and_not_repeated(
    delivery: Delivery, injector: Injector
) -> None:
    injector.refuse("GetObject", "PreconditionFailed", status=412, calls=[1])

    first = delivery.process(KEY)
    asked = injector.tried.count("GetObject")
    again = delivery.process(KEY, receives=2)

    assert cause(first) is Cause.SOURCE_CHANGED
    assert asked == 1
    assert delivery.delayed_seconds() == 0
    assert again is Outcome.MADE


@pytest.mark.case(28)
def test_a_commit_that_finds_another_claim_is_reported_and_the_retry_reconciles(
    delivery: Delivery, injector: Injector
) -> None:
    def taken_over() -> None:
        delivery.world.clients.dynamodb.update_item(
            TableName=TABLE,
            Key={"key": {"S": KEY}},
            UpdateExpression="SET claim_token = :token",
            ExpressionAttributeValues={":token": {"S": "another's"}},
        )

    # The manifest is written last, so the claim is lost just before the commit.
    injector.on("PutObject", taken_over, calls=[len(FULL_SET)])

    (result,) = delivery.deliver(notification(KEY))
    taken = delivery.world.item(KEY)
    delivery.outlast_leases()
    (again,) = delivery.deliver(notification(KEY), receives=2)

    assert (cause(result.outcome), result.is_acknowledged) == (Cause.CLAIM_LOST, False)
    # The key is unclaimed now: either worker may have written last.
    assert "claim_token" not in taken
    assert "status" not in taken
    assert [backfill.write(SOURCES, [KEY])] == [sent.body for sent in delivery.queues.sent]
    assert again.outcome is Outcome.MADE
    assert delivery.agrees(KEY)


@pytest.mark.case(29)
@pytest.mark.parametrize(
    ("code", "status"), [(THROTTLED, 400), ("InternalServerError", 500)], ids=["slow", "down"]
)
def test_an_hour_without_the_ledger_loses_nothing_and_needs_no_operator(
    delivery: Delivery, injector: Injector, code: str, status: int
) -> None:
    keys = [f"{number}.jpg" for number in range(5)]
    for number, key in enumerate(keys):
        delivery.world.drop(key, images.jpeg(SMALL, seed=number))
    over = delivery.clock.at + HOUR
    for operation in ("GetItem", "UpdateItem"):
        injector.refuse(operation, code, status=status)

    waiting, receives = dict.fromkeys(keys, delivery.clock.at), 0
    rounds: list[set[Cause | None]] = []
    while waiting:
        receives += 1
        delivery.clock.at = max(waiting.values())
        if delivery.clock.at > over:
            injector.mend()
        bodies = [notification(key) for key in waiting]
        delivery.queues.delays.clear()
        results = delivery.deliver(*bodies, receives=receives)
        rounds.append({cause(result.outcome) for result in results})
        waits = {receipt: seconds for _, receipt, seconds in delivery.queues.delays}
        waiting = {
            key: delivery.clock.at + waits[result.message_id]
            for key, result in zip(waiting, results, strict=True)
            if not result.is_acknowledged
        }

    assert receives <= delivery.world.settings.max_receives
    assert all(rounds[:-1] == [each] * (receives - 1) for each in rounds[:1])
    assert rounds[0] <= {Cause.THROTTLED, Cause.LEDGER_UNAVAILABLE}
    assert rounds[-1] == {None}
    assert delivery.queues.sent == []
    assert all(delivery.world.stored_names(key) == FULL_SET for key in keys)


@pytest.mark.case(29)
def test_after_a_batch_that_met_an_outage_one_record_goes_ahead_and_the_rest_are_held_back(
    delivery: Delivery, injector: Injector
) -> None:
    bodies = [notification(f"{number}.jpg") for number in range(10)]
    injector.refuse("GetItem", THROTTLED, status=400)
    delivery.deliver(*bodies)
    injector.tried.clear()

    with capture_logs() as said:
        results = delivery.deliver(*bodies, receives=2)

    logged_causes = [line["cause"] for line in said if line["event"] == "batch stopped"]
    assert {cause(result.outcome) for result in results} == {Cause.THROTTLED}
    assert not any(result.is_acknowledged for result in results)
    assert injector.tried == ["GetItem"] * CALL_LIMITS.attempts
    assert logged_causes == [Cause.THROTTLED]


@pytest.mark.case(30)
@pytest.mark.parametrize("code", ["AccessDenied", "KMS.DisabledException"])
def test_one_tenant_whose_sources_are_closed_to_us_fails_alone_and_by_name(
    delivery: Delivery, injector: Injector, code: str
) -> None:
    keys = ["tenant-a/a.jpg", *[f"tenant-b/{number}.jpg" for number in range(9)]]
    for number, key in enumerate(keys):
        delivery.world.drop(key, images.jpeg(SMALL, seed=number))
    injector.refuse("GetObject", code, status=403, where="tenant-a")

    closed, *others = delivery.deliver(*[notification(key) for key in keys])
    (last,) = delivery.deliver(
        notification(keys[0]), receives=delivery.world.settings.max_receives
    )

    (dead_letter,) = delivery.queues.sent
    assert (cause(closed.outcome), closed.is_acknowledged) == (Cause.ACCESS_DENIED, False)
    assert [result.outcome for result in others] == [Outcome.MADE] * 9
    assert last.is_acknowledged
    assert dead_letter.attributes["cause"] == Cause.ACCESS_DENIED
    assert dead_letter.attributes["stage"] == "fetch"
    assert code in dead_letter.attributes["detail"]


SSE_C = (
    "The object was stored using a form of Server Side Encryption. The correct parameters must be "
    "provided to retrieve the object."
)


def test_a_source_with_its_owners_key_is_rejected_alone_until_it_is_replaced(
    delivery: Delivery, injector: Injector
) -> None:
    keys = [KEY, "plain.jpg"]
    for number, key in enumerate(keys):
        delivery.world.drop(key, images.jpeg(SMALL, seed=number))
    delivery.deliver(notification(KEY))
    delivery.world.drop(KEY, images.jpeg(SMALL, seed=7))
    injector.refuse("HeadObject", "400", status=400, where=KEY)
    injector.refuse("GetObject", "InvalidRequest", status=400, where=KEY, message=SSE_C)

    encrypted, plain = delivery.deliver(*[notification(key) for key in keys])
    _, duplicate = delivery.deliver(*[notification(key) for key in reversed(keys)])
    stored = delivery.world.stored_names(KEY)
    (listed,) = delivery.world.clients.s3.list_objects_v2(Bucket=SOURCES, Prefix=KEY)["Contents"]
    rejected_etag = delivery.world.item(KEY)["etag"]["S"]
    injector.mend()
    delivery.world.drop(KEY, images.jpeg(SMALL, seed=8))
    (replaced,) = delivery.deliver(notification(KEY))

    (dead_letter,) = delivery.queues.sent
    assert (cause(encrypted.outcome), encrypted.is_acknowledged) == (Cause.SOURCE_ENCRYPTED, True)
    assert dead_letter.attributes["cause"] == Cause.SOURCE_ENCRYPTED
    assert "SSE-C" in dead_letter.attributes["detail"]
    assert plain.outcome is Outcome.MADE
    assert duplicate.outcome is Outcome.REJECTED
    assert rejected_etag == listed["ETag"].strip('"')
    assert stored == set()
    assert replaced.outcome is Outcome.MADE


def persisted(delivery: Delivery) -> list[RecordOutcome]:
    return delivery.persist(notification(KEY))
