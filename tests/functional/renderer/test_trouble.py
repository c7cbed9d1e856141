"""What the renderer does when something does not work, and what it costs to ask for nothing."""

import json
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.serving import Serving
from shared.cloud.serving_claims import ServingClaims
from shared.cloud.stored_objects import VERSION
from shared.model.errors import (
    ClaimLost,
    DecoderCrash,
    DecodeTimeout,
    LedgerUnavailable,
    SourceChanged,
    Throttled,
    TooManyPixels,
)
from shared.model.keys import stored_key
from shared.model.outcome import Outcome
from tests.functional.conftest import SOURCES, TABLE, VARIANTS
from tests.functional.renderer.conftest import KEY, Got, LambdaContext, RendererWorld
from tests.support import images
from tests.support.fakes import client_error
from worker.renderer import answer as answer_module
from worker.renderer import handler as handler_module
from worker.renderer import rendering

pytestmark = pytest.mark.functional

PICTURE = images.jpeg((160, 120))
NAME = "w128.webp"
# HEAD has no body, and so no code.
NO_OBJECT = client_error("404", 404)


def crashing(patch: pytest.MonkeyPatch, failures: list[Exception]) -> list[str]:
    """Let the next renders fail; return the keys of all renders."""
    begun: list[str] = []
    render = rendering.render

    def maybe(*arguments: Any) -> object:  # noqa: ANN401 - as `render` has them
        begun.append(arguments[0].key)
        if failures:
            raise failures.pop(0)
        return render(*arguments)

    patch.setattr(answer_module, "render", maybe)
    return begun


@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(DecoderCrash("The child exited.", stage="render"), id="crash"),
        pytest.param(DecodeTimeout("The child was killed.", stage="render"), id="timeout"),
    ],
)
def test_a_failed_render_is_a_503_is_remembered_and_then_forgotten(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    served.publish(PICTURE)
    served.with_policy(remembers_failure_seconds=1.0)
    renders = crashing(monkeypatch, [failure])

    first, second = served.ask(NAME), served.ask(NAME)

    assert (first.status, second.status) == (503, 503)
    assert first.cause == second.cause != ""
    assert first.headers["retry-after"] == "5"
    assert len(renders) == 1
    served.context.sleep(1.1)
    assert served.ask(NAME).status == 200
    assert served.is_stored(NAME)


@pytest.mark.parametrize("is_published", [True, False], ids=["published", "not published"])
@pytest.mark.parametrize(
    ("seconds", "cause", "children"),
    [(14.6, "decode_timeout", 1), (8.8, "deadline", 2)],
    ids=["most of its time", "too little time"],
)
def test_a_render_that_took_most_of_its_time_in_vain_is_remembered(
    served: RendererWorld,
    monkeypatch: pytest.MonkeyPatch,
    seconds: float,
    cause: str,
    children: int,
    *,
    is_published: bool,
) -> None:
    served.worker.drop(KEY, PICTURE)
    if is_published:
        served.worker.process(KEY)
    lent = slow_children(served, monkeypatch)

    first, second = served.ask(NAME, seconds=seconds), served.ask(NAME, seconds=seconds)

    assert (first.status, first.cause) == (second.status, second.cause) == (503, cause)
    assert len(lent) == children


def slow_children(served: RendererWorld, patch: pytest.MonkeyPatch) -> list[float]:
    """Let every render exceed its limit; return the limits of those that have begun."""
    limits: list[float] = []

    class Slow:
        def render(self, *_: object, time_limit_seconds: float, **__: object) -> None:
            limits.append(time_limit_seconds)
            raise DecodeTimeout("The child was killed.", stage="render")

    @contextmanager
    def lending(**_: object) -> Iterator[Slow]:
        yield Slow()

    patch.setattr(served.context.render_pool, "child", lending)
    return limits


def test_a_failure_of_the_picture_that_is_there_now_is_remembered_for_its_version(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    served.worker.drop(KEY, images.jpeg((150, 130)))
    changed = [SourceChanged("The source was replaced.", stage="fetch") for _ in range(2)]
    crash = DecoderCrash("The child exited.", stage="render")
    renders = crashing(monkeypatch, [changed[0], crash, changed[1]])

    first, second = served.ask(NAME), served.ask(NAME)

    assert (first.status, first.cause) == (second.status, second.cause) == (503, "decoder_crash")
    assert len(renders) == 3


def test_a_cause_that_will_not_go_away_is_remembered_as_a_404(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    renders = crashing(monkeypatch, [TooManyPixels("Expected fewer.", stage="render")])

    first, second = served.ask(NAME), served.ask(NAME)

    assert (first.status, first.cause) == (second.status, second.cause) == (404, "too_many_pixels")
    assert len(renders) == 1


def test_a_failure_that_cannot_be_remembered_is_answered_all_the_same(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    crashing(monkeypatch, [DecoderCrash("The child exited.", stage="render")])

    def failing(*_arguments: object) -> None:
        raise LedgerUnavailable("said DynamoDB", stage="ledger")

    monkeypatch.setattr(Serving, "remember_failure", failing)

    assert served.ask(NAME).cause == "decoder_crash"


def test_who_waits_for_a_render_that_fails_does_not_try_it_again(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    renders = crashing(monkeypatch, [DecoderCrash("The child exited.", stage="render")])
    take, first = Serving.take_lock, list[Got]()

    def beaten(serving: Serving, stored_key: str, seconds: float) -> None:
        monkeypatch.setattr(Serving, "take_lock", take)
        first.append(served.ask(NAME))

    monkeypatch.setattr(Serving, "take_lock", beaten)
    second = served.ask(NAME)

    assert [each.cause for each in (*first, second)] == ["decoder_crash"] * 2
    assert len(renders) == 1


@pytest.mark.parametrize("is_published", [True, False], ids=["published", "not published"])
def test_a_source_over_the_limits_is_refused_before_it_is_fetched(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, *, is_published: bool
) -> None:
    served.worker.drop(KEY, PICTURE)
    if is_published:
        served.worker.process(KEY)
    settings = served.context.settings
    limits = replace(settings.limits, max_bytes=len(PICTURE) - 1)
    served.context = replace(served.context, settings=replace(settings, limits=limits))
    renders = crashing(monkeypatch, [])

    got = served.ask(NAME)

    assert (got.status, got.cause) == (404, "too_many_bytes")
    assert renders == []


def test_a_picture_that_is_replaced_again_and_again_is_a_503(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    changed = [SourceChanged("The source was replaced.", stage="fetch") for _ in range(5)]
    renders = crashing(monkeypatch, [*changed])

    got = served.ask(NAME)

    assert (got.status, got.cause) == (503, "source_changed")
    assert len(renders) == 2


def test_a_child_that_is_killed_fails_one_request_and_not_the_next(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    pool, lend, killed = served.context.render_pool, served.context.render_pool.child, list[int]()

    @contextmanager
    def lending(*, wait_seconds: float) -> Iterator[Any]:
        with lend(wait_seconds=wait_seconds) as child:
            if not killed:
                killed.append(child.pid)
                os.kill(child.pid, signal.SIGKILL)
            yield child

    monkeypatch.setattr(pool, "child", lending)

    killed_once = served.ask(NAME)

    assert (killed_once.status, killed_once.cause) == (503, "decoder_crash")
    assert served.ask("w64.webp").status == 200


def test_trouble_of_aws_is_not_remembered_as_that_of_the_picture(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    crashing(monkeypatch, [Throttled("said AWS", stage="fetch")])

    first, second = served.ask(NAME), served.ask(NAME)

    assert (first.status, first.cause) == (503, "throttled")
    assert second.status == 200


def test_a_failure_of_one_version_is_not_that_of_the_next(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    crashing(monkeypatch, [DecoderCrash("The child exited.", stage="render")])
    assert served.ask(NAME).status == 503

    served.publish(images.jpeg((150, 130)))

    assert served.ask(NAME).status == 200


def test_an_unknown_key_costs_one_read_and_one_head(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    renders = crashing(monkeypatch, [])
    calls = counted_calls(served, monkeypatch, {"GetItem": {}, "HeadObject": NO_OBJECT})

    statuses = {served.ask(NAME, f"none/{number}.jpg").status for number in range(1_000)}

    assert statuses == {404}
    assert calls == {"GetItem": 1_000, "HeadObject": 1_000}
    assert renders == []


@pytest.mark.parametrize(
    ("name", "key"), [("w63.webp", KEY), (NAME, "photos/")], ids=["name", "key"]
)
def test_what_no_recipe_has_costs_nothing(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    calls = counted_calls(served, monkeypatch)

    assert served.ask(name, key).status == 404

    assert calls == {}


def test_a_found_object_costs_one_read_and_one_get(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    served.ask(NAME)
    calls = counted_calls(served, monkeypatch)

    assert served.ask(NAME).status == 200

    assert calls == {"GetItem": 1, "GetObject": 1}


def test_a_source_that_was_rejected_costs_one_read_and_one_head(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(b"no picture")
    calls = counted_calls(served, monkeypatch)

    got = served.ask(NAME)

    assert (got.status, got.cause) == (404, "not_an_image")
    assert calls == {"GetItem": 1, "HeadObject": 1}


def test_a_lazy_object_costs_no_more_calls_than_it_needs(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    calls = counted_calls(served, monkeypatch)

    assert served.ask(NAME).status == 200

    # The entry and whether a render failed; the lock, the claim, and the end of both.
    assert calls == {"GetItem": 2, "UpdateItem": 4, "GetObject": 2, "PutObject": 1}


@pytest.mark.parametrize("operation", ["get_item", "head_object", "get_object"])
@pytest.mark.parametrize(
    ("code", "status", "cause"),
    [("InternalError", 500, ""), ("SlowDown", 503, "throttled")],
)
def test_trouble_of_aws_is_a_503_with_its_cause(
    served: RendererWorld,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    code: str,
    status: int,
    cause: str,
) -> None:
    served.worker.drop(KEY, PICTURE)

    def refuse(**_request: object) -> None:
        raise client_error(code, status)

    for client in (served.clients.s3, served.clients.dynamodb):
        if operation in dir(client):
            monkeypatch.setattr(client, operation, refuse)
    got = served.ask(NAME)

    assert (got.status, got.headers["cache-control"]) == (503, "no-store")
    assert got.cause.startswith(cause)
    assert got.cause.endswith(("throttled", "unavailable"))


def test_a_refused_claim_is_answered_and_stores_nothing(served: RendererWorld) -> None:
    served.publish(PICTURE)
    served.worker.ledger.claim(KEY, lease_seconds=600, may_store=("w64.avif",))
    served.lose("w64.avif")

    got = served.ask("w64.avif")

    assert (got.status, "s-maxage=60" in got.headers["cache-control"]) == (200, True)
    assert not served.is_stored("w64.avif")


def test_a_commit_between_the_read_and_the_claim_refuses_the_object(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    render = rendering.render

    def slow(*arguments: Any) -> object:  # noqa: ANN401 - as `render` has them
        made = render(*arguments)
        served.publish(images.jpeg((150, 130)))
        return made

    monkeypatch.setattr(answer_module, "render", slow)
    got = served.ask(NAME)

    assert got.status == 200
    assert not served.is_stored(NAME)
    assert served.lazy() == set()


def test_a_removal_between_the_read_and_the_claim_refuses_the_object(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    render = rendering.render

    def slow(*arguments: Any) -> object:  # noqa: ANN401 - as `render` has them
        made = render(*arguments)
        served.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
        served.worker.process(KEY)
        return made

    monkeypatch.setattr(answer_module, "render", slow)
    served.ask(NAME)

    assert served.worker.stored() == {}


def test_a_put_without_an_answer_keeps_the_claim_until_it_cannot_take_effect(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)

    def lost(**_request: object) -> None:
        raise client_error("InternalError", 500)

    monkeypatch.setattr(served.clients.s3, "put_object", lost)
    got = served.ask(NAME, seconds=18)

    assert got.status == 200
    entry = served.worker.ledger.read(KEY)
    assert entry.is_serving(served.context.clock.now() + 20)
    assert entry.lazy == {NAME}


@pytest.mark.parametrize("call", ["put_object", "copy_object"])
def test_nobody_waits_for_a_throttled_store(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The picture is ready: to store it may wait for the next request."""
    is_copy = call == "copy_object"
    served.publish(images.jpeg((40, 30)) if is_copy else PICTURE)
    tried: list[object] = []

    def slow_down(**request: object) -> None:
        tried.append(request)
        raise client_error("SlowDown", 503)

    monkeypatch.setattr(served.clients.s3, call, slow_down)
    got = served.ask("w128.avif" if is_copy else NAME)

    assert got.status == 200
    assert len(tried) == served.context.policy.calls.attempts


def test_a_put_that_was_refused_gives_the_claim_back(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)

    def late(*_arguments: object, **_named: object) -> None:
        raise ClaimLost("Expected our claim, got none.", stage="put")

    objects = type(served.context.objects)
    monkeypatch.setattr(objects, "put_at_request", late)
    got = served.ask(NAME)

    assert got.status == 200
    assert not served.worker.ledger.read(KEY).is_serving(served.context.clock.now())


def test_a_release_that_fails_changes_no_answer(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)

    def failing(*_arguments: object) -> None:
        raise ClaimLost("Expected our claim, got none.", stage="ledger")

    monkeypatch.setattr(ServingClaims, "release", failing)

    assert served.ask(NAME).status == 200
    assert served.is_stored(NAME)


@pytest.mark.parametrize("has_queue", [True, False], ids=["runner", "lambda"])
def test_a_renderer_that_stores_too_late_has_a_worker_look_again(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch, *, has_queue: bool
) -> None:
    served.publish(PICTURE)
    keys: list[str] = []
    served.context = replace(served.context, look_again=keys.append if has_queue else None)
    stand_still_before_the_put(served, monkeypatch)

    with capture_logs() as logs:
        assert served.ask(NAME).status == 200

    assert served.is_stored(NAME)
    assert [each["key"] for each in logs if each["event"] == "object stored too late"] == [KEY]
    assert served.worker.ledger.read(KEY).is_unfinished
    assert keys == [KEY] * has_queue
    # On Lambda the next event of the key, or `verify --repair`, has it made again.
    served.worker.send(served.worker.event(KEY))
    (result,) = served.worker.consume()
    assert result.outcome is Outcome.MADE
    assert not served.is_stored(NAME)
    assert not served.worker.ledger.read(KEY).is_unfinished


def stand_still_before_the_put(served: RendererWorld, patch: pytest.MonkeyPatch) -> None:
    """Let the lease run out and a worker replace the picture before the renderer's PUT."""
    claim, put = ServingClaims.claim, Objects.put_at_request

    def brief(claims: ServingClaims, *arguments: Any, **named: Any) -> object:  # noqa: ANN401 - as it has them
        return claim(claims, *arguments, **{**named, "lease_seconds": 0.01})

    def late(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as it has them
        served.context.sleep(0.05)
        served.publish(images.jpeg((150, 130)))
        put(*arguments, **named)

    patch.setattr(ServingClaims, "claim", brief)
    patch.setattr(Objects, "put_at_request", late)


def test_a_request_that_comes_late_in_its_invocation_is_answered_without_a_store(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    served.with_policy(claim_seconds=20.0)

    got = served.ask(NAME)

    assert got.status == 200
    assert not served.is_stored(NAME)
    assert served.worker.ledger.read(KEY).served_token == ""


def test_a_claim_that_took_too_long_is_given_back_without_a_store(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    served.publish(PICTURE)
    claim = ServingClaims.claim

    def slow(claims: ServingClaims, *arguments: Any, **named: Any) -> object:  # noqa: ANN401 - as it has them
        taken = claim(claims, *arguments, **named)
        served.context.sleep(2.3)
        return taken

    monkeypatch.setattr(ServingClaims, "claim", slow)
    served.with_policy(claim_seconds=0.0)

    got = served.ask(NAME, seconds=10.5)

    assert got.status == 200
    assert not served.is_stored(NAME)
    assert not served.worker.ledger.read(KEY).is_serving(served.context.clock.now())


def test_an_unexpected_error_is_a_503_and_no_502(
    served: RendererWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Ledger, "read", broken)
    with capture_logs() as logs:
        got = served.ask(NAME)

    assert (got.status, got.cause) == (503, "unknown")
    assert "request failed unexpectedly" in [each["event"] for each in logs]


def test_a_renderer_that_cannot_start_is_a_503() -> None:
    def broken() -> Any:  # noqa: ANN401 - never returns
        raise RuntimeError("no environment")

    answer = handler_module.respond({}, LambdaContext(), broken)

    assert answer["statusCode"] == 503
    assert json.dumps(answer)


def test_an_edge_that_cannot_read_the_bucket_is_answered_and_counted(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    young = asked_with_log(served, "w64.avif")
    served.with_policy(blind_seconds=-60.0)

    old = asked_with_log(served, "w64.avif")

    assert "edge_blind" not in young
    assert (old["status"], old["edge_blind"], old["log_level"]) == (200, 1, "warning")


def test_an_object_that_is_too_large_for_a_response_is_stored_and_asked_for_again(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE, "a b+c.jpg")
    served.with_policy(max_body_bytes=100)

    got = served.ask(NAME, "a b+c.jpg", version="0123456789ab")

    assert (got.status, got.headers["cache-control"], got.body) == (302, "no-store", b"")
    assert got.headers["location"] == ("/a%20b%2Bc.jpg?variant=w128&format=webp&v=0123456789ab")
    assert served.is_stored(NAME, "a b+c.jpg")


def test_a_redirect_without_a_version_stays_without_one(served: RendererWorld) -> None:
    served.publish(PICTURE)
    served.with_policy(max_body_bytes=100)

    assert served.ask(NAME).headers["location"] == f"/{KEY}?variant=w128&format=webp"


def test_an_edge_that_cannot_read_a_large_object_is_not_redirected_without_end(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    served.with_policy(max_body_bytes=100)
    assert served.ask(NAME).status == 302

    again = served.ask(NAME)
    served.with_policy(blind_seconds=-60.0)
    blind = served.ask(NAME)

    assert (again.status, again.headers["retry-after"]) == (503, "5")
    assert (again.cause, blind.cause) == ("too_many_bytes", "access_denied")


def test_where_urls_are_signed_a_large_object_is_stored_and_asked_for_again(
    make_served: Callable[..., RendererWorld],
) -> None:
    served = make_served(PIXFLEET_SIGNED_URLS="true")
    served.publish(PICTURE)
    served.with_policy(max_body_bytes=100)

    got = served.ask(NAME)

    assert (got.status, got.headers["retry-after"], got.body) == (503, "5", b"")
    assert served.is_stored(NAME)


def test_a_large_object_that_may_not_be_stored_is_a_503(served: RendererWorld) -> None:
    served.worker.drop(KEY, PICTURE)
    served.with_policy(max_body_bytes=100)

    got = served.ask(NAME)

    assert (got.status, got.headers["retry-after"], got.body) == (503, "5", b"")


def test_a_cache_that_has_a_large_object_gets_304(served: RendererWorld) -> None:
    served.publish(PICTURE)
    etag = served.ask(NAME).headers["etag"]
    served.with_policy(max_body_bytes=100)

    assert served.ask(NAME, if_none_match=etag).status == 304


def test_equal_rungs_are_copies(served: RendererWorld) -> None:
    served.publish(images.jpeg((40, 30)))
    assert served.is_stored("w64.avif")
    assert not served.is_stored("w128.avif")

    line = asked_with_log(served, "w128.avif")

    assert (line["status"], line["answered"], line["on_demand_stores"]) == (200, "copied", 1)
    assert "on_demand_renders" not in line
    copy, original = served.object("w128.avif"), served.object("w64.avif")
    assert copy["Body"].read() == original["Body"].read()
    for same in ("Metadata", "ContentType", "CacheControl", "ETag"):
        assert copy[same] == original[same]
    tags = served.clients.s3.get_object_tagging(Bucket=VARIANTS, Key=stored_key(KEY, "w128.avif"))
    assert tags["TagSet"] == [{"Key": "pixfleet", "Value": "lazy"}]
    assert served.lazy() == {"w128.avif"}


def test_nothing_is_copied_because_the_files_of_another_version_were_equal(
    served: RendererWorld,
) -> None:
    """As after a worker of before the renderer, which removes no fact that it does not know."""
    served.publish(images.jpeg((40, 30)))
    former = served.worker.item(KEY)
    served.publish(PICTURE)
    served.lose("w128.avif")
    served.clients.dynamodb.update_item(
        TableName=TABLE,
        Key={"key": {"S": KEY}},
        UpdateExpression="SET #equal = :equal, facts_of = :of",
        ExpressionAttributeNames={"#equal": "equal"},
        ExpressionAttributeValues={":equal": former["equal"], ":of": former["facts_of"]},
    )

    got = served.ask("w128.avif")

    assert got.status == 200
    assert got.body != served.object("w64.avif")["Body"].read()


def test_nothing_is_copied_while_a_worker_makes_the_key_anew(served: RendererWorld) -> None:
    served.publish(images.jpeg((40, 30)))
    served.worker.ledger.claim(KEY, lease_seconds=600, may_store=("w128.avif",))
    served.worker.drop(KEY, PICTURE)

    line = asked_with_log(served, "w128.avif")

    assert (line["status"], line["answered"]) == (200, "rendered")
    assert not served.is_stored("w128.avif")


def test_an_object_of_another_version_is_not_copied(served: RendererWorld) -> None:
    served.publish(images.jpeg((40, 30)))
    served.clients.s3.put_object(
        Bucket=VARIANTS,
        Key=stored_key(KEY, "w64.avif"),
        Body=b"of another version",
        Metadata={VERSION: "0" * 12},
    )

    line = asked_with_log(served, "w128.avif")

    assert (line["status"], line["answered"]) == (200, "rendered")
    assert served.object("w128.avif")["Metadata"][VERSION] == served.version()


def test_a_copy_of_a_lost_object_is_rendered(served: RendererWorld) -> None:
    served.publish(images.jpeg((40, 30)))
    served.lose("w64.avif")

    line = asked_with_log(served, "w128.avif")

    assert (line["status"], line["answered"]) == (200, "rendered")
    assert served.is_stored("w128.avif")


def test_what_renderers_stored_goes_with_the_source(served: RendererWorld) -> None:
    served.publish(images.jpeg((40, 30)))
    for name in ("w128.avif", "w32.webp"):
        assert served.ask(name).status == 200
        assert served.is_stored(name)

    served.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)
    served.worker.process(KEY)

    assert served.worker.stored() == {}


def test_a_lost_object_of_an_animation_is_left_to_the_worker(served: RendererWorld) -> None:
    served.publish(images.animated_gif((160, 120)))
    served.lose(NAME)

    got = served.ask(NAME)

    assert (got.status, got.cause) == (503, "only_at_upload")


def asked_with_log(served: RendererWorld, name: str) -> dict[str, Any]:
    """Ask for an object and return the log line of the request."""
    with capture_logs() as logs:
        served.ask(name)
    (line,) = (each for each in logs if each["event"] == "request answered")
    return dict(line)


def counted_calls(
    served: RendererWorld,
    patch: pytest.MonkeyPatch,
    answers: Mapping[str, object] = MappingProxyType({}),
) -> Counter[str]:
    """Count the calls of AWS from now on, by operation; `answers` replace those of moto."""
    calls: Counter[str] = Counter()
    for client in (served.clients.s3, served.clients.dynamodb):
        make = getattr(client, "_make_api_call")  # noqa: B009 - not in the stubs

        def counted(
            operation: str,
            parameters: Any,  # noqa: ANN401 - botocore's
            make: Any = make,  # noqa: ANN401 - botocore's
        ) -> object:
            calls[operation] += 1
            if operation in answers:
                given = answers[operation]
                if isinstance(given, Exception):
                    raise given
                return given
            return make(operation, parameters)

        patch.setattr(client, "_make_api_call", counted)
    return calls
