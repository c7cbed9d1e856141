"""What the renderer answers, and what it stores, in each state of a source."""

import hashlib
from io import BytesIO

import pytest
from PIL import Image

from shared.cloud.stored_objects import LAZY_TAGGING
from shared.model.keys import MANIFEST_NAME, stored_key
from tests.functional.conftest import SOURCES, VARIANTS, with_limits
from tests.functional.renderer.conftest import KEY, LambdaContext, RendererWorld
from tests.support import images
from tests.support.awkward import KEYS
from worker.renderer.handler import respond

pytestmark = pytest.mark.functional

PICTURE = images.jpeg((160, 120))
# With a shard, two slashes and `manifest.json`, S3's 1,024 bytes.
LONGEST_KEY = 1007


def test_a_lazy_object_is_made_stored_and_listed_at_its_first_request(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    assert not served.is_stored("w128.webp")

    got = served.ask("w128.webp", version=served.version())

    assert (got.status, got.headers["content-type"]) == (200, "image/webp")
    stored = served.object("w128.webp")
    assert stored["Body"].read() == got.body
    assert served.lazy() == {"w128.webp"}


def test_an_answer_has_the_headers_that_s3_has_for_the_same_object(served: RendererWorld) -> None:
    served.publish(PICTURE)

    got = served.ask("w128.webp", version=served.version())

    stored = served.object("w128.webp")
    assert got.headers["etag"] == stored["ETag"]
    assert got.headers["content-type"] == stored["ContentType"]
    metadata = {
        name.removeprefix("x-amz-meta-"): value
        for name, value in got.headers.items()
        if name.startswith("x-amz-meta-")
    }
    assert metadata == stored["Metadata"]
    assert got.headers["cache-control"] == "public, max-age=31536000, immutable, s-maxage=60"
    assert "render;dur=" in got.headers["server-timing"]


def test_a_url_without_the_version_is_not_for_ever(served: RendererWorld) -> None:
    served.publish(PICTURE)

    got = served.ask("w128.webp", version="0123456789ab")

    assert got.headers["cache-control"] == "public, max-age=60, s-maxage=60"


def test_a_lazy_object_has_its_tag(served: RendererWorld) -> None:
    served.publish(PICTURE)
    served.ask("w128.webp")

    tags = served.clients.s3.get_object_tagging(Bucket=VARIANTS, Key=stored_key(KEY, "w128.webp"))

    name, _, value = LAZY_TAGGING.partition("=")
    assert tags["TagSet"] == [{"Key": name, "Value": value}]


def test_the_second_request_finds_the_object(served: RendererWorld) -> None:
    served.publish(PICTURE)

    first, second = served.ask("w128.webp"), served.ask("w128.webp")

    assert (second.status, second.body) == (200, first.body)
    assert second.headers["etag"] == first.headers["etag"]
    assert "render" not in second.headers["server-timing"]


@pytest.mark.parametrize("condition", ['"{}"', 'W/"{}"', '"other", "{}"', "*"])
def test_a_cache_that_has_the_object_gets_304(served: RendererWorld, condition: str) -> None:
    served.publish(PICTURE)
    first = served.ask("w128.webp")
    digest = hashlib.md5(first.body, usedforsecurity=False).hexdigest()

    got = served.ask("w128.webp", if_none_match=condition.format(digest))

    assert (got.status, got.body) == (304, b"")
    assert got.headers["etag"] == f'"{digest}"'


def test_head_is_get_without_a_body(served: RendererWorld) -> None:
    served.publish(PICTURE)

    head = served.ask("w128.webp", method="HEAD")

    get = served.ask("w128.webp")
    assert (head.status, head.body) == (200, b"")
    assert get.body
    for name in ("etag", "content-type", "cache-control"):
        assert head.headers[name] == get.headers[name]


def test_no_other_method_is_allowed(served: RendererWorld) -> None:
    got = served.ask("w128.webp", method="PUT")

    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD")


def test_a_lost_eager_object_is_made_again_with_the_same_bytes_and_not_listed_twice(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    before = served.object("w64.avif")["Body"].read()
    served.lose("w64.avif")

    got = served.ask("w64.avif")

    assert (got.status, got.body) == (200, before)
    assert served.object("w64.avif")["Body"].read() == before
    assert served.lazy() == set()
    # A lifecycle rule may expire what has the tag of lazy objects.
    key = stored_key(KEY, "w64.avif")
    assert served.clients.s3.get_object_tagging(Bucket=VARIANTS, Key=key)["TagSet"] == []


def test_a_lost_object_of_a_costly_picture_is_made_again_with_the_same_bytes(
    served: RendererWorld,
) -> None:
    with_limits(served.worker, on_demand_cpu_seconds=0.0)
    # At this size a WebP is smaller than an AVIF, and would fill its slot.
    served.publish(images.jpeg((40, 30)))
    before = served.object("w32.avif")["Body"].read()
    served.lose("w32.avif")

    got = served.ask("w32.avif")

    assert served.worker.ledger.read(KEY).is_all_eager
    assert (got.status, got.body) == (200, before)


def test_a_picture_that_was_just_uploaded_is_answered_and_not_stored(
    served: RendererWorld,
) -> None:
    served.worker.drop(KEY, PICTURE)

    got = served.ask("w128.webp")

    assert (got.status, got.headers["content-type"]) == (200, "image/webp")
    assert "s-maxage=60" in got.headers["cache-control"]
    assert served.worker.stored() == {}
    assert served.worker.item(KEY) == {}


def test_a_picture_has_the_bytes_that_it_will_have_once_it_is_published(
    served: RendererWorld,
) -> None:
    served.worker.drop(KEY, PICTURE)
    early = served.ask("w64.avif")

    served.worker.process(KEY)

    stored = served.object("w64.avif")
    assert stored["Body"].read() == early.body
    assert stored["ETag"] == early.headers["etag"]


def test_no_source_is_a_short_404(served: RendererWorld) -> None:
    got = served.ask("w128.webp")

    assert (got.status, got.headers["cache-control"]) == (404, "public, max-age=5")


def test_a_deleted_source_is_a_short_404_although_it_is_still_published(
    served: RendererWorld,
) -> None:
    served.publish(PICTURE)
    served.clients.s3.delete_object(Bucket=SOURCES, Key=KEY)

    got = served.ask("w128.webp")

    assert (got.status, got.headers["cache-control"]) == (404, "public, max-age=5")
    assert not served.is_stored("w128.webp")


def test_a_rejected_source_is_a_404_with_its_cause(served: RendererWorld) -> None:
    served.publish(b"no picture")

    got = served.ask("w128.webp")

    assert (got.status, got.cause) == (404, "not_an_image")


def test_a_rejection_does_not_outlive_its_source(served: RendererWorld) -> None:
    served.publish(b"no picture")
    served.worker.drop(KEY, PICTURE)

    got = served.ask("w128.webp")

    assert (got.status, got.headers["content-type"]) == (200, "image/webp")


def test_a_source_that_cannot_be_rendered_is_a_404_with_its_cause(served: RendererWorld) -> None:
    served.worker.drop(KEY, b"no picture")

    got = served.ask("w128.webp")

    assert (got.status, got.cause) == (404, "not_an_image")


def test_an_unknown_recipe_is_a_404_with_its_cause(served: RendererWorld) -> None:
    served.worker.drop(KEY, PICTURE, {"recipe": "none-such"})

    got = served.ask("w128.webp")

    assert (got.status, got.cause) == (404, "unknown_recipe")


def test_the_recipe_that_the_metadata_asks_for_has_its_own_names(served: RendererWorld) -> None:
    served.publish(PICTURE, recipe="square")
    served.lose("sq.webp")

    assert served.ask("sq.webp").status == 200
    assert served.ask("w128.webp").status == 404


@pytest.mark.parametrize("name", ["w63.webp", "w64.jpeg", "w64", "sq.avif"])
def test_names_that_no_recipe_has_cannot_be_ordered(served: RendererWorld, name: str) -> None:
    served.publish(PICTURE)
    before = served.worker.stored().keys()

    assert served.ask(name).status == 404
    assert served.worker.stored().keys() == before


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "",
        "/w128.webp",
        "/00/photos/cat.jpg/w128.webp",
        "/photos/cat.jpg/w128.webp",
        "/_recipes/1.json",
        f"/{stored_key('a', 'w128.webp').replace('/a/', '/../a/')}",
        "/%ff/w128.webp",
        "/\ud800/w128.webp",
    ],
)
def test_other_paths_are_404(served: RendererWorld, path: str) -> None:
    assert served.ask_path(path).status == 404


def test_a_replaced_source_is_answered_as_it_is_now_and_not_stored(served: RendererWorld) -> None:
    served.publish(PICTURE)
    served.worker.drop(KEY, images.jpeg((90, 60)))

    got = served.ask("w128.webp", version=served.version())

    with Image.open(BytesIO(got.body)) as picture:
        assert picture.size == (90, 60)
    assert not served.is_stored("w128.webp")
    assert "immutable" not in got.headers["cache-control"]


def test_a_manifest_is_never_made_here(served: RendererWorld) -> None:
    served.worker.drop(KEY, PICTURE)

    got = served.ask(MANIFEST_NAME)

    assert (got.status, got.headers["cache-control"]) == (404, "public, max-age=5")


def test_a_manifest_that_is_there_is_answered(served: RendererWorld) -> None:
    served.publish(PICTURE)

    got = served.ask(MANIFEST_NAME)

    assert (got.status, got.headers["content-type"]) == (200, "application/json")
    assert got.headers["cache-control"] == "public, max-age=60, s-maxage=60"


@pytest.mark.parametrize("is_encoded", [True, False], ids=["encoded", "decoded"])
@pytest.mark.parametrize(
    "key", [key for key in KEYS.values() if len(key.encode()) <= LONGEST_KEY], ids=ascii
)
def test_awkward_keys_are_served_encoded_and_decoded(
    served: RendererWorld, key: str, *, is_encoded: bool
) -> None:
    served.publish(images.jpeg((40, 30)), key=key)

    got = served.ask("w32.webp", key=key, is_encoded=is_encoded)

    assert (got.status, got.headers["content-type"]) == (200, "image/webp")
    assert served.object("w32.webp", key=key)["Body"].read() == got.body


@pytest.mark.parametrize("key", ["k" * 1003 + ".jpg", "x/manifest.json", "9c/a.jpg/w32.webp"])
def test_keys_at_the_limit_or_like_our_own_are_served(served: RendererWorld, key: str) -> None:
    served.publish(images.jpeg((40, 30)), key=key)

    got = served.ask("w32.webp", key=key)

    assert got.status == 200
    assert served.object("w32.webp", key=key)["Body"].read() == got.body


@pytest.mark.parametrize("part", ["", "bytes=0-1", "bytes=99999999-"])
def test_ranges_and_dates_get_the_whole_object(served: RendererWorld, part: str) -> None:
    served.publish(PICTURE)
    later = "Tue, 01 Jan 2999 00:00:00 GMT"

    made, found = (served.ask("w128.webp", range=part, if_modified_since=later) for _ in range(2))

    assert (made.status, found.status) == (200, 200)
    assert served.object("w128.webp")["Body"].read() == made.body == found.body


@pytest.mark.parametrize(
    "query",
    ["v=a&v=b", "v", "&&", "v=%ff", "v=%0d%0aset-cookie:a", "w=NaN&w=-1", "v=" + "0" * 5000],
)
def test_no_query_gets_more_than_a_browsers_minute(served: RendererWorld, query: str) -> None:
    served.publish(PICTURE)

    got = served.ask_path(f"/{stored_key(KEY, 'w128.webp')}", query=query)

    assert (got.status, got.headers["cache-control"]) == (200, "public, max-age=60, s-maxage=60")


@pytest.mark.parametrize("event", [None, 7, {}, {"rawPath": "/a"}, {"requestContext": {}}])
def test_the_handler_answers_whatever_it_is_given(served: RendererWorld, event: object) -> None:
    answer = respond(event, LambdaContext(), lambda: served.context)

    assert answer["statusCode"] == 404
