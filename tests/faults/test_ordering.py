"""Events that are late, out of order or about another version: only the current source counts."""

from collections.abc import Sequence
from itertools import permutations

import pytest

from shared.deadline import Deadline
from shared.events import backfill
from shared.model.errors import Cause
from shared.model.outcome import Outcome
from shared.model.source import Source
from tests.faults.delivery import Delivery, cause, notification
from tests.faults.injector import Injector
from tests.functional.conftest import SOURCES
from tests.support import images

pytestmark = pytest.mark.faults

KEY = "a.jpg"
DELETED, MARKER_CREATED = "ObjectRemoved:Delete", "ObjectRemoved:DeleteMarkerCreated"
# By AWS's rule, which pads on the left with zeros, the second is the later of each pair.
SEQUENCERS = {
    "length": ("0055AED6DCD90281E5", "010055AED6DCD90281E5"),
    "case": ("0055AED6DCD9028AE5", "0055aed6dcd9028be5"),
    "equal": ("0055AED6DCD90281E5", "0055AED6DCD90281E5"),
    "not hexadecimal": ("first", "second"),
}


@pytest.fixture(name="versioned")
def _versioned(delivery: Delivery) -> Delivery:
    delivery.world.clients.s3.put_bucket_versioning(
        Bucket=SOURCES, VersioningConfiguration={"Status": "Enabled"}
    )
    return delivery


def put(delivery: Delivery, seed: int) -> str:
    """Put a version of the source and return its id."""
    answer = delivery.world.clients.s3.put_object(
        Bucket=SOURCES, Key=KEY, Body=images.jpeg(seed=seed)
    )
    return answer.get("VersionId", "")


@pytest.mark.case(8)
def test_a_late_event_of_the_former_version_changes_nothing(
    versioned: Delivery, injector: Injector
) -> None:
    first = notification(KEY, versionId=put(versioned, 1), sequencer="01")
    second = notification(KEY, versionId=put(versioned, 2), sequencer="02")
    versioned.deliver(second)
    injector.mend()

    (late,) = versioned.deliver(first)

    assert late.is_acknowledged
    assert late.outcome is Outcome.CURRENT
    assert "PutObject" not in injector.tried
    assert versioned.agrees(KEY)


@pytest.mark.case(9)
@pytest.mark.parametrize("sequencers", SEQUENCERS.values(), ids=SEQUENCERS.keys())
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "reordered"])
def test_sequencers_decide_nothing(
    delivery: Delivery, sequencers: Sequence[str], order: Sequence[int]
) -> None:
    put(delivery, 1)
    delivery.process(KEY)
    put(delivery, 2)

    ended = [delivery.deliver(notification(KEY, sequencer=sequencers[at])) for at in order]

    assert [result.outcome for (result,) in ended] == [Outcome.MADE, Outcome.CURRENT]
    assert delivery.agrees(KEY)


@pytest.mark.case(10)
def test_a_source_replaced_between_head_and_get_is_read_again_and_never_mixed(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(delivery, 1)
    replace_once(delivery, monkeypatch, before=True)

    first = delivery.process(KEY)
    between = delivery.world.stored()
    second = delivery.process(KEY, receives=2)

    assert cause(first) is Cause.SOURCE_CHANGED
    assert between == {}
    assert delivery.queues.delays[0][2] == 0
    assert second is Outcome.MADE
    assert delivery.agrees(KEY)


@pytest.mark.case(10)
def test_a_source_replaced_after_get_is_published_whole_and_then_its_successor(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(delivery, 1)
    replace_once(delivery, monkeypatch, before=False)

    first = delivery.process(KEY)
    shown = {head["Metadata"]["pixfleet-source-etag"] for head in delivery.world.stored().values()}
    second = delivery.process(KEY)

    assert (first, second) == (Outcome.MADE, Outcome.MADE)
    assert len(shown) == 1
    assert delivery.agrees(KEY)


@pytest.mark.case(11)
def test_a_source_deleted_before_its_event_is_acknowledged_as_gone(delivery: Delivery) -> None:
    put(delivery, 1)
    delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    (result,) = delivery.deliver(notification(KEY))

    assert result.is_acknowledged
    assert result.outcome is Outcome.ABSENT
    assert delivery.world.stored() == {}
    assert delivery.queues.sent == []


@pytest.mark.case(11)
def test_a_source_deleted_between_head_and_get_publishes_nothing(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(delivery, 1)
    real, objects = delivery.world.objects.fetch, delivery.world.context.objects

    def gone(source: Source, until: Deadline) -> bytes:
        delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
        return real(source, until)

    monkeypatch.setattr(objects, "fetch", gone)

    outcomes = delivery.persist(notification(KEY))

    assert [cause(outcome) for outcome in outcomes] == [Cause.SOURCE_CHANGED, None]
    assert delivery.world.stored() == {}
    assert delivery.queues.sent == []


@pytest.mark.case(12)
def test_a_late_put_event_does_not_bring_a_deleted_source_back(delivery: Delivery) -> None:
    put(delivery, 1)
    late = notification(KEY, sequencer="01")
    delivery.deliver(late)
    delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
    delivery.deliver(notification(KEY, DELETED, sequencer="02"))

    (result,) = delivery.deliver(late)

    assert result.is_acknowledged
    assert delivery.world.stored() == {}
    assert delivery.world.item(KEY)["status"] == {"S": "removed"}
    assert delivery.queues.sent == []


@pytest.mark.case(12)
@pytest.mark.parametrize("order", list(permutations((0, 1, 2))), ids=str)
def test_put_delete_put_ends_with_the_last_put_in_any_order_of_events(
    delivery: Delivery, order: Sequence[int]
) -> None:
    bodies = [
        notification(KEY, sequencer="01"),
        notification(KEY, DELETED, sequencer="02"),
        notification(KEY, sequencer="03"),
    ]
    put(delivery, 1)
    delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
    put(delivery, 2)

    ended = [delivery.deliver(bodies[at])[0] for at in order]

    assert all(result.is_acknowledged for result in ended)
    assert delivery.agrees(KEY)


@pytest.mark.case(13)
def test_the_delete_of_an_old_version_touches_nothing(
    versioned: Delivery, injector: Injector
) -> None:
    old = put(versioned, 1)
    put(versioned, 2)
    versioned.process(KEY)
    versioned.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY, VersionId=old)
    injector.mend()

    (result,) = versioned.deliver(notification(KEY, DELETED, versionId=old))

    assert result.outcome is Outcome.CURRENT
    assert not {"PutObject", "DeleteObjects"} & set(injector.tried)
    assert versioned.agrees(KEY)


@pytest.mark.case(14)
def test_an_undelete_brings_the_variants_back(versioned: Delivery) -> None:
    s3 = versioned.world.clients.s3
    put(versioned, 1)
    versioned.process(KEY)
    marker = s3.delete_object(Bucket=SOURCES, Key=KEY)["VersionId"]
    (hidden,) = versioned.deliver(notification(KEY, MARKER_CREATED, versionId=marker))
    between = versioned.world.stored()
    s3.delete_object(Bucket=SOURCES, Key=KEY, VersionId=marker)

    (back,) = versioned.deliver(notification(KEY, DELETED, versionId=marker))

    assert (hidden.outcome, between) == (Outcome.REMOVED, {})
    assert back.outcome is Outcome.MADE
    assert versioned.agrees(KEY)


@pytest.mark.case(14)
def test_a_marker_that_is_gone_before_its_event_takes_nothing_down(versioned: Delivery) -> None:
    put(versioned, 1)
    versioned.process(KEY)
    marker = versioned.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)["VersionId"]
    versioned.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY, VersionId=marker)

    (result,) = versioned.deliver(notification(KEY, MARKER_CREATED, versionId=marker))

    assert result.outcome is Outcome.CURRENT
    assert versioned.agrees(KEY)


@pytest.mark.case(38)
def test_a_backfill_that_races_an_overwrite_ends_with_the_newer_source(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(delivery, 1)
    replace_once(delivery, monkeypatch, before=True)
    envelope = backfill.write(SOURCES, [KEY])

    (raced,) = delivery.deliver(envelope)
    (live,) = delivery.deliver(notification(KEY))
    (again,) = delivery.deliver(envelope, receives=2)

    assert cause(raced.outcome) is Cause.SOURCE_CHANGED
    assert (live.outcome, again.outcome) == (Outcome.MADE, Outcome.CURRENT)
    assert delivery.agrees(KEY)


@pytest.mark.case(49)
def test_a_source_whose_event_was_lost_is_made_when_a_backfill_names_it(
    delivery: Delivery,
) -> None:
    put(delivery, 1)
    delivery.process(KEY)
    put(delivery, 2)  # no event is delivered

    (result,) = delivery.deliver(backfill.write(SOURCES, [KEY]))

    assert result.outcome is Outcome.MADE
    assert delivery.agrees(KEY)


@pytest.mark.case(52)
@pytest.mark.parametrize(
    "event", ["LifecycleExpiration:Delete", "LifecycleExpiration:DeleteMarkerCreated"]
)
def test_a_source_that_a_lifecycle_rule_deleted_takes_its_variants_along(
    delivery: Delivery, event: str
) -> None:
    put(delivery, 1)
    delivery.process(KEY)
    delivery.world.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    (result,) = delivery.deliver(notification(KEY, event))

    assert result.outcome is Outcome.REMOVED
    assert delivery.world.stored() == {}
    assert delivery.world.item(KEY)["status"] == {"S": "removed"}


def replace_once(delivery: Delivery, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    """Replace the source immediately before or after its first fetch."""
    objects = delivery.world.context.objects
    real = delivery.world.objects.fetch
    pending = [2]

    def wrapped(source: Source, until: Deadline) -> bytes:
        if before and pending:
            put(delivery, pending.pop())
        data = real(source, until)
        if pending:
            put(delivery, pending.pop())
        return data

    monkeypatch.setattr(objects, "fetch", wrapped)
