"""Dead letters without AWS: what a scan holds, what a selection matches, a redrive's rate."""

import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from msgspec import structs

from scripts.pixfleet.dlq.groups import Group, time_to_expiry
from scripts.pixfleet.dlq.records import Redrive
from scripts.pixfleet.dlq.redrive import Redriver, lane_for
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.rate_limit import RateLimit, RateLimiter
from scripts.pixfleet.stack.dead_letter_scan import Coverage, Received, Scan, ScanPolicy
from scripts.pixfleet.stack.dead_letters import DeadLetter, read_dead_letter
from scripts.pixfleet.stack.ssm_parameter import Lane, Stack
from shared.cloud.queues import Depth, Queues
from shared.model.errors import AccessDenied, Misconfigured, PixfleetError
from tests.support.fakes import FakeClock

pytestmark = pytest.mark.unit

POLICY = ScanPolicy()

STACK = Stack(
    schema=1,
    prefix="p",
    region="r",
    sources_bucket="s",
    variants_bucket="v",
    ledger_table="t",
    status_index="i",
    lanes={"live": Lane("p-live"), "bulk": Lane("p-bulk", ("bulk/",))},
    dead_letter_queue="dead",
    recipes="s3://v/_recipes/r.json",
    environment={},
)


def raw(name: str, handle: str = "", **attributes: str) -> dict[str, Any]:
    """Return a message as boto3 gives it."""
    return {
        "MessageId": name,
        "ReceiptHandle": handle or f"handle of {name}",
        "Body": f"body of {name}",
        "MessageAttributes": {
            key: {"StringValue": value, "DataType": "String"} for key, value in attributes.items()
        },
    }


@dataclass
class FakeQueue(Queues):
    """A dead-letter queue with scripted receives that records every call."""

    deliveries: list[list[dict[str, Any]]]
    reported: int
    timeouts: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    receives: list[int] = field(default_factory=list)
    failure: PixfleetError | None = None
    lost: frozenset[str] = frozenset()

    def depth(self, queue: str) -> Depth:
        return Depth(self.reported, 0)

    def receive(
        self, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[dict[str, Any]]:
        self.receives.append(hide_seconds)
        return self.deliveries.pop(0) if self.deliveries else []

    def hide(self, queue: str, receipts: Sequence[str], *, seconds: int) -> Sequence[str]:
        self.timeouts.append((tuple(receipts), seconds))
        return [each for each in receipts if each in self.lost]

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> int:
        self.deleted += receipts
        return 0

    def send(self, queue: str, body: str, attributes: Mapping[str, str]) -> None:
        if self.failure:
            raise self.failure
        self.sent.append((queue, body, dict(attributes)))

    @property
    def made_visible(self) -> list[str]:
        return [each for handles, seconds in self.timeouts if not seconds for each in handles]


@dataclass
class FakeRecords:
    """Records that are kept in memory."""

    parts: list[list[str]] = field(default_factory=list)

    def add_part(self, redrive_id: str, number: int, dead_letters: Sequence[DeadLetter]) -> None:
        assert number == len(self.parts) + 1
        self.parts.append([dead_letter.id for dead_letter in dead_letters])


def test_a_scan_yields_every_dead_letter_once_and_makes_all_visible_again() -> None:
    queue = FakeQueue([[raw("a"), raw("b")], [raw("a", "newer"), raw("c")]], reported=3)

    with Scan(queue, "dead", FakeClock()) as scan:
        ids = [dead_letter.id for dead_letter in scan]

    assert ids == ["a", "b", "c"]
    assert sorted(queue.made_visible) == ["handle of b", "handle of c", "newer"]


def test_an_interrupted_scan_makes_its_messages_visible_again() -> None:
    queue = FakeQueue([[raw("a"), raw("b")]], reported=2)

    with suppress(KeyboardInterrupt), Scan(queue, "dead", FakeClock()) as scan:
        for _ in scan:
            raise KeyboardInterrupt

    assert sorted(queue.made_visible) == ["handle of a", "handle of b"]


def test_a_scan_that_stood_still_leaves_alone_what_others_may_hold_by_now() -> None:
    queue, clock = FakeQueue([[raw("a"), raw("b")]], reported=2), FakeClock()

    with suppress(KeyboardInterrupt), Scan(queue, "dead", clock) as scan:
        for _ in scan:
            clock.at += 3_600
            raise KeyboardInterrupt

    assert queue.made_visible == []


def test_what_an_interrupted_long_poll_returns_becomes_visible_too() -> None:
    queue = FakeQueue([[raw("a")], [raw("b")]], reported=2)
    scan = Scan(queue, "dead", FakeClock())

    class Interrupted(Future[Received]):
        """A receive that SQS is still answering when Ctrl-C comes."""

        def result(self, timeout: float | None = None) -> Received:
            if not queue.made_visible and not interruptions:
                interruptions.append(1)
                raise KeyboardInterrupt
            return super().result(timeout)

    interruptions: list[int] = []
    with suppress(KeyboardInterrupt), scan:
        for _ in scan:
            poll = Interrupted()
            poll.set_result(queue.deliveries.pop(0))
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(ThreadPoolExecutor, "submit", lambda *_, poll=poll: poll)
                list(scan)

    assert sorted(queue.made_visible) == ["handle of a", "handle of b"]


def test_a_handle_that_sqs_refuses_to_extend_is_no_longer_ours() -> None:
    clock = FakeClock()
    queue = FakeQueue([[raw("a"), raw("b")], []], reported=2)
    queue.lost = frozenset({"handle of a"})
    dead_letters = []

    with Scan(queue, "dead", clock) as scan:
        for dead_letter in scan:
            clock.at += 20
            dead_letters.append(dead_letter)
        refused = scan.delete(dead_letters)

    assert refused == 1
    assert queue.deleted == ["handle of b"]
    assert queue.made_visible == []


def test_an_expired_handle_deletes_nothing() -> None:
    queue, clock = FakeQueue([[raw("a")]], reported=1), FakeClock()

    with Scan(queue, "dead", clock) as scan:
        for dead_letter in scan:
            clock.at += POLICY.visibility_timeout_seconds + 1
            refused = scan.delete([dead_letter])
            break

    assert refused == 1
    assert queue.deleted == queue.made_visible == []


def test_a_scan_ends_after_its_time_and_says_how_far_it_looked() -> None:
    queue, clock = FakeQueue([[raw(name)] for name in "abcdef"], reported=6), FakeClock()

    with Scan(queue, "dead", clock, policy=ScanPolicy(max_seconds=20)) as scan:
        for _ in scan:
            clock.at += 7

    assert scan.coverage == Coverage("dead", 3, 6, 0, is_cut_short=True, is_finished=False)
    assert not scan.coverage.is_complete


def test_several_receives_run_at_the_same_time() -> None:
    queue = FakeQueue([[raw(f"{at}/{of}") for of in range(10)] for at in range(8)], reported=80)

    with Scan(queue, "dead", FakeClock(), policy=ScanPolicy(receivers=4)) as scan:
        ids = {dead_letter.id for dead_letter in scan}

    assert len(ids) == 80
    assert len(queue.receives) == 12
    assert scan.coverage.is_complete


def test_a_scan_receives_again_until_it_has_as_many_as_the_queue_reported() -> None:
    queue = FakeQueue([[raw("a")], [], [], [raw("b")]], reported=2)

    with Scan(queue, "dead", FakeClock()) as scan:
        ids = [dead_letter.id for dead_letter in scan]

    assert ids == ["a", "b"]


def test_a_scan_ends_where_the_queue_reported_too_many() -> None:
    queue = FakeQueue([[raw("a")]], reported=1_000_000)

    with Scan(queue, "dead", FakeClock()) as scan:
        ids = [dead_letter.id for dead_letter in scan]

    assert ids == ["a"]
    assert len(queue.receives) == 1 + POLICY.max_empty_receives


def test_a_scan_of_a_queue_that_fills_up_ends() -> None:
    queue = FakeQueue([[raw(f"{at}/{of}") for of in range(10)] for at in range(50)], reported=5)

    with Scan(queue, "dead", FakeClock(), policy=ScanPolicy(max_surplus=30)) as scan:
        ids = [dead_letter.id for dead_letter in scan]

    assert len(ids) == 40
    assert scan.is_cut_short


def test_a_scan_holds_no_more_messages_than_sqs_keeps_in_flight() -> None:
    queue = FakeQueue([[raw(f"{at}/{of}") for of in range(10)] for at in range(5)], reported=50)

    with Scan(queue, "dead", FakeClock(), policy=ScanPolicy(max_held=20)) as scan:
        ids = [dead_letter.id for dead_letter in scan]

    assert len(ids) == 20
    assert scan.is_cut_short


def test_a_long_scan_extends_visibility_timeouts_before_they_end() -> None:
    clock = FakeClock()
    queue = FakeQueue([[raw("a")], [raw("b")]], reported=2)

    with Scan(queue, "dead", clock) as scan:
        for _ in scan:
            clock.at += POLICY.visibility_timeout_seconds - 10

    renewed = [(handles, seconds) for handles, seconds in queue.timeouts if seconds]
    assert renewed[0] == (("handle of a",), POLICY.visibility_timeout_seconds)
    assert renewed[1] == (("handle of a", "handle of b"), 100)
    assert queue.receives[:3] == [60, 60, 100]


def test_a_deleted_message_is_not_made_visible() -> None:
    queue = FakeQueue([[raw("a"), raw("b")]], reported=2)

    with Scan(queue, "dead", FakeClock()) as scan:
        dead_letters = list(scan)
        scan.delete(dead_letters[:1])

    assert queue.deleted == ["handle of a"]
    assert queue.made_visible == ["handle of b"]


def test_the_beginning_of_two_ids_is_refused() -> None:
    selection = Selection(ids=("abcdef",))
    dead_letters = [read_dead_letter(raw(name), "dead") for name in ("abcdef-1", "abcdef-2")]

    assert dead_letters[0] in selection
    with pytest.raises(Misconfigured, match="expected more of the id"):
        assert dead_letters[1] in selection


def redriver(
    queue: FakeQueue,
    records: FakeRecords,
    *,
    rate: float | None = None,
    sleep: Callable[[float], None] = lambda _: None,
) -> Redriver:
    """Return a redrive of a queue's messages."""
    rate_limiter = RateLimiter(RateLimit(rate), FakeClock(), sleep)
    return Redriver("id-1", STACK, queue, records, rate_limiter)  # type: ignore[arg-type]


def run(redrive: Redriver, queue: FakeQueue) -> None:
    """Redrive all dead letters."""
    with Scan(queue, "dead", FakeClock()) as scan:
        redrive.run(scan, Selection(), lambda _: None)


def test_messages_are_recorded_before_they_are_sent_and_sent_before_they_are_deleted() -> None:
    queue, records = FakeQueue([[raw("a"), raw("b")]], reported=2), FakeRecords()
    queue.failure = AccessDenied("no", stage="send")
    redrive = redriver(queue, records)

    run(redrive, queue)

    assert records.parts == [["a", "b"]]
    assert queue.deleted == []
    assert sorted(queue.made_visible) == ["handle of a", "handle of b"]
    assert (redrive.tally.sent, redrive.tally.refused) == (0, 2)
    assert redrive.tally.why == "access_denied: no"


def test_a_message_that_fails_again_at_once_is_not_redriven_in_a_loop() -> None:
    queue = FakeQueue([[raw("a")], [raw("b", redrive_id="id-1", cause="corrupt")]], reported=1)
    redrive = redriver(queue, FakeRecords())

    run(redrive, queue)

    assert [body for _, body, _ in queue.sent] == ["body of a"]
    assert queue.made_visible == ["handle of b"]


def test_the_id_of_an_earlier_redrive_is_replaced() -> None:
    queue = FakeQueue([[raw("a", redrive_id="id-0", cause="corrupt", foreign="x")]], reported=1)

    run(redriver(queue, FakeRecords()), queue)

    assert queue.sent == [("p-live", "body of a", {"cause": "corrupt", "redrive_id": "id-1"})]


def test_a_redrive_keeps_to_its_rate() -> None:
    sleeps: list[float] = []
    queue = FakeQueue([[raw(name) for name in "abcd"]], reported=4)

    run(redriver(queue, FakeRecords(), rate=2, sleep=sleeps.append), queue)

    # The clock does not move, so each sleep is counted from the start.
    assert sleeps == [0.5, 1.0, 1.5]


def test_the_stored_record_of_a_redrive_keeps_its_field_names() -> None:
    record = msgspec.json.encode(Redrive("id-1", "all", 3))

    assert json.loads(record) == {"id": "id-1", "selection": "all", "letters": 3}


@pytest.mark.parametrize(("days", "left"), [(1, None), (10, None), (13, timedelta(days=1))])
def test_a_warning_shows_when_the_oldest_dead_letter_is_about_to_expire(
    days: int, left: timedelta | None
) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    group = Group("truncated", 1, first_sent=now - timedelta(days=days))

    assert time_to_expiry([group], retention_seconds=14 * 86_400, now=now) == left


@pytest.mark.parametrize(
    ("source_queue", "lane"),
    [("p-large", "p-large"), ("p-live", "p-live"), ("p-gone", "p-live"), ("", "p-live")],
)
def test_a_dead_letter_of_a_larger_lane_goes_back_to_it_while_there_is_one(
    source_queue: str, lane: str
) -> None:
    lanes = {"live": Lane("p-live", larger="large"), "large": Lane("p-large", size="large")}
    attributes = {"source_queue": source_queue} if source_queue else {}
    dead_letter = read_dead_letter(raw("m1", **attributes), "dead")

    assert lane_for(dead_letter, structs.replace(STACK, lanes=lanes)) == lane
