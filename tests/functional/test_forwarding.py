"""What a lane cannot hold or finish goes to its larger lane, over moto with real children."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.events.body import read_hints
from shared.events.sqs import from_receive
from shared.imaging.child_handle import RenderChild
from shared.model.errors import Cause, DecodeTimeout, Failure, TooCostly
from shared.model.lanes import FORWARDED_FROM
from shared.model.limits import Limits
from shared.model.outcome import Outcome
from tests.functional.conftest import LIVE, World
from tests.support import images
from worker.batch import Consumer, RecordResult
from worker.forward import Forward

pytestmark = pytest.mark.functional

# The policies that the calls are checked against have no other lane.
LARGE, LARGER_LANE = "pixfleet-bulk", "bulk"
KEY = "wide.webp"
SMALL, WIDE = (64, 48), (640, 480)
# The fixed cost of a render and two megabytes: a small picture fits, a wide WebP does not.
SCANT = replace(Limits(), memory_bytes=152 * 1024 * 1024)


class TwoLanes:
    """The worker of the lane `live`, and that of its larger lane, over one stack."""

    def __init__(self, make_world: Callable[..., World]) -> None:
        self.live = make_world(PIXFLEET_LARGER_LANES=f"live={LARGE}")
        self.large = make_world()
        self.live.clients.sqs.create_queue(QueueName=LARGE)
        settings = replace(self.live.context.settings, limits=SCANT)
        self.live.context = replace(self.live.context, settings=settings)
        self.live.consumer = Consumer(self.live.context)

    def put(self, key: str, data: bytes) -> None:
        self.live.drop(key, data)

    def run_live(self, body: str, *, receives: int = 1, **attributes: str) -> RecordResult:
        """Deliver one message to the lane `live`."""
        return self._deliver(self.live, LIVE, body, attributes, receives)

    def run_large(self, *, receives: int = 1) -> RecordResult:
        """Deliver the only message of the larger lane, and acknowledge it."""
        raw = self.forwarded()
        result = self._deliver(self.large, LARGE, raw["Body"], said(raw), receives)
        if result.is_acknowledged:
            self.live.context.queues.acknowledge(LARGE, [raw["ReceiptHandle"]])
        return result

    def forwarded(self) -> dict[str, Any]:
        """Return the only message of the larger lane, and leave it there."""
        (raw,) = self.live.context.queues.receive(LARGE, wait_seconds=0, hide_seconds=0)
        return dict(raw)

    def messages(self) -> int:
        """Return how many messages the larger lane has."""
        return self.live.context.queues.depth(LARGE).all

    def _deliver(
        self, world: World, queue: str, body: str, attributes: dict[str, str], receives: int
    ) -> RecordResult:
        raw = {
            "MessageId": f"{queue}-{receives}",
            "ReceiptHandle": "handle",
            "Body": body,
            "Attributes": {"ApproximateReceiveCount": str(receives)},
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value}
                for name, value in attributes.items()
            },
        }
        (result,) = world.consumer.consume([from_receive(raw, queue)], world.deadline())
        return result


def said(raw: dict[str, Any]) -> dict[str, str]:
    """Return the text attributes of a received message."""
    attributes = raw.get("MessageAttributes", {})
    return {name: each["StringValue"] for name, each in attributes.items()}


@pytest.fixture(name="lanes")
def _lanes(make_world: Callable[..., World]) -> TwoLanes:
    lanes = TwoLanes(make_world)
    lanes.put(KEY, images.webp(WIDE))
    return lanes


@pytest.fixture(name="late_child")
def _late_child(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let so many renders end after one file, by their time limit."""
    real, left = RenderChild.render, [0]

    def render(self: RenderChild, *rest: Any, **options: Any) -> Iterator[Any]:  # noqa: ANN401 - passed through
        replies = real(self, *rest, **options)
        if not left[0]:
            yield from replies
            return
        file = next(replies)  # a source that is refused by its header comes no further
        left[0] -= 1
        yield file
        replies.close()  # type: ignore[attr-defined] # a generator
        raise DecodeTimeout("Expected the render to end within 60 s, got no end.", stage="render")

    def begin(renders: int) -> None:
        left[0] = renders

    monkeypatch.setattr(RenderChild, "render", render)
    return begin


def test_a_source_that_one_lane_cannot_hold_is_published_by_the_larger_one(
    lanes: TwoLanes,
) -> None:
    body = lanes.live.event(KEY)

    result = lanes.run_live(body)

    assert isinstance(result.outcome, Forward)
    assert result.is_acknowledged
    assert isinstance(result.outcome.why, TooCostly)
    assert lanes.live.dead_letters() == []
    assert lanes.live.stored() == {}
    raw = lanes.forwarded()
    assert raw["Body"] == body
    assert said(raw) == {FORWARDED_FROM: "live"}
    assert lanes.run_large().outcome is Outcome.MADE
    entry = lanes.live.ledger.read(KEY)
    assert (entry.forwarded_from, entry.forwarded_to) == ("live", "")


def test_while_a_source_is_forwarded_its_entry_says_so_and_the_former_version_stays(
    lanes: TwoLanes,
) -> None:
    lanes.put(KEY, images.jpeg(SMALL))
    lanes.run_live(lanes.live.event(KEY))
    before, shown = lanes.live.stored(), lanes.live.manifest(KEY)
    lanes.put(KEY, images.webp(WIDE))

    lanes.run_live(lanes.live.event(KEY))

    entry = lanes.live.ledger.read(KEY)
    assert (entry.forwarded_to, entry.is_published, entry.is_unfinished) == (
        LARGER_LANE,
        True,
        False,
    )
    assert entry.forwarded_why.startswith("too_costly: Expected at most 152 MB of memory")
    assert lanes.live.stored().keys() == before.keys()
    assert lanes.live.manifest(KEY) == shown
    assert lanes.run_large().outcome is Outcome.MADE
    assert lanes.live.manifest(KEY) != shown


@pytest.mark.parametrize("change", ["replaced by a small one", "deleted"])
def test_what_happens_to_a_source_while_it_is_forwarded_is_seen_by_the_larger_lane(
    lanes: TwoLanes, change: str
) -> None:
    lanes.run_live(lanes.live.event(KEY))
    if change == "deleted":
        lanes.live.clients.s3.delete_object(Bucket="sources", Key=KEY)
    else:
        lanes.put(KEY, images.jpeg(SMALL))
    first = lanes.run_live(lanes.live.event(KEY), receives=2)

    second = lanes.run_large()

    expected = (Outcome.ABSENT, Outcome.ABSENT)
    if change != "deleted":
        expected = (Outcome.MADE, Outcome.CURRENT)
    assert (first.outcome, second.outcome) == expected


def test_a_second_timeout_is_forwarded_and_the_larger_lane_counts_from_zero(
    lanes: TwoLanes, late_child: Callable[[int], None]
) -> None:
    lanes.put(KEY, images.jpeg(SMALL))
    late_child(3)
    body = lanes.live.event(KEY)

    first, second = lanes.run_live(body), lanes.run_live(body, receives=2)
    unfinished = lanes.live.ledger.read(KEY)
    third, fourth = lanes.run_large(), lanes.run_large(receives=2)

    assert isinstance(first.outcome, DecodeTimeout)
    assert not first.is_acknowledged
    assert isinstance(second.outcome, Forward)
    # An object was stored, so the entry must stay unfinished, and its names known.
    assert unfinished.is_unfinished
    assert (unfinished.crashes, unfinished.crashed_attempts) == (0, 0)
    assert lanes.live.stored_names(KEY) >= {"w64.webp"}
    assert isinstance(third.outcome, DecodeTimeout)
    assert not third.outcome.is_permanent
    assert fourth.outcome is Outcome.MADE
    assert not lanes.live.ledger.read(KEY).is_unfinished


def test_the_largest_lane_rejects_and_says_which_limit_to_raise(lanes: TwoLanes) -> None:
    settings = replace(lanes.large.context.settings, limits=SCANT)
    lanes.large.consumer = Consumer(replace(lanes.large.context, settings=settings))
    lanes.run_live(lanes.live.event(KEY))

    result = lanes.run_large()

    assert isinstance(result.outcome, TooCostly)
    (dead_letter,) = lanes.live.dead_letters()
    attributes = said(dead_letter)
    assert attributes["source_queue"] == LARGE
    assert attributes["detail"].endswith(
        f"Raise memory_mb of lane {LARGER_LANE} (PIXFLEET_CHILD_MEMORY_MB), "
        "or give it a larger lane."
    )
    assert lanes.live.ledger.read(KEY).detail == attributes["detail"]


def test_of_a_message_with_two_keys_each_too_large_one_is_forwarded_alone(
    lanes: TwoLanes,
) -> None:
    lanes.put("small.jpg", images.jpeg(SMALL))

    result = lanes.run_live(lanes.live.event(KEY, "small.jpg"))

    assert result.is_acknowledged
    assert [hint.key for hint in read_hints(lanes.forwarded()["Body"])] == [KEY]


def test_a_message_that_is_kept_for_another_key_is_forwarded_when_it_comes_again(
    lanes: TwoLanes, late_child: Callable[[int], None]
) -> None:
    lanes.put("small.jpg", images.jpeg(SMALL))
    late_child(1)
    body = lanes.live.event("small.jpg", KEY)

    first = lanes.run_live(body)
    sent = lanes.messages()
    second = lanes.run_live(body, receives=2)

    assert (first.is_acknowledged, sent) == (False, 0)
    assert (second.is_acknowledged, lanes.messages()) == (True, 1)


def test_a_forward_that_cannot_be_sent_leaves_the_message_in_its_queue(lanes: TwoLanes) -> None:
    lanes.live.clients.sqs.delete_queue(
        QueueUrl=lanes.live.clients.sqs.get_queue_url(QueueName=LARGE)["QueueUrl"]
    )

    result = lanes.run_live(lanes.live.event(KEY))

    assert isinstance(result.outcome, Forward)
    assert not result.is_acknowledged


def test_a_redriven_message_keeps_the_id_of_its_redrive_but_not_its_cause(
    lanes: TwoLanes,
) -> None:
    lanes.run_live(lanes.live.event(KEY), cause="too_costly", redrive_id="redrive-1", key=KEY)

    assert said(lanes.forwarded()) == {FORWARDED_FROM: "live", "redrive_id": "redrive-1"}


def test_a_source_that_was_rejected_before_there_was_a_larger_lane_is_tried_there(
    lanes: TwoLanes,
) -> None:
    """Redriven by SQS itself, which keeps the cause and adds no id."""
    alone = replace(lanes.live.context.settings, larger_lanes={})
    smaller = Consumer(replace(lanes.live.context, settings=alone))
    with_larger, lanes.live.consumer = lanes.live.consumer, smaller
    body = lanes.live.event(KEY)
    assert isinstance(lanes.run_live(body).outcome, TooCostly)
    lanes.live.consumer = with_larger

    lanes.run_live(body, receives=2, cause="too_costly")

    assert lanes.run_large().outcome is Outcome.MADE


def test_a_rejection_by_a_smaller_lane_is_no_timeout_of_the_larger_one(
    lanes: TwoLanes, late_child: Callable[[int], None]
) -> None:
    """Otherwise its first timeout would be final: a source that is rejected has had its chance."""
    alone = replace(lanes.live.context.settings, larger_lanes={})
    with_larger, lanes.live.consumer = (
        lanes.live.consumer,
        Consumer(replace(lanes.live.context, settings=alone)),
    )
    lanes.put(KEY, images.jpeg(SMALL))
    body = lanes.live.event(KEY)
    late_child(4)
    for receives in (1, 2):
        lanes.run_live(body, receives=receives)
    lanes.live.consumer = with_larger

    redriven = lanes.run_live(body, receives=3, redrive_id="redrive-1")
    first, second = lanes.run_large(), lanes.run_large(receives=2)

    assert isinstance(redriven.outcome, Forward)
    assert isinstance(first.outcome, DecodeTimeout)
    assert not first.outcome.is_permanent
    assert second.outcome is Outcome.MADE


def test_no_lane_gets_a_key_twice(lanes: TwoLanes) -> None:
    result = lanes.run_live(lanes.live.event(KEY), forwarded_from=f"medium,{LARGER_LANE}")

    assert isinstance(result.outcome, Failure)
    assert result.outcome.cause is Cause.TOO_COSTLY
    assert lanes.messages() == 0


def test_a_forwarded_key_is_no_failure_in_the_log(lanes: TwoLanes) -> None:
    with capture_logs() as lines:
        lanes.run_live(lanes.live.event(KEY))

    (line,) = [each for each in lines if each["event"] == "image forwarded"]
    assert (line["forwards"], line["forwarded_to"], line["lane"]) == (1, LARGER_LANE, "live")
    assert line["cause"] == "too_costly"
    assert "failures" not in line
