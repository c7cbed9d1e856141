from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from shared.model.completion import Change, Completion
from shared.model.entry import Entry
from shared.model.errors import Cause, Corrupt, Failure, Throttled
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.source import Source
from tests.support.fakes import FakeClock
from worker.record_log import RecordLog
from worker.work import Work

pytestmark = pytest.mark.unit

CLOCK = FakeClock()
NOW = datetime.fromtimestamp(CLOCK.at, UTC)
WORK = Work("a.jpg", ("m1",), receives=2, lane="live", happened_at=NOW - timedelta(seconds=4))
SOURCE = Source("a.jpg", etag="abc", size_bytes=7)
RECIPE = Recipe("one", (Variant("w64", (Slot.WEBP,)),))
BARE = {
    "key": "a.jpg",
    "lane": "live",
    "receive_count": 2,
    "message_ids": ["m1"],
    "request_id": "",
}


def made(work: Work = WORK) -> RecordLog:
    """Return the story of a source that was published."""
    return RecordLog(
        work,
        FakeClock(),
        source=SOURCE,
        recipe=RECIPE,
        change=Change.COMPLETE,
        version="0123456789ab",
        variants=3,
        variant_bytes=300,
        changed_at=CLOCK.at,
    )


def line(record_log: RecordLog, outcome: Outcome | Failure) -> dict[str, object]:
    with capture_logs() as lines:
        record_log.log_outcome(outcome)
    (only,) = lines
    return dict(only)


def test_each_lap_is_the_time_since_the_one_before() -> None:
    clock = FakeClock()
    record_log = RecordLog(WORK, clock)

    clock.at += 1.25
    record_log.add_timing("fetch")
    clock.at += 0.5
    record_log.add_timing("render")
    clock.at += 2

    assert record_log.fields() == {
        **BARE,
        "fetch_seconds": 1.25,
        "render_seconds": 0.5,
        "total_seconds": 3.75,
    }


def test_a_source_and_a_recipe_that_were_found_are_told_of() -> None:
    record_log = RecordLog(WORK, FakeClock())

    record_log.source, record_log.recipe = SOURCE, RECIPE

    assert record_log.fields() == {
        **BARE,
        "etag": "abc",
        "source_bytes": 7,
        "recipe": "one",
        "total_seconds": 0,
    }


def test_times_are_told_in_milliseconds_at_most() -> None:
    clock = FakeClock(at=0)
    record_log = RecordLog(WORK, clock)

    clock.at += 0.123456
    record_log.add_timing("fetch")

    assert record_log.timings == {"fetch_seconds": 0.123}
    assert record_log.fields()["total_seconds"] == 0.123


def test_two_stories_share_nothing() -> None:
    clock = FakeClock()
    first, second = RecordLog(WORK, clock), RecordLog(Work("b.jpg", ("m2",)), clock)

    first.add_timing("fetch")

    assert second.timings == {}


def test_the_line_of_a_published_source_has_its_figures() -> None:
    said = line(made(), Outcome.MADE)

    assert said == {
        "event": "image settled",
        "log_level": "info",
        **BARE,
        "etag": "abc",
        "source_bytes": 7,
        "recipe": "one",
        "total_seconds": 0,
        "outcome": "made",
        "images": 1,
        "variants": 3,
        "variant_bytes": 300,
        "complete_seconds": 4.0,
    }


@pytest.mark.parametrize("outcome", set(Outcome) - {Outcome.MADE})
def test_what_was_not_made_now_counts_no_variants_and_no_time(outcome: Outcome) -> None:
    """A duplicate that finds its work done would count it twice."""
    said = line(made(), outcome)

    assert (said["outcome"], said["images"]) == (outcome.value, 1)
    assert said.keys().isdisjoint({"variants", "variant_bytes", "complete_seconds"})


def test_without_the_events_time_nobody_knows_how_long_it_took() -> None:
    said = line(made(Work("a.jpg", ("m1",))), Outcome.MADE)

    assert "complete_seconds" not in said


def test_the_set_is_complete_when_the_ledger_says_so_and_not_when_it_is_told() -> None:
    record_log = made()
    record_log.changed_at = CLOCK.at - 1

    assert line(record_log, Outcome.MADE)["complete_seconds"] == 3.0


def test_a_clock_behind_that_of_s3_makes_no_negative_time() -> None:
    ahead = Work("a.jpg", ("m1",), happened_at=NOW + timedelta(seconds=9))

    assert line(made(ahead), Outcome.MADE)["complete_seconds"] == 0


def test_the_line_of_a_rejected_source_says_why() -> None:
    said = line(RecordLog(WORK, FakeClock()), Corrupt("Expected pixels.", stage="render"))

    assert said == {
        "event": "image rejected",
        "log_level": "warning",
        **BARE,
        "total_seconds": 0,
        "cause": "corrupt",
        "stage": "render",
        "detail": "Expected pixels.",
        "failures": 1,
        "rejections": 1,
    }


def test_a_failure_that_may_pass_is_no_rejection() -> None:
    said = line(made(), Throttled("Slow down."))

    assert (said["event"], said["failures"]) == ("image put off", 1)
    assert said.keys().isdisjoint({"rejections", "images", "outcome", "variants"})


def test_subscribers_hear_of_a_published_source() -> None:
    completion = made().completion(Outcome.MADE, bucket="photos")

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


def test_subscribers_hear_why_a_source_was_rejected() -> None:
    record_log = made()
    record_log.change = Change.REJECTED

    completion = record_log.completion(Corrupt("Expected pixels."), bucket="photos")

    assert completion == Completion(
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


def test_subscribers_hear_of_a_removed_source_only_that() -> None:
    """The source may be there still, if it is the recipe that has gone."""
    record_log = made()
    record_log.change = Change.REMOVED

    completion = record_log.completion(Outcome.REMOVED, bucket="photos")

    assert completion == Completion(
        event=Change.REMOVED,
        bucket="photos",
        key="a.jpg",
        changed_at=NOW,
        happened_at=NOW - timedelta(seconds=4),
    )


def test_what_was_done_before_is_told_again_only_to_whom_it_was_done_for() -> None:
    entry = Entry(
        change="replaced",
        version="v1",
        updated_at=7.0,
        stored=frozenset({"w64.webp"}),
        variant_bytes=9,
        told_by=frozenset({"m1"}),
    )
    first, other = RecordLog(WORK, FakeClock()), RecordLog(Work("a.jpg", ("m2",)), FakeClock())

    for record_log in (first, other):
        record_log.remember(entry)

    assert (first.version, first.changed_at, first.variants, first.variant_bytes) == (
        "v1",
        7.0,
        1,
        9,
    )
    assert (first.change, other.change) == (Change.REPLACED, None)


def test_a_change_told_again_later_is_the_same_change() -> None:
    first, again = made(), made()
    first.changed_at = again.changed_at = CLOCK.at
    again.clock = FakeClock(at=CLOCK.at + 60)

    told = [each.completion(Outcome.MADE, bucket="photos") for each in (first, again)]

    assert told[0] == told[1]
