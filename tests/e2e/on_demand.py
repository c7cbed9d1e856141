"""What the whole stack must show of variants that are made at their first request.

Its recipe `archive` makes nothing but a thumbnail at upload, the recipe of `NARROW` all of AVIF.
"""

import base64
import http.client
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from threading import Barrier
from typing import Any

import numpy as np
from PIL import Image

from scripts.local.edge_client import EdgeClient
from shared.model.keys import stored_key
from tests.e2e.waiting import wait_for
from tests.e2e.whole_stack import Served, WholeStack, path_of
from tests.support.awkward import KEYS as AWKWARD
from tests.support.images import jpeg

FOLDER = "archive/"
SIZE = (1400, 1050)
KEY, NEW, LARGE, TOGETHER, MISSING = (
    f"{FOLDER}{name}" for name in ("a.jpg", "new.jpg", "noise.png", "b.jpg", "none.jpg")
)
NARROW, NARROW_SIZE = "photos/narrow.jpg", (600, 450)
AWKWARD_KEYS = tuple(f"{FOLDER}{key}" for key in AWKWARD.values() if len(key.encode()) < 900)
AVIF, WEBP, JPEG = "image/avif", "image/webp", "image/jpeg"
# More than the function's concurrency, which is raised for them. Each process of the local AWS
# loads libvips for a second, so a few start at a time.
AT_ONCE, STARTED_AT_ONCE = 12, 4
RENDERED_SECONDS, BLIND_SECONDS = 180.0, 90.0
FUNCTION = "pixfleet-renderer"
# A response of the function has less than this.
LARGEST_BYTES = 4_500_000


@dataclass(frozen=True, slots=True)
class OnDemand:
    """The stack's requests, the objects of its bucket, and the calls of its renderer.

    `old` is a key that was published before anything else, and of which nothing was changed since.
    """

    stack: WholeStack
    old: str

    @property
    def edge(self) -> EdgeClient:
        """Return the control of the edge."""
        return EdgeClient(self.stack.instance)

    def get(self, key: str, query: str, *, accept: str = "*/*", **headers: str) -> Served:
        """Fetch one picture through the distribution."""
        path = f"{path_of(key)}?{query}"
        (served,) = self.stack.get([path], accept=accept, headers=headers)
        return served

    def asks(self, origin: str) -> int:
        """Return how often the edge has asked an origin."""
        counts: Mapping[str, int] = self.edge.describe()["requests_by_origin"]
        return counts.get(origin, 0)

    def names(self, key: str) -> set[str]:
        """Return the names of the stored objects of a source."""
        before = stored_key(key, "")
        sizes = self.stack.stored_sizes()
        return {each.removeprefix(before) for each in sizes if each.startswith(before)}

    def wait_until_published(self, *keys: str) -> None:
        """Wait until every source has its manifest."""
        wait_for("the manifests", lambda: self.stack.has_manifests(keys), seconds=RENDERED_SECONDS)

    def call(self, path: str) -> Mapping[str, Any]:
        """Call the renderer itself, below the edge, and return its response."""
        event = {
            "version": "2.0",
            "rawPath": path,
            "rawQueryString": "",
            "headers": {},
            "requestContext": {"http": {"method": "GET", "path": path}, "requestId": "e2e"},
            "isBase64Encoded": False,
        }
        answer = self.stack.client("lambda").invoke(
            FunctionName=FUNCTION, Qualifier="live", Payload=json.dumps(event).encode()
        )
        response: Mapping[str, Any] = json.loads(answer["Payload"].read())
        return response

    def call_at_once(self, path: str, count: int) -> Sequence[Mapping[str, Any]]:
        """Call the renderer from several threads that start together."""
        barrier = Barrier(count)

        def call(_: int) -> Mapping[str, Any]:
            barrier.wait(timeout=30)
            return self.call(path)

        with ThreadPoolExecutor(count) as threads:
            return list(threads.map(call, range(count)))

    @contextmanager
    def concurrency(self, count: int) -> Iterator[None]:
        """Let the renderer have so many processes, and after that as many as before."""
        functions = self.stack.client("lambda")
        name = "ReservedConcurrentExecutions"
        before = functions.get_function_concurrency(FunctionName=FUNCTION)[name]
        functions.put_function_concurrency(FunctionName=FUNCTION, **{name: count})
        try:
            yield
        finally:
            functions.put_function_concurrency(FunctionName=FUNCTION, **{name: before})

    def lines(self) -> Sequence[Mapping[str, Any]]:
        """Return the renderer's lines in the log."""
        pages = self.stack.client("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{FUNCTION}")
        messages = (event["message"] for page in found for event in page["events"])
        return [json.loads(each) for each in messages if each.startswith("{")]


def assert_a_new_picture_is_answered_at_once(on_demand: OnDemand) -> None:
    """Ask before the worker is done; later S3 has it, and says whether it has changed."""
    on_demand.stack.drop({NEW: jpeg(SIZE, seed=1)})
    at_once = on_demand.get(NEW, "w=640", accept=AVIF)
    on_demand.wait_until_published(NEW)
    # The answer of a picture that was not published lives for a minute.
    on_demand.edge.advance(60)
    lazily = on_demand.get(NEW, "w=640", accept=AVIF)
    renders = on_demand.asks("renderer")
    on_demand.edge.advance(300 + 60)
    stored = on_demand.get(NEW, "w=640", accept=AVIF)
    unchanged = on_demand.get(NEW, "w=640", accept=AVIF, if_none_match=stored.etag)

    assert at_once.seen() == (AVIF, 640)
    assert (lazily.body, stored.body) == (at_once.body, at_once.body)
    assert unchanged.status == http.client.NOT_MODIFIED
    assert on_demand.asks("renderer") == renders


def assert_a_lazy_file_is_made_once(on_demand: OnDemand) -> None:
    """First the renderer makes it, then S3 has it, then the cache."""
    before = on_demand.names(KEY)
    renders = on_demand.asks("renderer")
    first = on_demand.get(KEY, "w=640", accept=WEBP)
    on_demand.edge.evict_all()
    second = on_demand.get(KEY, "w=640", accept=WEBP)
    third = on_demand.get(KEY, "w=640", accept=WEBP)

    assert first.seen() == (WEBP, 640)
    assert first.body == second.body == third.body
    assert [each.x_cache for each in (first, second, third)] == ["Miss", "Miss", "Hit"]
    assert on_demand.asks("renderer") == renders + 1
    assert on_demand.names(KEY) - before == {"w640.webp"}
    tags = on_demand.stack.client("s3").get_object_tagging(
        Bucket=on_demand.stack.names.variants_bucket, Key=stored_key(KEY, "w640.webp")
    )
    assert tags["TagSet"] == [{"Key": "pixfleet", "Value": "lazy"}]


def assert_simultaneous_calls_make_it_once(on_demand: OnDemand) -> None:
    """Call below the cache, in processes that do not know of each other."""
    path = f"/{stored_key(TOGETHER, 'w960.webp')}"
    with on_demand.concurrency(AT_ONCE):
        for count in range(STARTED_AT_ONCE, AT_ONCE + 1, STARTED_AT_ONCE):
            on_demand.call_at_once(f"/{stored_key(MISSING, 'w960.webp')}", count)
        responses = on_demand.call_at_once(path, AT_ONCE)

    assert {each["statusCode"] for each in responses} == {http.client.OK}
    assert len({each["body"] for each in responses}) == 1
    renders = [each for each in on_demand.lines() if each.get("key") == TOGETHER]
    assert 1 <= sum(each.get("on_demand_renders", 0) for each in renders) <= 2
    assert sum(each.get("on_demand_stores", 0) for each in renders) == 1


def assert_a_rung_wider_than_the_source_is_a_copy(on_demand: OnDemand) -> None:
    """The first such rung is stored at upload; the renderer copies it for the others."""
    first = on_demand.get(NARROW, "w=640", accept=AVIF)
    widest = on_demand.get(NARROW, "w=1920", accept=AVIF)
    lines = [each for each in on_demand.lines() if each.get("key") == NARROW]

    assert widest.seen() == (AVIF, NARROW_SIZE[0])
    assert widest.body == first.body
    assert [(each["name"], each["answered"]) for each in lines] == [("w1920.avif", "copied")]
    assert "w1920.avif" in on_demand.names(NARROW)


def assert_a_large_file_is_redirected_to(on_demand: OnDemand) -> None:
    """Lambda answers 6 MB at most; the viewer gets the file from S3."""
    first = on_demand.get(LARGE, "w=1280", accept=JPEG)
    (second,) = on_demand.stack.get([first.location])

    assert (first.status, first.cache_control) == (http.client.FOUND, "no-store")
    assert second.seen() == ("image/png", 1280)
    assert len(second.body) > LARGEST_BYTES


def assert_awkward_keys_are_rendered(on_demand: OnDemand) -> None:
    """Through the edge a path is encoded; a function URL also decodes it for a caller."""
    for key in AWKWARD_KEYS:
        encoded = on_demand.get(key, "w=320", accept=WEBP)
        decoded = on_demand.call(f"/{stored_key(key, 'w320.webp')}")

        assert encoded.seen() == (WEBP, 320), key
        assert base64.b64decode(decoded["body"]) == encoded.body, key
        assert "w320.webp" in on_demand.names(key), key


def assert_an_overloaded_bucket_has_nothing_rendered(on_demand: OnDemand) -> None:
    """For a minute S3 answers 503, to requests for stored objects and for missing ones."""
    renders = on_demand.asks("renderer")
    on_demand.edge.evict_all()
    on_demand.edge.let_fail(variants=503)
    overloaded = []
    for _ in range(6):
        overloaded += [on_demand.get(KEY, query, accept=AVIF) for query in ("w=320", "w=960")]
        on_demand.edge.advance(10)
    on_demand.edge.let_fail()
    on_demand.edge.advance(10)

    assert {each.status for each in overloaded} == {http.client.SERVICE_UNAVAILABLE}
    assert on_demand.asks("renderer") == renders
    assert on_demand.get(KEY, "w=320", accept=AVIF).status == http.client.OK


def assert_an_edge_that_cannot_read_is_noticed(on_demand: OnDemand) -> None:
    """Take the bucket's policy away for a moment.

    An object must be a minute old to be noticed, which the one that is asked for mostly is.
    """
    s3, bucket = on_demand.stack.client("s3"), on_demand.stack.names.variants_bucket
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)

    def is_noticed() -> bool:
        on_demand.edge.evict_all()
        assert on_demand.get(on_demand.old, "variant=thumb", accept=AVIF).seen()[0] == AVIF
        return any(each.get("edge_blind") for each in on_demand.lines())

    try:
        on_demand.edge.evict_all()
        asked = on_demand.asks("renderer")
        large = on_demand.get(LARGE, "w=1280", accept=JPEG)
        asked_once = on_demand.asks("renderer") == asked + 1
        wait_for("a line with edge_blind", is_noticed, seconds=BLIND_SECONDS)
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    on_demand.edge.evict_all()

    # A redirect would lead back to the renderer, without end.
    assert (large.status, large.location) == (http.client.SERVICE_UNAVAILABLE, "")
    assert asked_once


def noise_png() -> bytes:
    """Return a transparent picture that no encoder makes small."""
    pixels = np.random.default_rng(7).integers(0, 256, (1280, 1280, 4), np.uint8)
    found = BytesIO()
    Image.fromarray(pixels, "RGBA").save(found, "PNG", compress_level=1)
    return found.getvalue()


def sources() -> Mapping[str, bytes]:
    """Return what is uploaded before `CHECKS`."""
    pictures = {key: jpeg((400, 300), seed=at) for at, key in enumerate(AWKWARD_KEYS)}
    return {
        KEY: jpeg(SIZE, seed=101),
        TOGETHER: jpeg(SIZE, seed=102),
        LARGE: noise_png(),
        NARROW: jpeg(NARROW_SIZE, seed=103),
        **pictures,
    }


CHECKS: Sequence[Callable[[OnDemand], None]] = (
    assert_a_new_picture_is_answered_at_once,
    assert_a_lazy_file_is_made_once,
    assert_simultaneous_calls_make_it_once,
    assert_a_rung_wider_than_the_source_is_a_copy,
    assert_a_large_file_is_redirected_to,
    assert_awkward_keys_are_rendered,
    assert_an_overloaded_bucket_has_nothing_rendered,
    assert_an_edge_that_cannot_read_is_noticed,
)
