from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.model.completion import Change, Completion
from shared.model.entry import REJECTED, Entry
from shared.model.errors import Cause, Corrupt, Failure
from shared.model.outcome import Outcome
from tests.support.fakes import FakeClock
from worker.earlier_result import earlier_result
from worker.result import KeyResult, RecordOutcome
from worker.work import Work

pytestmark = pytest.mark.unit

CHANGED_AT = FakeClock().at
NOW = datetime.fromtimestamp(CHANGED_AT, UTC)
WORK = Work("a.jpg", ("m1",), receives=2, lane="live", happened_at=NOW - timedelta(seconds=4))


def result(outcome: RecordOutcome, change: Change) -> KeyResult:
    return KeyResult(
        outcome,
        change=change,
        changed_at=CHANGED_AT,
        etag="abc",
        recipe="one",
        version="0123456789ab",
        variants=3,
        variant_bytes=300,
    )


def test_the_completion_of_a_published_source_names_its_variants() -> None:
    completion = result(Outcome.MADE, Change.COMPLETE).completion(WORK, "photos")

    assert completion == Completion(
        event=Change.COMPLETE,
        bucket="photos",
        key="a.jpg",
        changed_at=NOW,
        happened_at=NOW - timedelta(seconds=4),
        etag="abc",
        version="0123456789ab",
        recipe="one",
        variants=3,
        variant_bytes=300,
        manifest="50/a.jpg/manifest.json",
    )


def test_the_completion_of_a_rejected_source_says_why() -> None:
    rejected = result(Corrupt("Expected pixels."), Change.REJECTED)

    assert rejected.completion(WORK, "photos") == Completion(
        event=Change.REJECTED,
        bucket="photos",
        key="a.jpg",
        changed_at=NOW,
        happened_at=NOW - timedelta(seconds=4),
        etag="abc",
        recipe="one",
        cause=Cause.CORRUPT,
        detail="Expected pixels.",
    )


def test_the_completion_of_a_removed_source_names_no_source() -> None:
    """The source may exist still, if its recipe was removed."""
    completion = result(Outcome.REMOVED, Change.REMOVED).completion(WORK, "photos")

    assert completion == Completion(
        event=Change.REMOVED,
        bucket="photos",
        key="a.jpg",
        changed_at=NOW,
        happened_at=NOW - timedelta(seconds=4),
    )


ENTRY = Entry(
    change="replaced",
    version="v1",
    updated_at=7.0,
    stored=frozenset({"w64.webp"}),
    variant_bytes=9,
    message_ids=frozenset({"m1"}),
)


@pytest.mark.parametrize(("message_id", "change"), [("m1", Change.REPLACED), ("m2", None)])
def test_only_the_messages_of_earlier_work_announce_it_again(
    message_id: str, change: Change | None
) -> None:
    work = Work("a.jpg", (message_id,))

    former = earlier_result(Outcome.CURRENT, ENTRY, work)

    assert former == KeyResult(
        Outcome.CURRENT, change, 7.0, version="v1", variants=1, variant_bytes=9
    )


def test_a_rejection_is_a_failure_again_for_the_messages_that_led_to_it() -> None:
    entry = Entry(
        status=REJECTED,
        change="rejected",
        cause="corrupt",
        detail="torn",
        stage="load",
        message_ids=frozenset({"m1"}),
    )

    own = earlier_result(Outcome.REJECTED, entry, Work("a.jpg", ("m1",)))
    other = earlier_result(Outcome.REJECTED, entry, Work("a.jpg", ("m2",)))

    assert isinstance(own.outcome, Failure)
    assert (own.outcome.cause, own.outcome.stage) == (Cause.CORRUPT, "load")
    assert own.change is Change.REJECTED
    assert (other.outcome, other.change) == (Outcome.REJECTED, None)


def test_a_rejection_of_a_key_without_a_recipe_is_published_and_no_failure() -> None:
    entry = Entry(
        status=REJECTED,
        change="rejected",
        etag="abc",
        cause="corrupt",
        detail="torn",
        stage="load",
        message_ids=frozenset({"m1"}),
    )

    former = earlier_result(Outcome.IGNORED, entry, Work("a.jpg", ("m1",)))

    assert former.outcome is Outcome.IGNORED
    completion = former.completion(WORK, "photos")
    assert (completion.event, completion.cause) == (Change.REJECTED, Cause.CORRUPT)
    assert (completion.etag, completion.detail) == ("abc", "torn")


@pytest.mark.parametrize(("change", "lane"), [(Change.COMPLETE, "medium"), (Change.REMOVED, None)])
def test_the_completion_of_a_forwarded_source_names_the_lane_before(
    change: Change, lane: str | None
) -> None:
    forwarded = replace(WORK, forwarded_from=("live", "medium"))

    assert result(Outcome.MADE, change).completion(forwarded, "photos").forwarded_from == lane
