import pytest

from shared.model.errors import (
    Corrupt,
    DecoderCrash,
    DecodeTimeout,
    Failure,
    TooCostly,
    TooManyBytes,
    TooManyFrames,
    TooManyPixels,
)
from shared.model.lanes import (
    FORWARDED_FROM,
    exceeds_lane,
    forwarded_from,
    lane_of_queue,
    remedy,
)

pytestmark = pytest.mark.unit

OF_SIZE = {
    "memory_mb": TooCostly("Expected less.", stage="admit"),
    "max_pixels": TooManyPixels("Expected less.", stage="admit"),
    "timeout_seconds": DecodeTimeout("Expected an end.", stage="render").as_permanent(),
}
OTHERS = {
    "damage": Corrupt("torn", stage="render"),
    "a crash": DecoderCrash("exit code -11", stage="render").as_permanent(),
    "the first timeout": DecodeTimeout("Expected an end.", stage="render"),
    "the structure": TooCostly("Expected at most 16 bands.", stage="probe"),
    "the sum of the files": TooCostly("Expected at most 192 MB.", stage="encode"),
    "the bytes": TooManyBytes("Expected less.", stage="head"),
    "the frames": TooManyFrames("Expected fewer.", stage="probe"),
}


@pytest.mark.parametrize(("setting", "failure"), OF_SIZE.items(), ids=OF_SIZE)
def test_a_limit_of_a_lane_is_exceeded_and_the_remedy_names_it(
    setting: str, failure: Failure
) -> None:
    assert exceeds_lane(failure)
    assert f"Raise {setting} of lane large (PIXFLEET_" in remedy(failure, "large")


@pytest.mark.parametrize("failure", OTHERS.values(), ids=OTHERS)
def test_no_lane_can_help_against(failure: Failure) -> None:
    assert not exceeds_lane(failure)


def test_the_limit_of_bytes_is_that_of_all_lanes() -> None:
    assert remedy(OTHERS["the bytes"], "large") == "Raise max_bytes (PIXFLEET_MAX_BYTES)."


def test_without_a_lane_the_remedy_names_the_setting() -> None:
    assert remedy(OF_SIZE["memory_mb"], "") == (
        "Raise memory_mb (PIXFLEET_CHILD_MEMORY_MB), or give it a larger lane."
    )


@pytest.mark.parametrize(
    ("value", "lanes"),
    [("", ()), ("live", ("live",)), ("live,medium", ("live", "medium")), (",,", ())],
)
def test_the_lanes_of_a_forwarded_message(value: str, lanes: tuple[str, ...]) -> None:
    assert forwarded_from({FORWARDED_FROM: value}) == lanes


def test_a_lane_is_the_last_word_of_its_queue() -> None:
    assert lane_of_queue("my-site-live") == "live"
    assert lane_of_queue("live") == "live"
