"""Simultaneous requests make an object once, and pictures that are not published have a bound."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from queue import Queue
from threading import Event, Lock
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from shared.cloud.clients import Clients
from shared.cloud.objects import Objects
from shared.cloud.serving import Serving
from shared.cloud.time_limit import seconds_left
from shared.model.errors import LedgerUnavailable
from shared.model.recipe_reader import read_recipes
from tests.functional.renderer.conftest import KEY, Got, RendererWorld
from tests.support import images
from tests.support.fakes import FakeClock, client_error
from worker.renderer import answer as answer_module
from worker.renderer import rendering

pytestmark = pytest.mark.functional

PICTURE = images.jpeg((160, 120))
NAME = "w128.webp"


@pytest.fixture(name="renders")
def _renders(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the keys of the renders that have begun."""
    begun: list[str] = []
    lock, render = Lock(), rendering.render

    def counted(*arguments: Any) -> object:  # noqa: ANN401 - as `render` has them
        with lock:
            begun.append(arguments[0].key)
        return render(*arguments)

    monkeypatch.setattr(answer_module, "render", counted)
    return begun


def at_once(ask: Callable[[], Got], times: int) -> list[Got]:
    with ThreadPoolExecutor(times) as threads:
        return [each.result() for each in [threads.submit(ask) for _ in range(times)]]


def test_twelve_requests_at_once_make_one_object(
    served: RendererWorld, renders: list[str], clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    one_write_at_a_time(clients.dynamodb, monkeypatch)
    puts = calls_of(clients.s3, "put_object", monkeypatch)

    got = at_once(lambda: served.ask(NAME), 12)

    assert [each.status for each in got] == [200] * 12
    assert len({each.body for each in got}) == 1
    assert len(renders) <= 2
    assert len(puts) == 1
    assert served.lazy() == {NAME}


def test_different_objects_of_a_picture_do_not_wait_for_each_other(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    names = ["w32.webp", "w64.webp", NAME]

    with ThreadPoolExecutor(3) as threads:
        got = list(threads.map(served.ask, names))

    assert [each.status for each in got] == [200] * 3


def test_the_lock_of_a_dead_renderer_is_taken_over(
    served: RendererWorld, renders: list[str]
) -> None:
    served.publish(PICTURE)
    serving = served.context.within(served.worker.deadline()).serving
    serving.take_lock(f"9c/{KEY}/{NAME}", 0.5)

    got = served.ask(NAME)

    assert got.status == 200
    assert "lock;dur=" in got.headers["server-timing"]
    assert renders == [KEY]
    assert served.is_stored(NAME)


def test_an_object_that_is_stored_between_look_and_lock_is_not_made_again(
    served: RendererWorld, renders: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    look, overtaken = Objects.read_variant, list[Got]()

    def overtaking(objects: Objects, stored_key: str, *, most_bytes: int) -> object:
        found = look(objects, stored_key, most_bytes=most_bytes)
        if not overtaken:
            monkeypatch.setattr(Objects, "read_variant", look)
            overtaken.append(served.ask(NAME))
        return found

    monkeypatch.setattr(Objects, "read_variant", overtaking)
    got = served.ask(NAME)

    assert (got.status, got.body) == (200, overtaken[0].body)
    assert renders == [KEY]
    serving = served.context.within(served.worker.deadline()).serving
    assert not serving.is_locked(f"9c/{KEY}/{NAME}")


def test_a_lock_lasts_as_long_as_the_longest_render(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or a renderer that died would keep an object from being made."""
    served.publish(PICTURE)
    take, taken = Serving.take_lock, list[float]()

    def noted(serving: Serving, stored_key: str, seconds: float) -> object:
        taken.append(seconds)
        return take(serving, stored_key, seconds)

    monkeypatch.setattr(Serving, "take_lock", noted)
    served.ask(NAME)

    assert taken == [served.context.policy.longest_render_seconds]


def test_who_cannot_see_whether_a_lock_has_ended_makes_the_object(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    served.context.within(served.worker.deadline()).serving.take_lock(f"9c/{KEY}/{NAME}", 60)
    served.with_policy(serving_budget_seconds=0.1)

    def failing(*_arguments: object) -> None:
        raise LedgerUnavailable("said DynamoDB", stage="ledger")

    monkeypatch.setattr(Serving, "is_locked", failing)

    assert served.ask(NAME).status == 200


def test_who_has_waited_for_a_large_object_is_redirected_to_it(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    served.with_policy(max_body_bytes=100)
    take, first = Serving.take_lock, list[Got]()

    def beaten(serving: Serving, stored_key: str, seconds: float) -> None:
        monkeypatch.setattr(Serving, "take_lock", take)
        first.append(served.ask(NAME))

    monkeypatch.setattr(Serving, "take_lock", beaten)
    second = served.ask(NAME)

    assert [each.status for each in (*first, second)] == [302, 302]
    assert first[0].headers["location"] == second.headers["location"]


def test_who_waits_in_vain_is_told_to_come_back(served: RendererWorld) -> None:
    served.publish(PICTURE)
    serving = served.context.within(served.worker.deadline()).serving
    serving.take_lock(f"9c/{KEY}/{NAME}", 60)

    got = served.ask(NAME, seconds=9.5)

    assert (got.status, got.headers["retry-after"], got.cause) == (503, "5", "deadline")


@pytest.mark.parametrize(
    "refusal",
    [
        ("InternalServerError", 500),
        ("ThrottlingException", 400),
        ("ResourceNotFoundException", 400),
        # Such as of a table whose KMS key is disabled.
        ("AccessDeniedException", 400),
        ("ValidationException", 400),
    ],
    ids=lambda refusal: refusal[0],
)
def test_a_table_that_does_not_answer_keeps_nobody_from_the_picture(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, refusal: tuple[str, int]
) -> None:
    served.publish(PICTURE)
    with broken_serving(served, monkeypatch, *refusal):
        got = served.ask(NAME)

    assert got.status == 200
    assert served.is_stored(NAME)


@pytest.mark.parametrize("answers", [False, True], ids=["silent", "slow"])
def test_a_slow_table_takes_a_second_and_a_half_and_keeps_nobody_from_the_picture(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, *, answers: bool
) -> None:
    served.publish(PICTURE)
    clock = FakeClock(served.context.clock.now())
    served.context = replace(served.context, clock=clock)
    began_at = clock.at
    slow_serving(served, monkeypatch, clock, answers=answers)

    got = served.ask(NAME)

    assert got.status == 200
    assert served.is_stored(NAME)
    assert 0 < clock.at - began_at <= 1.5


def test_each_request_waits_anew_for_a_slow_table(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    clock = FakeClock(served.context.clock.now())
    served.context = replace(served.context, clock=clock)
    with monkeypatch.context() as slow:
        slow_serving(served, slow, clock, answers=False)
        served.ask("w64.webp")

    served.ask(NAME)

    serving = served.context.within(served.worker.deadline()).serving
    later = serving.take_lock(f"9c/{KEY}/{NAME}", 1)
    assert later
    assert later.follows > 0


def test_pictures_that_are_not_published_have_so_many_renders_and_no_more(
    make_served: Callable[..., RendererWorld], monkeypatch: pytest.MonkeyPatch
) -> None:
    served = make_served(PIXFLEET_UNPUBLISHED_RENDERS="2")
    for number in range(3):
        served.worker.drop(f"{number}.jpg", PICTURE)
    served.publish(PICTURE)
    may_end, hold = Event(), rendering.render
    begun: Queue[str] = Queue()

    def held(*arguments: Any) -> object:  # noqa: ANN401 - as `render` has them
        begun.put(arguments[0].key)
        if arguments[0].key != KEY:
            assert may_end.wait(20)
        return hold(*arguments)

    monkeypatch.setattr(answer_module, "render", held)
    with ThreadPoolExecutor(2) as threads:
        first = []
        for number in range(2):  # one after the other: moto's conditional writes are not atomic
            first.append(threads.submit(served.ask, NAME, f"{number}.jpg"))
            assert begun.get(timeout=20) == f"{number}.jpg"

        third = served.ask(NAME, "2.jpg")
        published = served.ask(NAME)

        may_end.set()
        assert [each.result().status for each in first] == [200, 200]
    assert (third.status, third.cause, third.headers["retry-after"]) == (503, "throttled", "5")
    assert published.status == 200
    assert served.ask(NAME, "2.jpg").status == 200


def test_without_an_answer_of_the_table_only_published_pictures_are_rendered(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, renders: list[str]
) -> None:
    served.worker.drop("new.jpg", PICTURE)
    with broken_serving(served, monkeypatch, "InternalServerError", 500):
        refused = served.ask(NAME, "new.jpg")

    assert (refused.status, refused.cause) == (503, "ledger_unavailable")
    assert renders == []
    assert served.ask(NAME, "new.jpg").status == 200


def test_a_replaced_picture_takes_a_place_of_those_that_are_not_published(
    make_served: Callable[..., RendererWorld], renders: list[str]
) -> None:
    served = make_served(PIXFLEET_UNPUBLISHED_RENDERS="2")
    served.publish(PICTURE)
    served.worker.drop(KEY, images.jpeg((150, 130)))
    serving = served.context.within(served.worker.deadline()).serving
    places = [serving.take_place("unpublished", number, 60) for number in range(2)]

    refused = served.ask(NAME)
    for place in places:
        assert place
        serving.release_lock(place)
    accepted = served.ask(NAME)

    assert (refused.status, refused.cause) == (503, "throttled")
    assert accepted.status == 200
    # The fetch of what was published fails twice, and what is there now is rendered once.
    assert len(renders) == 3


def test_a_picture_that_a_worker_makes_anew_takes_a_place_too(
    make_served: Callable[..., RendererWorld],
) -> None:
    served = make_served(PIXFLEET_UNPUBLISHED_RENDERS="1")
    served.publish(PICTURE)
    served.worker.ledger.claim(KEY, lease_seconds=600, may_store=(NAME,))
    served.context.within(served.worker.deadline()).serving.take_place("unpublished", 0, 60)

    got = served.ask(NAME)

    assert (got.status, got.cause) == (503, "throttled")


def test_a_replaced_picture_gives_its_lock_back_before_it_is_rendered(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    served.worker.drop(KEY, images.jpeg((150, 130)))
    serving = served.context.within(served.worker.deadline()).serving
    render, locks = rendering.render, list[bool]()

    def noted(*arguments: Any) -> object:  # noqa: ANN401 - as `render` has them
        locks.append(serving.is_locked(f"9c/{KEY}/{NAME}"))
        return render(*arguments)

    monkeypatch.setattr(answer_module, "render", noted)

    assert served.ask(NAME).status == 200
    assert locks == [True, False]


def test_a_new_name_of_an_old_version_is_answered_and_not_stored(served: RendererWorld) -> None:
    served.publish(PICTURE)
    recipes = {
        "version": 1,
        "recipes": [
            {
                "name": "lazy",
                "match": {"prefix": ""},
                "variants": [
                    {"widths": [48], "formats": ["webp"], "lazy": True},
                    {"widths": [64], "formats": ["fallback"]},
                ],
            }
        ],
    }
    served.context = replace(served.context, recipes=read_recipes(recipes))

    got = served.ask("w48.webp")

    assert got.status == 200
    for number in range(served.context.settings.unpublished_renders):
        served.context.within(served.worker.deadline()).serving.take_place(
            "unpublished", number, 60
        )
    assert served.ask("w48.webp").cause == "throttled"
    assert not served.is_stored("w48.webp")
    assert served.lazy() == set()


def one_write_at_a_time(client: Any, patch: pytest.MonkeyPatch) -> None:  # noqa: ANN401 - boto3's
    """Make conditional writes atomic as DynamoDB's are: moto checks first and writes later."""
    lock, write = Lock(), client.update_item

    def atomic(**request: Any) -> object:  # noqa: ANN401 - boto3's
        with lock:
            return write(**request)

    patch.setattr(client, "update_item", atomic)


def calls_of(client: object, name: str, patch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Record the calls of one method from now on."""
    made: list[dict[str, Any]] = []
    method = getattr(client, name)

    def recorded(**request: Any) -> object:  # noqa: ANN401 - boto3's
        made.append(request)
        return method(**request)

    patch.setattr(client, name, recorded)
    return made


def slow_serving(
    served: RendererWorld, patch: pytest.MonkeyPatch, clock: FakeClock, *, answers: bool
) -> None:
    """Let each call of the table take 0.9 s, or the read timeout if it never answers."""
    dynamodb = served.clients.dynamodb
    wanted = 0.9 if answers else served.context.policy.calls.read_seconds
    for name in ("get_item", "update_item"):
        method = getattr(dynamodb, name)

        def slow(method: Any = method, **request: Any) -> object:  # noqa: ANN401 - boto3's
            if request["TableName"] != "serving":
                return method(**request)
            seconds = min(wanted, seconds_left())
            clock.at += seconds
            if not answers or seconds < wanted:
                raise ReadTimeoutError(endpoint_url="https://dynamodb.example/")
            return method(**request)

        patch.setattr(dynamodb, name, slow)


@contextmanager
def broken_serving(
    served: RendererWorld, patch: pytest.MonkeyPatch, code: str, status: int
) -> Iterator[None]:
    dynamodb = served.clients.dynamodb
    with patch.context() as inner:
        for name in ("get_item", "update_item"):
            method = getattr(dynamodb, name)

            def failing(method: Any = method, **request: Any) -> object:  # noqa: ANN401 - boto3's
                if request["TableName"] == "serving":
                    raise client_error(code, status)
                return method(**request)

            inner.setattr(dynamodb, name, failing)
        yield
