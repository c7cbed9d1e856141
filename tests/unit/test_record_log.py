from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from shared.model.codec import Codec
from shared.model.errors import Corrupt, Throttled
from shared.model.manifest import StoredVariant
from shared.model.outcome import Outcome
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.reductions import Reduction, SlotLimit, Still
from shared.model.source import Source
from tests.support.fakes import FakeClock
from worker.record_log import RecordLog
from worker.result import KeyResult
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


MADE = KeyResult(Outcome.MADE, changed_at=CLOCK.at, variants=3, variant_bytes=300)


def made(work: Work = WORK) -> RecordLog:
    """Return the log of a source that was published."""
    return RecordLog(work, FakeClock(), source=SOURCE, recipe=RECIPE)


def line(record_log: RecordLog, result: KeyResult) -> dict[str, object]:
    with capture_logs() as lines:
        record_log.log_outcome(result)
    (only,) = lines
    return dict(only)


def test_what_the_limits_took_is_in_the_line_of_a_published_source() -> None:
    variants = [
        StoredVariant("w64", Slot.WEBP, Codec.JPEG, 64, 48, 100, SlotLimit.MEMORY),
        StoredVariant("w64", Slot.FALLBACK, Codec.JPEG, 64, 48, 100),
    ]
    reduced, untouched = made(), made()

    reduced.note_reduction(Reduction(Still.FRAMES, most_pixels=5_000), variants)
    untouched.note_reduction(Reduction(), variants[1:])

    first, second = line(reduced, MADE), line(untouched, MADE)
    assert {name: first[name] for name in first.keys() - second.keys()} == {
        "still": "frames",
        "most_pixels": 5_000,
        "plainer_slots": ["w64.webp"],
    }


def test_each_timing_is_the_time_since_the_one_before() -> None:
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


def test_the_fields_include_the_source_and_the_recipe() -> None:
    record_log = RecordLog(WORK, FakeClock())

    record_log.source, record_log.recipe = SOURCE, RECIPE

    assert record_log.fields() == {
        **BARE,
        "etag": "abc",
        "source_bytes": 7,
        "recipe": "one",
        "total_seconds": 0,
    }


def test_times_are_rounded_to_milliseconds() -> None:
    clock = FakeClock(at=0)
    record_log = RecordLog(WORK, clock)

    clock.at += 0.123456
    record_log.add_timing("fetch")

    assert record_log.timings == {"fetch_seconds": 0.123}
    assert record_log.fields()["total_seconds"] == 0.123


def test_two_record_logs_share_nothing() -> None:
    clock = FakeClock()
    first, second = RecordLog(WORK, clock), RecordLog(Work("b.jpg", ("m2",)), clock)

    first.add_timing("fetch")

    assert second.timings == {}


def test_the_line_of_a_published_source_has_its_numbers() -> None:
    said = line(made(), MADE)

    assert said == {
        "event": "image done",
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
def test_only_a_source_that_was_made_now_counts_variants_and_time(outcome: Outcome) -> None:
    """A duplicate that finds its work done would count it again."""
    said = line(made(), replace(MADE, outcome=outcome))

    assert (said["outcome"], said["images"]) == (outcome.value, 1)
    assert said.keys().isdisjoint({"variants", "variant_bytes", "complete_seconds"})


def test_without_the_time_of_the_event_there_is_no_complete_seconds() -> None:
    said = line(made(Work("a.jpg", ("m1",))), MADE)

    assert "complete_seconds" not in said


def test_complete_seconds_end_with_the_change_of_the_ledger() -> None:
    result = replace(MADE, changed_at=CLOCK.at - 1)

    assert line(made(), result)["complete_seconds"] == 3.0


def test_a_clock_behind_that_of_s3_gives_no_negative_time() -> None:
    ahead = Work("a.jpg", ("m1",), happened_at=NOW + timedelta(seconds=9))

    assert line(made(ahead), MADE)["complete_seconds"] == 0


def test_the_line_of_a_rejected_source_says_why() -> None:
    rejected = KeyResult(Corrupt("Expected pixels.", stage="render"))

    said = line(RecordLog(WORK, FakeClock()), rejected)

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


def test_a_transient_failure_is_no_rejection() -> None:
    said = line(made(), KeyResult(Throttled("Slow down.")))

    assert (said["event"], said["failures"]) == ("image delayed", 1)
    assert said.keys().isdisjoint({"rejections", "images", "outcome", "variants"})
