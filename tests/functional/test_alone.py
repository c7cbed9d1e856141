"""What a worker has died over is worked on when nothing else is under way."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from shared.imaging.child_handle import RenderChild
from shared.model.errors import Cause, DecoderCrash, Failure, Throttled
from shared.model.outcome import Outcome
from tests.functional.conftest import World
from tests.support import images
from worker.policy import CALL_LIMITS, POLICY

pytestmark = pytest.mark.functional

NAMES = ("w32.webp",)
# A key whose write failed is free again at once.
NO_HOLD = replace(POLICY, calls=replace(CALL_LIMITS, call_seconds=0.0))


def die_over(world: World, key: str, *, times: int) -> None:
    """Leave what a worker leaves that is killed in the middle of it."""
    for _ in range(times):
        world.ledger.claim(key, lease_seconds=-1, may_store=NAMES)


@pytest.fixture(name="seen")
def _seen(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Note of each render how many were under way, itself counted, and of what."""
    seen: list[tuple[int, str]] = []
    under_way: list[int] = []
    lock, real = threading.Lock(), RenderChild.render

    def watched(self: RenderChild, source: bytes, *rest: Any, **options: Any) -> Iterator[Any]:  # noqa: ANN401 - passed through
        with lock:
            under_way.append(1)
            seen.append((len(under_way), str(len(source))))
        try:
            yield from real(self, source, *rest, **options)
        finally:
            with lock:
                under_way.pop()

    monkeypatch.setattr(RenderChild, "render", watched)
    return seen


def test_crashed_keys_run_last_and_one_at_a_time_fewest_crashes_first(
    world: World, seen: list[tuple[int, str]]
) -> None:
    pictures = {
        f"{number}.jpg": images.jpeg((64, 48 + number), seed=number) for number in range(6)
    }
    for key, picture in pictures.items():
        world.drop(key, picture)
    die_over(world, "0.jpg", times=3)
    die_over(world, "1.jpg", times=1)
    world.send(*[world.event(key) for key in pictures])

    results = world.consume()

    last = [str(len(pictures[key])) for key in ("1.jpg", "0.jpg")]
    assert [result.outcome for result in results] == [Outcome.MADE] * 6
    assert seen[-2:] == [(1, last[0]), (1, last[1])]


def test_an_outcome_resets_the_crashed_attempts(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    die_over(world, "a.jpg", times=2)

    world.process("a.jpg")

    assert world.ledger.read("a.jpg").crashed_attempts == 0


def test_after_one_crash_an_image_is_tried_again_whatever_the_receive_count(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(policy=NO_HOLD)
    failures = crash_with(monkeypatch, [Throttled("slow", stage="put"), DecoderCrash("died")])
    world.drop("a.jpg", images.jpeg())

    outcomes = [world.process("a.jpg") for _ in failures]

    assert [each.is_permanent for each in outcomes if isinstance(each, Failure)] == [False, False]


def test_a_second_crash_is_permanent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    crash_with(monkeypatch, [DecoderCrash("died"), DecoderCrash("died")])
    world.drop("a.jpg", images.jpeg())

    outcomes = [world.process("a.jpg") for _ in range(2)]

    assert [each.is_permanent for each in outcomes if isinstance(each, Failure)] == [False, True]
    assert world.item("a.jpg")["status"] == {"S": "rejected"}
    assert world.item("a.jpg")["cause"] == {"S": Cause.DECODER_CRASH.value}


def crash_with(monkeypatch: pytest.MonkeyPatch, failures: list[Failure]) -> list[Failure]:
    left = list(failures)

    def crash(*_arguments: object, **_options: object) -> Iterator[object]:
        raise left.pop(0)

    monkeypatch.setattr(RenderChild, "render", crash)
    return failures
