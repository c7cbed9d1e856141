import pytest

from shared.model.source import Source
from tests.fakes import FakeClock
from worker.story import Story

pytestmark = pytest.mark.unit


def test_each_lap_is_the_time_since_the_one_before() -> None:
    clock = FakeClock()
    story = Story("a.jpg", clock)

    clock.at += 1.25
    story.lap("fetch")
    clock.at += 0.5
    story.lap("render")
    clock.at += 2

    assert story.fields() == {
        "key": "a.jpg",
        "fetch_seconds": 1.25,
        "render_seconds": 0.5,
        "total_seconds": 3.75,
    }


def test_a_source_that_was_seen_is_told_of() -> None:
    story = Story("a.jpg", FakeClock())

    story.source = Source("a.jpg", etag="abc", size_bytes=7)

    assert story.fields() == {
        "key": "a.jpg",
        "etag": "abc",
        "size_bytes": 7,
        "total_seconds": 0,
    }


def test_times_are_told_in_milliseconds_at_most() -> None:
    clock = FakeClock(at=0)
    story = Story("a.jpg", clock)

    clock.at += 0.123456
    story.lap("fetch")

    assert story.laps == {"fetch_seconds": 0.123}
    assert story.fields()["total_seconds"] == 0.123


def test_two_stories_share_nothing() -> None:
    clock = FakeClock()
    first, second = Story("a.jpg", clock), Story("b.jpg", clock)

    first.lap("fetch")

    assert second.laps == {}
