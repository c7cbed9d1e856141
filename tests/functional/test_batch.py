import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from threading import Event, Timer

import pytest

from shared.deadline import Deadline
from shared.events.sqs import Message
from shared.model.errors import Cause, Failure
from shared.model.outcome import Outcome
from tests.functional.conftest import LIVE, TINY_NAMES, World
from tests.support import images
from worker import record
from worker.batch import Consumer, RecordResult
from worker.context import WorkerContext
from worker.policy import POLICY
from worker.reconcile import reconcile
from worker.record_log import RecordLog
from worker.result import KeyResult
from worker.work import Work

pytestmark = pytest.mark.functional


def causes(results: tuple[RecordResult, ...]) -> list[Cause | None]:
    return [v.outcome.cause if isinstance(v.outcome, Failure) else None for v in results]


def test_one_corrupt_image_of_ten_fails_alone(world: World) -> None:
    for number in range(9):
        world.drop(f"good-{number}.jpg", images.jpeg(seed=number))
    world.drop("bad.jpg", images.truncated_jpeg())
    bodies = [world.event(f"good-{number}.jpg") for number in range(9)]
    world.send(*bodies[:4], world.event("bad.jpg"), *bodies[4:])

    results = world.consume()

    failed = [result for result in results if isinstance(result.outcome, Failure)]
    (dead_letter,) = world.dead_letters()
    assert len(results) == 10
    assert causes(tuple(failed)) == [Cause.TRUNCATED]
    assert (
        dead_letter["MessageAttributes"]["origin_message_id"]["StringValue"]
        == failed[0].message_id
    )
    assert all(
        world.stored_names(f"good-{number}.jpg") == {*TINY_NAMES, "manifest.json"}
        for number in range(9)
    )


def test_a_permanent_failure_is_acknowledged_once_it_has_a_dead_letter(world: World) -> None:
    world.drop("bad.jpg", b"this is no image at all")
    body = world.event("bad.jpg")
    world.send(body)

    (result,) = world.consume()

    (dead_letter,) = world.dead_letters()
    attributes = {
        name: value["StringValue"] for name, value in dead_letter["MessageAttributes"].items()
    }
    assert result.is_acknowledged
    assert dead_letter["Body"] == body
    assert attributes["cause"] == "not_an_image"
    assert attributes["stage"] == "sniff"
    assert attributes["source_queue"] == LIVE
    assert attributes["receive_count"] == "1"
    assert world.item("bad.jpg")["status"] == {"S": "rejected"}
    assert world.item("bad.jpg")["cause"] == {"S": "not_an_image"}


def test_a_permanent_failure_without_a_dead_letter_queue_goes_back(
    make_world: Callable[..., World],
) -> None:
    world = make_world(PIXFLEET_DEAD_LETTER_QUEUE="no-such-queue")
    world.drop("bad.jpg", b"this is no image at all")
    world.send(world.event("bad.jpg"))

    (result,) = world.consume()

    assert not result.is_acknowledged


def test_ten_corrupt_images_give_ten_results(world: World) -> None:
    for number in range(10):
        world.drop(f"bad-{number}.jpg", images.truncated_jpeg(seed=number))
    world.send(*[world.event(f"bad-{number}.jpg") for number in range(10)])

    results = world.consume()

    assert causes(results) == [Cause.TRUNCATED] * 10
    assert world.stored() == {}


@pytest.mark.parametrize("body", ["junk", "{}", "[]", "null", "7", '{"Records":[{}]}', '"x"'])
def test_a_junk_body_fails_alone(world: World, body: str) -> None:
    world.drop("good.jpg", images.jpeg())
    world.send(body, world.event("good.jpg"))

    results = world.consume()

    assert sorted(map(str, causes(results))) == ["None", "bad_message"]
    assert world.stored_names("good.jpg") == {*TINY_NAMES, "manifest.json"}


def test_a_message_about_another_bucket_is_bad(world: World) -> None:
    world.send(world.event("a.jpg").replace('"sources"', '"elsewhere"'))

    results = world.consume()

    assert causes(results) == [Cause.BAD_MESSAGE]


def test_the_test_event_of_s3_is_acknowledged(world: World) -> None:
    world.send(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "sources"}))

    (result,) = world.consume()

    assert result.is_acknowledged
    assert result.outcome is Outcome.IGNORED


def test_several_records_of_one_key_are_one_piece_of_work(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.send(*[world.event("a.jpg")] * 3)

    results = world.consume()

    assert [result.outcome for result in results] == [Outcome.MADE] * 3
    assert all(result.is_acknowledged for result in results)


def test_several_records_of_one_corrupt_key_leave_one_dead_letter(world: World) -> None:
    world.drop("bad.jpg", images.truncated_jpeg())
    world.send(*[world.event("bad.jpg")] * 3)

    results = world.consume()

    assert all(result.is_acknowledged for result in results)
    assert len(world.dead_letters()) == 1


def test_a_killed_render_child_fails_its_message_only(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.send(world.event("a.jpg"))
    with world.context.render_pool.child(wait_seconds=5) as first:
        pid = first.pid  # the pool hands out the child that came back last
    os.kill(pid, signal.SIGSTOP)  # it takes the job and does not finish it
    Timer(0.5, os.kill, args=(pid, signal.SIGKILL)).start()

    (killed,) = world.consume()
    world.drop("next.jpg", images.jpeg())
    world.send(world.event("next.jpg"))
    (after,) = world.consume()

    assert causes((killed,)) == [Cause.DECODER_CRASH]
    assert not killed.is_acknowledged
    assert after.outcome is Outcome.MADE


def test_the_last_receive_is_moved_with_its_cause(make_world: Callable[..., World]) -> None:
    world = make_world(PIXFLEET_MAX_RECEIVES="1", PIXFLEET_LEDGER_TABLE="ledger")
    world.ledger.claim("a.jpg", lease_seconds=10_000, may_store=("x",))
    world.drop("a.jpg", images.jpeg())
    world.send(world.event("a.jpg"))

    (result,) = world.consume()

    (dead_letter,) = world.dead_letters()
    assert result.is_acknowledged
    assert dead_letter["MessageAttributes"]["cause"]["StringValue"] == "claimed"


def test_without_time_nothing_is_started(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.send(world.event("a.jpg"))

    results = world.consume(seconds=12)

    assert causes(results) == [Cause.DEADLINE]
    assert world.item("a.jpg") == {}


def test_an_unexpected_exception_touches_its_record_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:

    def broken(
        work: Work, context: WorkerContext, record_log: RecordLog, *, is_alone: bool
    ) -> KeyResult:
        if work.key == "odd.jpg":
            raise ZeroDivisionError("a bug")
        return reconcile(work, context, record_log, is_alone=is_alone)

    monkeypatch.setattr(record, "reconcile", broken)
    world.drop("a.jpg", images.jpeg())
    world.send(world.event("odd.jpg"), world.event("a.jpg"))

    results = world.consume()

    assert sorted(map(str, causes(results))) == ["None", "unknown"]


def test_a_message_that_cannot_be_delayed_is_still_reported(world: World) -> None:
    world.ledger.claim("a.jpg", lease_seconds=600, may_store=("x",))
    message = Message("m1", "no-handle", world.event("a.jpg"), 1, "no-such-queue", None)

    (result,) = world.consumer.consume((message,), Deadline.after(60, world.context.clock))

    assert not result.is_acknowledged


def test_a_message_of_several_keys_is_kept_while_one_of_them_may_pass(world: World) -> None:
    world.ledger.claim("held.jpg", lease_seconds=600, may_store=("x",))
    world.drop("held.jpg", images.jpeg())
    world.drop("bad.jpg", images.truncated_jpeg())
    world.send(world.event("bad.jpg"), world.event("bad.jpg", "held.jpg"))

    results = world.consume()

    assert sorted((str(v.outcome).split(":")[0], v.is_acknowledged) for v in results) == [
        ("claimed", False),
        ("truncated", True),
    ]


def test_every_permanent_failure_of_a_batch_has_its_dead_letter(world: World) -> None:
    for key in ("one.jpg", "two.jpg"):
        world.drop(key, images.truncated_jpeg())
    world.send(world.event("one.jpg"), world.event("one.jpg", "two.jpg"))

    results = world.consume()

    assert all(result.is_acknowledged for result in results)
    assert len(world.dead_letters()) == 2


def test_no_batch_outlasts_its_lease(world: World) -> None:
    settings = replace(world.settings, lease_seconds=60)  # too short for any image
    hasty = Consumer(replace(world.context, settings=settings))
    message = Message("m1", "no-handle", world.event("a.jpg"), 1, LIVE, None)

    results = hasty.consume((message,), Deadline.after(600, world.context.clock))

    assert causes(results) == [Cause.DEADLINE]


def test_a_fresh_message_outlives_the_last_receive_of_its_key(world: World) -> None:
    world.ledger.claim("a.jpg", lease_seconds=600, may_store=("x",))
    world.drop("a.jpg", images.jpeg())
    messages = tuple(
        Message(f"m{count}", "no-handle", world.event("a.jpg"), count, LIVE, None)
        for count in (8, 1)
    )

    results = world.consumer.consume(messages, Deadline.after(120, world.context.clock))

    assert [result.is_acknowledged for result in results] == [True, False]


def test_a_second_crash_over_an_image_rejects_it_in_the_ledger_too(
    make_world: Callable[..., World],
) -> None:
    world = make_world(PIXFLEET_RENDER_SECONDS="1")
    world.drop("a.jpg", images.jpeg(seed=1))
    world.send(world.event("a.jpg"))
    world.consume()
    world.drop("a.jpg", images.jpeg(seed=2))
    message = Message("m1", "no-handle", world.event("a.jpg"), 2, LIVE, None)
    results: list[RecordResult] = []
    for _ in range(2):
        with world.context.render_pool.child(wait_seconds=5) as child:
            os.kill(child.pid, signal.SIGSTOP)  # it takes the job and never finishes it
        results += world.consumer.consume((message,), Deadline.after(120, world.context.clock))

    assert [result.is_acknowledged for result in results] == [False, True]
    assert causes(tuple(results)) == [Cause.DECODE_TIMEOUT] * 2
    assert world.item("a.jpg")["status"] == {"S": "rejected"}
    assert world.stored() == {}


def test_a_batch_is_answered_in_time_however_slow_its_triage(
    make_world: Callable[..., World], monkeypatch: pytest.MonkeyPatch
) -> None:
    released, world = Event(), make_world(policy=replace(POLICY, triage_seconds=1.2))
    monkeypatch.setattr(world.context.queues, "send", lambda *_: released.wait(30))
    for number in range(3):
        world.drop(f"bad-{number}.jpg", images.truncated_jpeg())
    world.send(*[world.event(f"bad-{number}.jpg") for number in range(3)])

    results = world.consume()

    assert not released.is_set()
    assert [result.is_acknowledged for result in results] == [False] * 3
    released.set()


def test_a_key_longer_than_any_in_s3_is_a_bad_message(world: World) -> None:
    world.send(world.event("k" * 1025))

    results = world.consume()

    assert causes(results) == [Cause.BAD_MESSAGE]
