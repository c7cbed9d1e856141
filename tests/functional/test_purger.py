"""Keys are bundled into invalidations within CloudFront's limits, and none is lost or repeated."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from structlog.testing import capture_logs

from scripts.local.edge.invalidation import Invalidations as CloudFrontLimits
from scripts.local.stack import create_serving
from shared.cloud.errors import ConditionRefused
from shared.cloud.invalidations import Invalidations
from shared.cloud.queues import Depth
from shared.cloud.receipts import Receipts
from shared.cloud.serving import Serving
from shared.deadline import Deadline
from shared.events import purge
from shared.events.sqs import Message
from shared.model.errors import StorageUnavailable
from shared.model.invalidation_paths import paths_of
from tests.simulator.tables import Tables
from tests.support.awkward import any_key
from tests.support.fakes import FakeClock, FakeQueues, client_error, unbounded_calls
from worker.purge.handler import answer
from worker.purge.purger import Purger
from worker.purge.settings import PurgeSettings

pytestmark = pytest.mark.functional

TABLE = "serving"
QUEUE = "https://sqs.eu-central-1.amazonaws.com/123456789012/photos-purge"
BUDGET = 1000
# 2026-11-15, in the middle of a month.
START = 1_794_700_000.0


@dataclass
class _CloudFront:
    """CreateInvalidation, with CloudFront's limits; `trouble` is raised first if there is any."""

    clock: FakeClock
    trouble: list[Exception | None] = field(default_factory=list)
    requests: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._limits = CloudFrontLimits(self.clock.now)

    def create_invalidation(
        self,
        *,
        DistributionId: str,  # noqa: N803 - boto3's names
        InvalidationBatch: Mapping[str, Any],  # noqa: N803
    ) -> Mapping[str, Any]:
        trouble = self.trouble.pop(0) if self.trouble else None
        if trouble:
            raise trouble
        paths = InvalidationBatch["Paths"]["Items"]
        if refusal := self._limits.refuse(DistributionId, paths):
            raise client_error(refusal.code)
        name = f"I{len(self.requests)}"
        self._limits.begin(name, DistributionId, paths)
        self.requests.append((InvalidationBatch["CallerReference"], tuple(paths)))
        return {"Invalidation": {"Id": name}}

    @property
    def paths(self) -> list[tuple[str, ...]]:
        return [paths for _, paths in self.requests]


class _Queues(FakeQueues):
    """Queues with a depth, and the receipts that were hidden."""

    def __init__(self) -> None:
        super().__init__()
        self.now = Depth(0, 0)
        self.hidden: list[tuple[tuple[str, ...], int]] = []

    def depth(self, queue: str) -> Depth:
        assert queue == QUEUE
        return self.now

    def hide(self, queue: str, receipts: Sequence[str], *, seconds: int) -> Sequence[str]:
        assert queue == QUEUE
        self._raise_trouble()
        self.hidden.append((tuple(receipts), seconds))
        return ()


@dataclass
class _Stack:
    """A purger and the services that it calls."""

    clock: FakeClock
    cloudfront: _CloudFront
    queues: _Queues
    serving: Serving
    budget: int = BUDGET
    sent: int = 0

    @property
    def purger(self) -> Purger:
        settings = PurgeSettings("photos", "E1", QUEUE, TABLE, self.budget, "json")
        calls = unbounded_calls(self.clock)
        invalidations = Invalidations(cast("Any", self.cloudfront), calls, "E1")
        return Purger(settings, self.clock, invalidations, self.serving, self.queues)

    def message(self, body: str) -> Message:
        self.sent += 1
        sent_at = datetime.fromtimestamp(self.clock.now(), UTC)
        return Message(f"m{self.sent}", f"r{self.sent}", body, 1, "arn:p-purge", sent_at)

    def messages(self, *keys: str) -> list[Message]:
        return [self.message(purge.write(key)) for key in keys]

    def purge(self, messages: Sequence[Message]) -> list[Message]:
        return list(self.purger.purge(messages, Deadline.after(60, self.clock)))

    @property
    def spent(self) -> int:
        return self.serving.paths_spent("2026-11")


def _new_stack() -> _Stack:
    clock = FakeClock(START)
    tables = cast("Any", Tables())
    create_serving(tables, TABLE)
    serving = Serving(tables, unbounded_calls(clock), TABLE, clock)
    return _Stack(clock, _CloudFront(clock), _Queues(), serving)


@pytest.fixture(name="stack")
def _stack() -> _Stack:
    return _new_stack()


def keys(count: int) -> list[str]:
    return [f"photos/{number:03}.jpg" for number in range(count)]


def test_a_key_is_invalidated_by_both_of_its_paths(stack: _Stack) -> None:
    kept = stack.purge(stack.messages("photos/cat.jpg"))

    assert kept == []
    assert stack.cloudfront.paths == [paths_of("photos/cat.jpg")]
    assert stack.spent == 2


def test_one_invalidation_has_all_keys_of_a_batch_once(stack: _Stack) -> None:
    kept = stack.purge(stack.messages("a.jpg", "b.jpg", "a.jpg", "a.jpg"))

    assert kept == []
    assert stack.cloudfront.paths == [(*paths_of("a.jpg"), *paths_of("b.jpg"))]


def test_a_request_has_at_most_fifteen_paths_and_the_rest_is_hidden(stack: _Stack) -> None:
    messages = stack.messages(*keys(20))

    kept = stack.purge(messages)

    assert kept == messages[7:]
    assert [len(paths) for paths in stack.cloudfront.paths] == [14]
    assert [seconds for _, seconds in stack.queues.hidden] == [30, 30]
    hidden = [receipt for receipts, _ in stack.queues.hidden for receipt in receipts]
    assert hidden == [message.receipt_handle for message in messages[7:]]


def test_all_messages_of_a_key_wait_together(stack: _Stack) -> None:
    messages = stack.messages(*keys(20), *keys(20))

    kept = stack.purge(messages)

    assert sorted(kept, key=messages.index) == [*messages[7:20], *messages[27:]]


def test_those_that_wait_longest_are_first(stack: _Stack) -> None:
    old = stack.messages("old.jpg")
    stack.clock.at += 100
    new = stack.messages(*keys(7))

    kept = stack.purge([*new, *old])

    assert kept == new[6:]
    assert paths_of("old.jpg")[0] in stack.cloudfront.paths[0]


def test_the_same_batch_again_has_the_same_reference(stack: _Stack) -> None:
    messages = stack.messages("a.jpg", "b.jpg")

    stack.purge(messages)
    stack.clock.at += 30
    stack.purge(list(reversed(messages)))

    (first, paths), (second, again) = stack.cloudfront.requests
    assert first == second
    assert sorted(paths) == sorted(again)


def test_a_later_purge_of_the_same_key_is_another_one(stack: _Stack) -> None:
    stack.purge(stack.messages("a.jpg"))
    stack.clock.at += 60
    stack.purge(stack.messages("a.jpg"))

    (first, _), (second, _) = stack.cloudfront.requests
    assert first != second


@pytest.mark.parametrize(
    ("code", "status"), [("TooManyInvalidationsInProgress", 400), ("Throttling", 400)]
)
def test_throttled_messages_are_kept_and_cost_nothing(
    stack: _Stack, code: str, status: int
) -> None:
    stack.cloudfront.trouble = [client_error(code, status)] * 4
    messages = stack.messages("a.jpg", "b.jpg")

    with capture_logs() as lines:
        kept = stack.purge(messages)

    assert kept == messages
    assert stack.queues.hidden == [(("r1", "r2"), 30)]
    assert stack.spent == 0
    assert [line["event"] for line in lines] == ["purge throttled"]
    assert "purge_failures" not in lines[0]


def test_the_log_says_which_paths_were_purged(stack: _Stack) -> None:
    with capture_logs() as lines:
        stack.purge(stack.messages("a.jpg"))

    (line,) = lines
    assert (line["event"], line["keys"], line["purged_paths"]) == ("purged", 1, 2)
    assert tuple(line["paths"]) == paths_of("a.jpg")


def test_every_receipt_of_a_key_gets_the_invalidation(stack: _Stack) -> None:
    for receipt in ("one", "two", "other"):
        receipts(stack).write(receipt, {"key": "a.jpg", "requested_at": START})
    asked = [("a.jpg", "one"), ("a.jpg", "two"), ("a.jpg", ""), ("b.jpg", "gone")]

    stack.purge([stack.message(purge.write(key, receipt=each)) for key, each in asked])

    found = {each: receipts(stack).read(each) for each in ("one", "two", "other", "gone")}
    ids = {each: fields.get("invalidation_id") for each, fields in found.items()}
    assert ids["one"]
    assert ids["one"] == ids["two"]
    assert (ids["other"], found["gone"]) == (None, {})
    assert len(stack.cloudfront.paths) == 1


def test_a_receipt_that_cannot_be_written_stops_no_purge(
    stack: _Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object) -> None:
        raise StorageUnavailable("Expected an answer, got none.", stage="ledger")

    monkeypatch.setattr(Serving, "note_invalidation", fail)

    again = stack.purge([stack.message(purge.write("a.jpg", receipt="one"))])

    assert again == []
    assert len(stack.cloudfront.paths) == 1


def receipts(stack: _Stack) -> Receipts:
    tables = cast("Any", stack.serving)._dynamodb
    return Receipts(tables, unbounded_calls(stack.clock), TABLE, stack.clock)


def test_cloudfronts_limit_is_kept_over_several_batches(stack: _Stack) -> None:
    messages = stack.messages(*keys(20))
    batches = 0

    while messages:
        messages = stack.purge(messages)
        stack.clock.at += 5
        batches += 1
        assert batches < 20

    assert len({path for paths in stack.cloudfront.paths for path in paths}) == 40
    assert stack.spent == 40


def test_a_failure_keeps_the_messages_and_is_counted(stack: _Stack) -> None:
    stack.cloudfront.trouble = [client_error("AccessDenied", 403)]
    messages = stack.messages("a.jpg", "b.jpg")

    with capture_logs() as lines:
        kept = stack.purge(messages)

    assert kept == messages
    assert [(line["event"], line["purge_failures"]) for line in lines] == [("purge failed", 2)]
    assert lines[0]["cause"] == "access_denied"
    assert stack.spent == 0


def test_a_call_whose_answer_was_lost_is_paid_once(stack: _Stack) -> None:
    stack.cloudfront.trouble = [client_error("InternalError", 500)] * 4
    messages = stack.messages("a.jpg")

    stack.purge(messages)
    stack.purge(messages)

    assert stack.spent == 2


def test_messages_that_cannot_be_hidden_are_kept_all_the_same(stack: _Stack) -> None:
    stack.queues.trouble = StorageUnavailable("said SQS", stage="hide")
    messages = stack.messages(*keys(20))

    assert stack.purge(messages) == messages[7:]


def test_messages_older_than_a_quarter_of_an_hour_are_dropped(stack: _Stack) -> None:
    messages = stack.messages("old.jpg")
    stack.clock.at += 901

    kept = stack.purge([*messages, *stack.messages("new.jpg")])

    assert kept == []
    assert stack.cloudfront.paths == [paths_of("new.jpg")]


def test_a_message_that_cannot_be_read_is_dropped_alone(stack: _Stack) -> None:
    kept = stack.purge([stack.message("rm -rf /"), *stack.messages("a.jpg")])

    assert kept == []
    assert stack.cloudfront.paths == [paths_of("a.jpg")]


def test_more_than_a_hundred_keys_are_one_invalidation_of_everything(stack: _Stack) -> None:
    kept = stack.purge(stack.messages(*keys(101)))

    assert kept == []
    assert stack.cloudfront.paths == [("/*",)]
    assert stack.spent == 1


def test_a_hundred_keys_are_not_yet_too_many(stack: _Stack) -> None:
    stack.purge(stack.messages(*keys(100)))

    assert [len(paths) for paths in stack.cloudfront.paths] == [14]


def test_messages_that_wait_in_the_queue_count(stack: _Stack) -> None:
    stack.queues.now = Depth(waiting=60, in_flight=41)

    stack.purge(stack.messages("a.jpg"))

    assert stack.cloudfront.paths == [("/*",)]


def test_everything_is_invalidated_at_most_once_in_ten_minutes(stack: _Stack) -> None:
    stack.purge(stack.messages(*keys(101)))
    stack.clock.at += 599
    stack.purge(stack.messages(*keys(101)))
    stack.clock.at += 2
    stack.purge(stack.messages(*keys(101)))

    assert [len(paths) for paths in stack.cloudfront.paths] == [1, 14, 1]


def test_an_invalidation_of_everything_that_failed_does_not_count(stack: _Stack) -> None:
    stack.cloudfront.trouble = [client_error("AccessDenied", 403)]
    messages = stack.messages(*keys(101))

    assert stack.purge(messages) == messages
    assert stack.purge(messages) == []
    assert stack.cloudfront.paths == [("/*",)]


def test_what_an_invalidation_of_everything_covered_needs_none_of_its_own(stack: _Stack) -> None:
    waiting = stack.messages(*keys(150))
    stack.clock.at += 61
    stack.purge(stack.messages(*(f"other/{key}" for key in keys(101))))
    stack.clock.at += 30
    fresh = stack.messages("new.jpg")

    kept = stack.purge([*waiting, *fresh])

    assert kept == []
    assert stack.cloudfront.paths == [("/*",), paths_of("new.jpg")]


def test_a_second_message_is_not_covered_by_what_was_invalidated_before_its_time(
    stack: _Stack,
) -> None:
    """A message sent 60 s before its delivery stands for answers that may be cached until then."""
    second = stack.messages(*keys(101))
    stack.clock.at += 59
    stack.purge(stack.messages(*(f"other/{key}" for key in keys(101))))
    stack.clock.at += 2

    kept = stack.purge(second)

    assert len(kept) == 94


def test_a_person_may_ask_for_everything(stack: _Stack) -> None:
    kept = stack.purge([stack.message(purge.write_everything()), *stack.messages("a.jpg")])

    assert kept == []
    assert stack.cloudfront.paths == [("/*",)]


def test_everything_asked_for_too_soon_waits_while_keys_go_on(stack: _Stack) -> None:
    stack.purge([stack.message(purge.write_everything())])
    stack.clock.at += 60
    everything, key = stack.message(purge.write_everything()), stack.messages("a.jpg")

    kept = stack.purge([everything, *key])

    assert kept == [everything]
    assert stack.cloudfront.paths == [("/*",), paths_of("a.jpg")]


def test_beyond_the_months_budget_nothing_is_sent_and_the_log_says_so(stack: _Stack) -> None:
    stack.budget = 3
    stack.purge(stack.messages("a.jpg"))

    with capture_logs() as lines:
        kept = stack.purge(stack.messages("b.jpg", "c.jpg"))

    assert kept == []
    assert stack.cloudfront.paths == [paths_of("a.jpg")]
    assert stack.spent == 2
    assert [(line["event"], line["purges_over_budget"]) for line in lines] == [
        ("purge over budget", 2)
    ]


def test_the_last_paths_of_a_budget_are_used(stack: _Stack) -> None:
    stack.budget = 5

    kept = stack.purge(stack.messages(*keys(4)))

    assert len(stack.cloudfront.paths[0]) == 4
    assert len(kept) == 2


def test_a_budget_that_is_spent_refuses_everything_too_and_frees_its_place(
    stack: _Stack,
) -> None:
    stack.budget = 2
    stack.purge(stack.messages("a.jpg"))

    assert stack.purge(stack.messages(*keys(101))) == []

    assert len(stack.cloudfront.paths) == 1
    assert stack.serving.take_place("purge-everything", 0, 1)


def test_a_new_month_has_a_new_budget(stack: _Stack) -> None:
    stack.budget = 2
    stack.purge(stack.messages("a.jpg"))
    stack.clock.at += 31 * 86_400

    stack.purge(stack.messages("b.jpg"))

    assert stack.cloudfront.paths == [paths_of("a.jpg"), paths_of("b.jpg")]


def test_paths_that_were_not_used_go_back_to_the_month_that_they_are_of(
    stack: _Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail_in_december(**_: object) -> None:
        stack.clock.at += 31 * 86_400
        raise client_error("ServiceUnavailable", 503)

    monkeypatch.setattr(stack.cloudfront, "create_invalidation", fail_in_december)
    messages = stack.messages("a.jpg")

    assert stack.purge(messages) == messages

    assert (stack.spent, stack.serving.paths_spent("2026-12")) == (0, 0)


def test_refused_paths_are_left_out(stack: _Stack) -> None:
    stack.cloudfront.trouble = [client_error("InvalidArgument", 400)]

    kept = stack.purge(stack.messages("photos/ü.jpg", "b.jpg"))

    assert kept == []
    assert stack.cloudfront.paths == [paths_of("b.jpg")]
    assert stack.spent == len(paths_of("b.jpg"))


def test_the_receipt_of_a_key_that_was_left_out_gets_no_invalidation(stack: _Stack) -> None:
    stack.cloudfront.trouble = [client_error("InvalidArgument", 400)]
    asked = {"one": "photos/ü.jpg", "two": "b.jpg"}
    for receipt, key in asked.items():
        receipts(stack).write(receipt, {"key": key, "requested_at": START})

    stack.purge([stack.message(purge.write(key, receipt=each)) for each, key in asked.items()])

    noted = {each: "invalidation" in str(receipts(stack).read(each)) for each in asked}
    assert noted == {"one": False, "two": True}


def test_a_request_of_refused_paths_only_is_given_up(stack: _Stack) -> None:
    stack.cloudfront.trouble = [client_error("InvalidArgument", 400)]

    with capture_logs() as lines:
        kept = stack.purge(stack.messages("photos/ü.jpg"))

    assert kept == []
    assert stack.cloudfront.paths == []
    assert stack.spent == 0
    assert [line["event"] for line in lines] == ["paths refused"]


def test_keys_of_more_paths_make_way_for_others(stack: _Stack) -> None:
    stack.budget = 3
    many, few = stack.messages("photos/(1).jpg", "a.jpg")

    assert stack.purge([many, few]) == [many]
    assert stack.cloudfront.paths == [paths_of("a.jpg")]
    assert stack.purge([many]) == []
    assert len(stack.cloudfront.paths) == 1


def test_a_table_that_does_not_answer_keeps_the_messages(
    stack: _Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise client_error("InternalServerError", 500)

    messages = stack.messages("a.jpg")
    monkeypatch.setattr(Tables, "get_item", fail)

    assert stack.purge(messages) == messages
    assert stack.cloudfront.requests == []


@given(any_key)
def test_no_key_stops_the_others(key: str) -> None:
    stack = _new_stack()

    assert stack.purge(stack.messages(key, "b.jpg")) == []
    assert paths_of("b.jpg")[0] in stack.cloudfront.paths[0]


@pytest.mark.parametrize("most", [0, 1, 6])
def test_the_answer_to_lambda_names_the_messages_that_must_come_back(
    stack: _Stack, most: int
) -> None:
    event = {
        "Records": [
            {"messageId": f"m{at}", "receiptHandle": f"r{at}", "body": purge.write(key)}
            for at, key in enumerate(keys(7 + most))
        ]
    }

    answered = answer(event, _Context(), lambda: stack.purger)

    assert answered == {
        "batchItemFailures": [{"itemIdentifier": f"m{7 + at}"} for at in range(most)]
    }


def test_a_purger_that_raises_keeps_every_message() -> None:
    def broken() -> Purger:
        raise ConditionRefused("no settings")

    event = {"Records": [{"messageId": "m1", "receiptHandle": "r1", "body": "x"}]}

    assert answer(event, _Context(), broken) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


class _Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000
