"""The simulator itself: each fault really happens, and every wrong state is reported."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from shared.cloud.ledger import Ledger
from shared.cloud.stored_objects import SOURCE_ETAG
from shared.model.keys import manifest_key, stored_key
from tests.simulator import workers
from tests.simulator.call_outcomes import (
    OUTCOMES,
    CallOutcome,
    Decision,
    OneFault,
    OutcomesFromTape,
)
from tests.simulator.calls import FakeClient, Network
from tests.simulator.mapping import BadAnswer, failed_ids
from tests.simulator.observer import TwoWriters
from tests.simulator.scheduler import Died, Process, Scheduler
from tests.simulator.services import (
    KEYS,
    LANES,
    LIVE,
    TABLE,
    VARIANTS,
    Services,
    build_services,
)
from tests.simulator.tables import Tables
from tests.simulator.tape import Tape
from tests.simulator.trace import Trace
from tests.simulator.user import WAIT_SECONDS, Act, Action
from tests.simulator.world import Plan, World, WrongFinalState, simulated

pytestmark = pytest.mark.faults

KEY = KEYS[0]
BARELY, AT_REST = WAIT_SECONDS.index(0.3), WAIT_SECONDS.index(400.0)


@pytest.fixture(name="quiet_log", autouse=True)
def _quiet_log() -> Iterator[None]:
    with simulated():
        yield


class Caller:
    """One process that puts one object once, and the result."""

    def __init__(self, decide: Decision) -> None:
        self.scheduler = Scheduler()
        self.services = build_services(self.scheduler, lambda change: None)
        self.process = Process("caller", self.scheduler, 0.0)
        outcomes = OneFault(0)
        outcomes.decide = lambda service, operation: decide  # type: ignore[method-assign] # a fake
        self.network = Network(self.scheduler, outcomes, Trace(self.scheduler, is_wanted=False))
        self.wire = FakeClient(self.process, self.network, "s3", self.services.buckets)
        self.raised: BaseException | None = None
        self.took_seconds = 0.0

    def put(self) -> None:
        began = self.scheduler.time
        try:
            self.wire.put_object(Bucket=VARIANTS, Key="x", Body=b"x")
        except (Died, BotoCoreError, ClientError) as error:
            self.raised = error
        self.took_seconds = self.scheduler.time - began

    def run(self, seconds: float) -> None:
        self.scheduler.start(self.put)
        self.scheduler.run(until=lambda: False, longest_seconds=seconds)

    @property
    def is_stored(self) -> bool:
        return "x" in self.services.buckets.objects(VARIANTS)


@pytest.mark.parametrize(
    ("outcome", "is_stored", "raised"),
    [
        (CallOutcome.WELL, True, type(None)),
        (CallOutcome.SLOW_THERE, True, type(None)),
        (CallOutcome.SLOW_BACK, True, type(None)),
        (CallOutcome.STALLED, True, type(None)),
        (CallOutcome.REFUSED, False, ClientError),
        (CallOutcome.LOST, True, BotoCoreError),
        (CallOutcome.LATE, True, BotoCoreError),
        (CallOutcome.DIED_BEFORE, False, Died),
        (CallOutcome.DIED_AFTER, True, Died),
        (CallOutcome.DIED_LATE, True, Died),
    ],
)
def test_a_call_outcome_is_what_its_name_says(
    outcome: CallOutcome,
    is_stored: bool,  # noqa: FBT001 - a table
    raised: type,
) -> None:
    caller = Caller(Decision(outcome, 5.0))

    caller.run(60)

    assert caller.is_stored == is_stored
    assert isinstance(caller.raised, raised)
    assert caller.process.is_dead == (raised is Died)


def test_every_call_outcome_is_on_the_tape_and_zero_is_the_good_one() -> None:
    assert len(OUTCOMES) == 256
    assert set(OUTCOMES) == set(CallOutcome)
    assert OutcomesFromTape(Tape(b"\0")).decide("s3", "put_object").outcome is CallOutcome.WELL


def test_a_tape_that_is_over_has_only_good_things_on_it() -> None:
    tape = Tape(b"\xff")

    assert [tape.draw(), tape.draw()] == [255, 0]
    assert tape.is_over


@pytest.mark.parametrize(
    ("outcome", "seconds"), [(CallOutcome.SLOW_THERE, 9.5), (CallOutcome.STALLED, 1200.0)]
)
def test_a_slow_call_takes_its_time(outcome: CallOutcome, seconds: float) -> None:
    caller = Caller(Decision(outcome, seconds))

    caller.run(5000)

    assert seconds <= caller.took_seconds < seconds + 0.1


def test_a_late_write_is_done_after_its_caller_has_heard_of_a_failure() -> None:
    caller = Caller(Decision(CallOutcome.LATE, 5.0))

    caller.run(4.9)

    assert isinstance(caller.raised, BotoCoreError)
    assert not caller.is_stored


def test_a_late_write_does_not_undo_one_that_s3_received_after_it() -> None:
    caller = Caller(Decision(CallOutcome.LATE, 5.0))
    caller.run(1)
    caller.network.outcomes = OneFault(-1)

    def put_later() -> None:
        caller.wire.put_object(Bucket=VARIANTS, Key="x", Body=b"later")

    caller.scheduler.start(put_later)
    caller.scheduler.run(until=lambda: False, longest_seconds=60)

    assert caller.services.buckets.objects(VARIANTS)["x"].body == b"later"


def test_a_dead_process_has_no_effects_any_more() -> None:
    caller = Caller(Decision())
    caller.process.is_dead = True

    caller.run(60)

    assert isinstance(caller.raised, Died)
    assert not caller.is_stored


def test_an_invocation_is_killed_at_its_time() -> None:
    caller = Caller(Decision(CallOutcome.STALLED, 1200.0))
    caller.process.dies_at = caller.scheduler.time + 120

    caller.run(5000)

    assert isinstance(caller.raised, Died)
    assert caller.took_seconds == pytest.approx(120)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        (None, set()),
        ("", set()),
        ({}, set()),
        ({"batchItemFailures": []}, set()),
        ({"batchItemFailures": None}, set()),
        ({"batchItemFailures": [{"itemIdentifier": "m1"}]}, {"m1"}),
    ],
)
def test_an_answer_names_the_messages_that_come_again(answer: object, failed: set[str]) -> None:
    assert failed_ids(answer, {"m1", "m2"}) == failed


@pytest.mark.parametrize(
    "answer",
    [
        7,
        {"batchItemFailures": "m1"},
        {"batchItemFailures": [{"itemIdentifier": "m3"}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"messageId": "m1"}]},
        {"batchItemFailures": ["m1"]},
    ],
)
def test_an_answer_that_lambda_does_not_understand_fails_the_batch(answer: object) -> None:
    with pytest.raises(BadAnswer):
        failed_ids(answer, {"m1", "m2"})


def test_a_crash_takes_the_whole_batch_and_it_comes_back() -> None:
    plan = Plan([Action(Act.PUT), Action(Act.PUT, key=1)], pollers=1)
    world = World(plan, outcomes=OneFault(3, CallOutcome.DIED_BEFORE), is_traced=True)

    world.run()

    trace = str(world.trace)
    assert "invocation with m1(1) m2(1)" in trace
    assert "invocation with m1(2) m2(2)" in trace
    assert world.scheduler.time > LANES[LIVE]
    assert world.events()["deaths"] == 1


def test_two_runs_of_one_plan_have_the_same_trace() -> None:
    plan = Plan([Action(Act.PUT), Action(Act.CRASHING, wait=BARELY)], bytes(range(256)), runners=1)
    first, second = World(plan, is_traced=True), World(plan, is_traced=True)

    first.run()
    second.run()

    assert str(first.trace) == str(second.trace)


def finished_world(*acts: Act) -> World:
    """Return a world after these acts, in a correct final state."""
    world = World(Plan([Action(act, wait=AT_REST) for act in acts], pollers=1))
    world.run()
    return world


def change_item(services: Services, **attributes: object) -> None:
    """Change attributes of the key's item; the value None removes one."""
    item = dict(services.tables.items(TABLE)[KEY])
    for name, value in attributes.items():
        if value is None:
            item.pop(name)
        else:
            item[name] = value  # type: ignore[assignment] # as DynamoDB types it
    services.tables.put_item(TableName=TABLE, Item=item)


def change_object(services: Services, name: str, **changes: object) -> None:
    """Store an object again with another body or other headers."""
    key = stored_key(KEY, name)
    found = services.buckets.objects(VARIANTS)[key]
    changed = replace(found, **changes)  # type: ignore[arg-type] # whichever a test changes
    services.buckets._buckets[VARIANTS].versions[key] = [changed]


def put_stranger(services: Services, key: str) -> None:
    services.buckets.put_object(Bucket=VARIANTS, Key=key, Body=b"x")


STRING = {"S": "other"}
TAMPERING: dict[str, Callable[[Services], object]] = {
    "a variant is missing": lambda aws: aws.buckets.delete_object(
        Bucket=VARIANTS, Key=stored_key(KEY, "w32.webp")
    ),
    "the manifest is missing": lambda aws: aws.buckets.delete_object(
        Bucket=VARIANTS, Key=manifest_key(KEY)
    ),
    "a variant has other bytes": lambda aws: change_object(aws, "w32.webp", body=b"stale"),
    "a variant is of another version": lambda aws: change_object(
        aws, "w32.webp", headers={"Metadata": {SOURCE_ETAG: "other"}, "ContentType": "image/webp"}
    ),
    "a variant is too many": lambda aws: put_stranger(aws, stored_key(KEY, "w99.webp")),
    "an object is nobody's": lambda aws: put_stranger(aws, "00/nobody.jpg/w32.webp"),
    "the item is missing": lambda aws: aws.tables._tables[TABLE].items.pop(KEY),
    "the status is another": lambda aws: change_item(aws, status={"S": "removed"}),
    "the recipe is another": lambda aws: change_item(aws, fingerprint=STRING),
    "the source is another": lambda aws: change_item(aws, identity=STRING),
    "a claim is left": lambda aws: change_item(aws, claim_token=STRING),
    "names are left": lambda aws: change_item(aws, may_store={"SS": ["w32.webp"]}),
}


@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING)
def test_the_oracle_sees_that(tamper: Callable[[Services], object]) -> None:
    world = finished_world(Act.PUT)

    tamper(world.services)

    with pytest.raises(WrongFinalState):
        world._check_the_end()


@pytest.mark.parametrize("acts", [(Act.PUT, Act.DELETE), (Act.PUT, Act.CORRUPT)])
def test_the_oracle_sees_what_is_left_of_a_source_that_has_none(acts: tuple[Act, ...]) -> None:
    world = finished_world(*acts)

    put_stranger(world.services, stored_key(KEY, "w32.webp"))

    with pytest.raises(WrongFinalState, match="what is stored"):
        world._check_the_end()


def test_the_oracle_sees_a_stale_manifest() -> None:
    world = finished_world(Act.PUT)
    key = manifest_key(KEY)
    stale = world.services.buckets.objects(VARIANTS)[key].body.replace(b"tiny", b"huge")

    change_object(world.services, "manifest.json", body=stale)

    with pytest.raises(WrongFinalState, match="manifest"):
        world._check_the_end()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "Lost, and no dead letter names it"),
        ({"batchItemFailures": []}, "Lost, and no dead letter names it"),
        ({"batchItemFailures": [{"itemIdentifier": "no such id"}]}, "Lost|no cause"),
    ],
    ids=["none", "nothing failed", "an unknown id"],
)
def test_a_worker_that_does_nothing_is_found_out(
    monkeypatch: pytest.MonkeyPatch, answer: object, said: str
) -> None:
    monkeypatch.setattr(workers, "answer", lambda *_: answer)
    world = World(Plan([Action(Act.PUT)], pollers=1))

    with pytest.raises(WrongFinalState, match=said):
        world.run()


def test_a_ledger_without_conditions_lets_two_writers_in_and_that_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    conditional = Tables.update_item

    def unconditional(tables: Tables, **arguments: object) -> object:
        arguments["ConditionExpression"] = ""
        return conditional(tables, **arguments)  # type: ignore[arg-type] # passed on

    monkeypatch.setattr(Ledger, "refuse_held", lambda *_: None)
    monkeypatch.setattr("tests.simulator.tables._check_placeholders", lambda *_: None)
    monkeypatch.setattr(Tables, "update_item", unconditional)
    world = World(Plan([Action(Act.PUT), Action(Act.PUT, wait=BARELY)], pollers=2))

    with pytest.raises(TwoWriters, match="without the claim"):
        world.run()


def test_a_lost_event_is_no_loss_once_everything_is_verified() -> None:
    # The first byte decides whether the first event is lost.
    world = World(Plan([Action(Act.PUT)], b"\xff", pollers=1))

    world.run()

    assert world.events()["events lost"] == 1
    assert world.events()["ends wrong, as a dead letter says"] == 1
    assert not world.services.queues.messages(LIVE)
