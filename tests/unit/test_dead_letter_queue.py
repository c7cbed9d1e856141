"""Dead letters without AWS: the sweep's bookkeeping, the selection, the pace of a redrive."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from scripts.pixfleet.dlq.groups import Group, soonest_end
from scripts.pixfleet.dlq.redrive import Redriver
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.stack.dead_letter_scan import Scan, ScanPolicy
from scripts.pixfleet.stack.dead_letters import DeadLetter, read_dead_letter
from scripts.pixfleet.stack.document import Lane, Stack
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


def raw(name: str, receipt: str = "", **attributes: str) -> dict[str, Any]:
    """Return a message as boto3 gives it."""
    return {
        "MessageId": name,
        "ReceiptHandle": receipt or f"receipt of {name}",
        "Body": f"body of {name}",
        "MessageAttributes": {
            key: {"StringValue": value, "DataType": "String"} for key, value in attributes.items()
        },
    }


@dataclass
class Pile(Queues):
    """A dead-letter queue that hands out what it was told to, and notes what it is asked."""

    deliveries: list[list[dict[str, Any]]]
    said: int
    hidden: list[tuple[tuple[str, ...], int]] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    sent: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    receives: list[int] = field(default_factory=list)
    trouble: PixfleetError | None = None
    broken_off: bool = False

    def depth(self, queue: str) -> Depth:
        return Depth(self.said, 0)

    def receive(
        self, queue: str, *, wait_seconds: int, hide_seconds: int
    ) -> Sequence[dict[str, Any]]:
        self.receives.append(hide_seconds)
        if self.broken_off:
            raise KeyboardInterrupt
        return self.deliveries.pop(0) if self.deliveries else []

    def hide(self, queue: str, receipts: Sequence[str], *, seconds: int) -> int:
        self.hidden.append((tuple(receipts), seconds))
        return 0

    def acknowledge(self, queue: str, receipts: Sequence[str]) -> int:
        self.deleted += receipts
        return 0

    def send(self, queue: str, body: str, attributes: Mapping[str, str]) -> None:
        if self.trouble:
            raise self.trouble
        self.sent.append((queue, body, dict(attributes)))

    @property
    def shown_again(self) -> list[str]:
        return [each for receipts, seconds in self.hidden if not seconds for each in receipts]


@dataclass
class Notes:
    """Records that are kept in memory."""

    parts: list[list[str]] = field(default_factory=list)

    def add(self, redrive_id: str, number: int, letters: Sequence[DeadLetter]) -> None:
        assert number == len(self.parts) + 1
        self.parts.append([letter.id for letter in letters])


def test_every_letter_is_seen_once_and_shown_again() -> None:
    pile = Pile([[raw("a"), raw("b")], [raw("a", "newer"), raw("c")]], said=3)

    with Scan(pile, "dead", FakeClock()) as sweep:
        seen = [letter.id for letter in sweep]

    assert seen == ["a", "b", "c"]
    assert sorted(pile.shown_again) == ["newer", "receipt of b", "receipt of c"]


def test_letters_are_shown_again_when_the_look_is_broken_off() -> None:
    pile = Pile([[raw("a"), raw("b")]], said=2)

    with suppress(KeyboardInterrupt), Scan(pile, "dead", FakeClock()) as sweep:
        for _ in sweep:
            raise KeyboardInterrupt

    assert sorted(pile.shown_again) == ["receipt of a", "receipt of b"]


def test_letters_are_not_shown_to_a_long_poll_that_was_broken_off() -> None:
    pile = Pile([[raw("a")], [raw("b")]], said=2)
    shown_at_the_pause: list[list[str]] = []
    sweep = Scan(
        pile, "dead", FakeClock(), sleep=lambda _: shown_at_the_pause.append(pile.shown_again)
    )

    with suppress(KeyboardInterrupt), sweep:
        for _ in sweep:
            pile.broken_off = True

    assert shown_at_the_pause == [[]]
    assert pile.shown_again == ["receipt of a"]


def test_a_sweep_that_has_not_seen_as_many_as_the_queue_said_asks_again() -> None:
    pile = Pile([[raw("a")], [], [], [raw("b")]], said=2)

    with Scan(pile, "dead", FakeClock()) as sweep:
        seen = [letter.id for letter in sweep]

    assert seen == ["a", "b"]


def test_a_sweep_ends_where_the_queue_said_too_much() -> None:
    pile = Pile([[raw("a")]], said=1_000_000)

    with Scan(pile, "dead", FakeClock()) as sweep:
        seen = [letter.id for letter in sweep]

    assert seen == ["a"]
    assert len(pile.receives) == 1 + POLICY.max_empty_receives


def test_a_queue_that_fills_for_ever_is_not_looked_at_for_ever() -> None:
    pile = Pile([[raw(f"{at}/{of}") for of in range(10)] for at in range(50)], said=5)

    with Scan(pile, "dead", FakeClock(), policy=ScanPolicy(max_surplus=30)) as sweep:
        seen = [letter.id for letter in sweep]

    assert len(seen) == 40
    assert sweep.is_cut_short


def test_no_more_letters_are_held_than_sqs_hides() -> None:
    pile = Pile([[raw(f"{at}/{of}") for of in range(10)] for at in range(5)], said=50)

    with Scan(pile, "dead", FakeClock(), policy=ScanPolicy(max_held=20)) as sweep:
        seen = [letter.id for letter in sweep]

    assert len(seen) == 20
    assert sweep.is_cut_short


def test_letters_in_a_long_sweep_are_hidden_anew_before_they_come_back() -> None:
    clock = FakeClock()
    pile = Pile([[raw("a")], [raw("b")]], said=2)

    with Scan(pile, "dead", clock) as sweep:
        for _ in sweep:
            clock.at += POLICY.visibility_timeout_seconds - 10

    renewed = [(receipts, seconds) for receipts, seconds in pile.hidden if seconds]
    assert renewed[0] == (("receipt of a",), POLICY.visibility_timeout_seconds)
    assert renewed[1] == (("receipt of a", "receipt of b"), 100)
    assert pile.receives[:3] == [60, 60, 100]


def test_what_is_deleted_is_not_shown_again() -> None:
    pile = Pile([[raw("a"), raw("b")]], said=2)

    with Scan(pile, "dead", FakeClock()) as sweep:
        letters = list(sweep)
        sweep.delete(letters[:1])

    assert pile.deleted == ["receipt of a"]
    assert pile.shown_again == ["receipt of b"]


def test_the_beginning_of_two_ids_is_not_one_letter() -> None:
    selection = Selection(ids=("abcdef",))
    letters = [read_dead_letter(raw(name), "dead") for name in ("abcdef-1", "abcdef-2")]

    assert letters[0] in selection
    with pytest.raises(Misconfigured, match="expected more of the id"):
        assert letters[1] in selection


def redriver(
    pile: Pile,
    notes: Notes,
    *,
    rate: float | None = None,
    pause: Callable[[float], None] = lambda _: None,
) -> Redriver:
    """Return a redrive over a pile."""
    return Redriver("id-1", STACK, pile, notes, FakeClock(), rate, pause)  # type: ignore[arg-type]


def run(redrive: Redriver, pile: Pile) -> Iterator[int]:
    """Run a redrive of all letters and return what it told of its progress."""
    told: list[int] = []
    with Scan(pile, "dead", FakeClock()) as sweep:
        redrive.run(sweep, Selection(), told.append)
    return iter(told)


def test_letters_are_on_record_before_they_are_sent_and_sent_before_they_are_deleted() -> None:
    pile, notes = Pile([[raw("a"), raw("b")]], said=2), Notes()
    pile.trouble = AccessDenied("no", stage="send")
    redrive = redriver(pile, notes)

    run(redrive, pile)

    assert notes.parts == [["a", "b"]]
    assert pile.deleted == []
    assert sorted(pile.shown_again) == ["receipt of a", "receipt of b"]
    assert (redrive.tally.sent, redrive.tally.refused) == (0, 2)
    assert redrive.tally.why == "access_denied: no"


def test_what_dies_again_at_once_does_not_go_round_for_ever() -> None:
    pile = Pile([[raw("a")], [raw("b", redrive_id="id-1", cause="corrupt")]], said=1)
    redrive = redriver(pile, Notes())

    run(redrive, pile)

    assert [body for _, body, _ in pile.sent] == ["body of a"]
    assert pile.shown_again == ["receipt of b"]


def test_an_earlier_redrives_id_is_replaced() -> None:
    pile = Pile([[raw("a", redrive_id="id-0", cause="corrupt", foreign="x")]], said=1)

    run(redriver(pile, Notes()), pile)

    assert pile.sent == [("p-live", "body of a", {"cause": "corrupt", "redrive_id": "id-1"})]


def test_a_rate_is_kept_to() -> None:
    pauses: list[float] = []
    pile = Pile([[raw(name) for name in "abcd"]], said=4)

    run(redriver(pile, Notes(), rate=2, pause=pauses.append), pile)

    # The clock stands still, so that each pause is counted from the beginning.
    assert pauses == [0.0, 0.5, 1.0, 1.5]


@pytest.mark.parametrize(("days", "left"), [(1, None), (10, None), (13, timedelta(days=1))])
def test_letters_that_their_queue_will_soon_drop_are_told_of(
    days: int, left: timedelta | None
) -> None:
    now = datetime(2026, 1, 31, tzinfo=UTC)
    group = Group("truncated", 1, first_seen=now - timedelta(days=days))

    assert soonest_end([group], retention_seconds=14 * 86_400, now=now) == left
