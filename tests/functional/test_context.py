import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import boto3
import pytest
from structlog.testing import capture_logs

from shared.cloud.clients import Clients
from shared.model.errors import Misconfigured, OutOfTime, PixfleetError
from shared.model.recipe import Slot
from shared.settings import Settings, read_settings
from tests.functional.conftest import DEAD, RECIPES, SOURCES, TABLE, VARIANTS, World
from worker.context import build_context

pytestmark = pytest.mark.functional

PATIENCE_SECONDS = 20.0


def settings(recipes: str, **environment: str) -> Settings:
    return read_settings(
        {
            "PIXFLEET_FLEET": "photos",
            "PIXFLEET_SOURCES_BUCKET": SOURCES,
            "PIXFLEET_VARIANTS_BUCKET": VARIANTS,
            "PIXFLEET_LEDGER_TABLE": TABLE,
            "PIXFLEET_DEAD_LETTER_QUEUE": DEAD,
            "PIXFLEET_RECIPES": recipes,
            "PIXFLEET_RENDER_CHILDREN": "1",
            **environment,
        }
    )


def test_recipes_are_read_from_the_object_that_the_environment_names(clients: Clients) -> None:
    body = json.dumps(RECIPES).encode()
    clients.s3.put_object(Bucket=VARIANTS, Key="_recipes/1.json", Body=body)

    context = build_context(settings(f"s3://{VARIANTS}/_recipes/1.json"))

    try:
        assert [recipe.name for recipe in context.recipes.recipes] == ["tiny", "square"]
        assert context.render_pool.size == 1
    finally:
        context.close()


def test_recipes_are_read_from_a_file_too(clients: Clients, tmp_path: Path) -> None:
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(RECIPES))

    context = build_context(settings(str(file)))

    context.close()
    assert [recipe.name for recipe in context.recipes.recipes] == ["tiny", "square"]


@pytest.mark.parametrize(
    ("environment", "lazy"),
    [
        pytest.param({}, (), id="without a renderer"),
        pytest.param(
            {"PIXFLEET_ON_DEMAND": "true", "PIXFLEET_SERVING_TABLE": "serving"},
            (("w32", Slot.WEBP),),
            id="with a renderer",
        ),
    ],
)
def test_only_with_a_renderer_is_anything_lazy(
    clients: Clients, tmp_path: Path, environment: dict[str, str], lazy: tuple[object, ...]
) -> None:
    file = tmp_path / "recipes.json"
    variants = [{"widths": [32], "formats": ["avif", "webp"], "lazy": ["webp"]}]
    file.write_text(json.dumps({"version": 1, "recipes": [{"name": "one", "variants": variants}]}))

    context = build_context(settings(str(file), **environment))

    context.close()
    assert context.recipes.recipes[0].lazy_names() == lazy


USELESS: dict[str, bytes] = {
    "nothing": b"",
    "YAML": b"recipes:",
    "no text": b"\xff\xfe",
    "a list": b"[]",
    "no recipes": b'{"version": 1}',
    "nested without end": b"[" * 100_000,
    "a number of thousands of digits": b"5" * 5000,
}


@pytest.mark.parametrize("body", USELESS.values(), ids=USELESS.keys())
def test_recipes_that_cannot_be_used_are_refused_by_their_place(
    clients: Clients, body: bytes
) -> None:
    clients.s3.put_object(Bucket=VARIANTS, Key="_recipes/a.json", Body=body)
    place = f"s3://{VARIANTS}/_recipes/a.json"

    with pytest.raises(Misconfigured) as caught:
        build_context(settings(place))

    assert place in str(caught.value)


@pytest.mark.parametrize(
    "place", [f"s3://{VARIANTS}/_recipes/none.json", "s3://no-bucket/a", "/none.json", "s3://"]
)
def test_recipes_that_are_not_there_are_one_of_our_errors(clients: Clients, place: str) -> None:
    with pytest.raises(PixfleetError):
        build_context(settings(place))


def test_a_source_waits_for_a_prefetch_slot_within_its_deadline(world: World) -> None:
    places = 0
    while world.context.prefetch_slots.acquire(blocking=False):
        places += 1

    with (
        pytest.raises(OutOfTime) as caught,
        world.context.prefetch_slot(),
    ):
        pass

    assert places == 4
    assert caught.value.stage == "fetch"


def test_a_failure_gives_its_prefetch_slot_back(world: World) -> None:
    for _ in range(10):
        with pytest.raises(ZeroDivisionError), world.context.prefetch_slot():
            raise ZeroDivisionError


def test_a_worker_logs_once_what_its_render_children_are_locked_by(
    clients: Clients, tmp_path: Path
) -> None:
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(RECIPES))
    context = build_context(settings(str(file)))

    with closing(context), capture_logs() as logged:
        for _ in range(2):
            with context.render_pool.child(wait_seconds=PATIENCE_SECONDS) as child:
                locks = child.await_ready().locks

    lines = [line for line in logged if line["event"] == "render children locked"]
    assert [line["locks"] for line in lines] == [[lock.value for lock in locks]]


@pytest.mark.usefixtures("clients")
def test_all_clients_of_a_worker_come_from_one_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each session reads botocore's data again, for 40 ms of CPU in a cold start."""
    file = tmp_path / "recipes.json"
    file.write_text(json.dumps(RECIPES))
    opened, session = [], boto3.session.Session

    def counted() -> object:
        opened.append(session())
        return opened[-1]

    monkeypatch.setattr(boto3.session, "Session", counted)
    arn = "arn:aws:sns:eu-central-1:123456789012:completions"

    context = build_context(replace(settings(str(file)), queue="live", completion_topic=arn))

    context.close()
    assert context.topic is not None
    assert len(opened) == 1
