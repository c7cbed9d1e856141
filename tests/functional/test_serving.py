"""The table `serving`, on moto and on the simulator's tables."""

from typing import TYPE_CHECKING, cast

import pytest

from scripts.local.stack import create_serving
from shared.cloud.serving import Serving
from tests.simulator.tables import Tables
from tests.support.fakes import FakeClock, client_error, unbounded_calls

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.cloud.clients import Clients

pytestmark = pytest.mark.functional

TABLE = "serving"
KEY = "df/18/k.jpg/w640.webp"


@pytest.fixture(name="clock")
def _clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(name="dynamodb", params=["moto", "simulator"])
def _dynamodb(request: pytest.FixtureRequest) -> "DynamoDBClient":
    if request.param == "simulator":
        dynamodb = cast("DynamoDBClient", Tables())
    else:
        clients: Clients = request.getfixturevalue("clients")
        dynamodb = clients.dynamodb
    create_serving(dynamodb, TABLE)
    return dynamodb


@pytest.fixture(name="serving")
def _serving(dynamodb: "DynamoDBClient", clock: FakeClock) -> Serving:
    return Serving(dynamodb, unbounded_calls(clock), TABLE, clock)


def test_one_of_two_gets_the_lock(serving: Serving) -> None:
    first = serving.take_lock(KEY, 20)

    assert first
    assert serving.take_lock(KEY, 20) is None
    assert serving.is_locked(KEY)


def test_other_objects_have_locks_of_their_own(serving: Serving) -> None:
    serving.take_lock(KEY, 20)

    assert serving.take_lock("df/18/k.jpg/w640.avif", 20)
    assert not serving.is_locked("df/18/k.jpg/w320.webp")


def test_a_lock_that_has_ended_is_free(serving: Serving) -> None:
    first = serving.take_lock(KEY, 20)
    assert first
    serving.release_lock(first)

    assert not serving.is_locked(KEY)
    assert serving.take_lock(KEY, 20)


def test_the_lock_of_a_dead_renderer_ends_by_itself(serving: Serving, clock: FakeClock) -> None:
    serving.take_lock(KEY, 20)
    clock.at += 20.5

    assert not serving.is_locked(KEY)
    assert serving.take_lock(KEY, 20)


def test_a_lock_knows_when_the_one_before_it_ended(serving: Serving, clock: FakeClock) -> None:
    first = serving.take_lock(KEY, 20)
    assert first
    clock.at += 3
    serving.release_lock(first)
    ended_at = clock.at
    clock.at += 5

    second = serving.take_lock(KEY, 20)

    assert second
    assert (first.follows, second.follows) == (0, ended_at)


def test_a_lock_after_a_dead_renderer_follows_the_end_of_its_time(
    serving: Serving, clock: FakeClock
) -> None:
    dead = serving.take_lock(KEY, 20)
    clock.at += 30

    second = serving.take_lock(KEY, 20)

    assert dead
    assert second
    assert second.follows == dead.until


def test_a_late_end_leaves_the_next_lock_alone(serving: Serving, clock: FakeClock) -> None:
    late = serving.take_lock(KEY, 20)
    clock.at += 20.5
    serving.take_lock(KEY, 20)

    assert late
    serving.release_lock(late)

    assert serving.is_locked(KEY)


def test_a_lock_whose_answer_was_lost_is_taken_once(
    serving: Serving, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch
) -> None:
    lose_one_answer(dynamodb, monkeypatch)

    assert serving.take_lock(KEY, 20)
    assert serving.take_lock(KEY, 20) is None


def test_each_place_is_taken_once(serving: Serving) -> None:
    taken = [serving.take_place("unpublished", number, 20) for number in (0, 1, 0, 1)]

    assert [place is not None for place in taken] == [True, True, False, False]


def test_a_failure_is_remembered_for_its_version_and_time(
    serving: Serving, clock: FakeClock
) -> None:
    serving.remember_failure(KEY, "v1", "decoder_crash", "The child exited.", 60)

    found = serving.failure(KEY, "v1")
    assert found
    assert (found.cause, found.detail) == ("decoder_crash", "The child exited.")
    assert serving.failure(KEY, "v2") is None
    clock.at += 61
    assert serving.failure(KEY, "v1") is None


def test_nothing_is_remembered_of_an_unknown_object(serving: Serving) -> None:
    assert serving.failure(KEY, "v1") is None


def test_paths_are_spent_up_to_the_budget(serving: Serving) -> None:
    allowed = [serving.spend_paths("2026-11", paths, 10) for paths in (4, 4, 4, 2, 1)]

    assert allowed == [True, True, False, True, False]
    assert serving.paths_spent("2026-11") == 10


def test_the_first_paths_of_a_month_may_exceed_its_budget_too(serving: Serving) -> None:
    assert not serving.spend_paths("2026-11", 11, 10)
    assert serving.paths_spent("2026-11") == 0


def test_each_month_has_its_own_budget(serving: Serving) -> None:
    serving.spend_paths("2026-11", 10, 10)

    assert serving.spend_paths("2026-12", 10, 10)


@pytest.mark.parametrize("paths", [4, 6])
def test_paths_whose_answer_was_lost_are_counted_once(
    serving: Serving, dynamodb: "DynamoDBClient", monkeypatch: pytest.MonkeyPatch, paths: int
) -> None:
    lose_one_answer(dynamodb, monkeypatch)

    assert serving.spend_paths("2026-11", paths, 10)
    assert serving.paths_spent("2026-11") == paths


def test_items_expire_after_they_have_ended(serving: Serving, dynamodb: "DynamoDBClient") -> None:
    lock = serving.take_lock(KEY, 20)

    item = dynamodb.get_item(TableName=TABLE, Key={"id": {"S": f"render#{KEY}"}})["Item"]

    assert lock
    assert lock.until < float(item["expires_at"]["N"])
    assert "." not in item["expires_at"]["N"]


def lose_one_answer(dynamodb: "DynamoDBClient", patch: pytest.MonkeyPatch) -> None:
    """Let the next write take effect and fail, as if its answer had been lost."""
    update, lost = dynamodb.update_item, list[object]()

    def losing(**request: object) -> object:
        answer = update(**request)  # type: ignore[arg-type] # as it came
        if not lost:
            lost.append(request)
            raise client_error("InternalServerError", 500)
        return answer

    patch.setattr(dynamodb, "update_item", losing)
