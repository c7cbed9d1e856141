"""The edge inside MiniStack, through the port that a browser opens."""

from collections.abc import Iterator
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from scripts.local.edge.invalidation import SECONDS_IN_PROGRESS
from scripts.local.edge.server import listen
from scripts.local.instance import Instance
from tests.e2e.edge_stack import PERMISSIONS, EdgeStack

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def stack(endpoint_url: str) -> EdgeStack:
    return EdgeStack(Instance(urlsplit(endpoint_url).port or 0))


@pytest.fixture(scope="module")
def distribution(stack: EdgeStack) -> Iterator[SimpleNamespace]:
    made = stack.create()
    yield made
    stack.delete(made.id)


@pytest.fixture(scope="module")
def renderer(stack: EdgeStack, distribution: SimpleNamespace) -> None:
    """Let the distribution call the function, which it may not at first."""
    forbidden = stack.get("/before.jpg")
    stack.allow(PERMISSIONS[0], distribution.arn)
    stack.edge.advance(60)
    still = stack.get("/before.jpg")
    stack.allow(PERMISSIONS[1], distribution.arn)
    assert (forbidden.status, still.status) == (403, 403)


@pytest.mark.usefixtures("distribution")
def test_a_replaced_object_is_seen_when_its_lifetime_ends(stack: EdgeStack) -> None:
    stack.put("replaced.jpg", b"old")
    first, second = (stack.get("/replaced.jpg") for _ in range(2))
    stack.put("replaced.jpg", b"new")
    still = stack.get("/replaced.jpg")
    other_version = stack.get("/replaced.jpg?v=2")
    stack.edge.advance(120)
    replaced = stack.get("/replaced.jpg")

    assert [(each.x_cache, each.body) for each in (first, second, still)] == [
        ("Miss", b"old"),
        ("Hit", b"old"),
        ("Hit", b"old"),
    ]
    assert (other_version.x_cache, other_version.body) == ("Miss", b"new")
    assert replaced.body == b"new"


@pytest.mark.usefixtures("distribution")
def test_an_unchanged_object_is_refreshed_by_a_304_of_s3(stack: EdgeStack) -> None:
    stack.put("same.jpg", b"same")
    etag = stack.get("/same.jpg").headers["etag"]
    stack.edge.advance(60)
    refreshed = stack.get("/same.jpg")
    conditional = stack.get("/same.jpg", if_none_match=etag)
    head = stack.get("/same.jpg", method="HEAD")
    part = stack.get("/same.jpg", range="bytes=0-1")

    assert (refreshed.status, refreshed.x_cache, refreshed.body) == (200, "RefreshHit", b"same")
    assert (conditional.status, conditional.x_cache, conditional.body) == (304, "Hit", b"")
    assert (head.status, head.headers["content-length"], head.body) == (200, "4", b"")
    assert (part.status, part.headers["content-range"], part.body) == (206, "bytes 0-1/4", b"sa")


@pytest.mark.usefixtures("renderer")
def test_simultaneous_requests_for_a_missing_object_make_it_once(stack: EdgeStack) -> None:
    before = stack.edge.describe()["origin_requests"]
    answers = stack.get_at_once("/made.jpg", 12)

    assert {(each.status, each.body) for each in answers} == {(200, b"made /made.jpg")}
    assert sorted(each.x_cache for each in answers) == ["Hit"] * 11 + ["Miss"]
    assert stack.edge.describe()["origin_requests"] == before + 2


@pytest.mark.usefixtures("renderer")
def test_a_made_object_lives_as_long_as_the_function_says(stack: EdgeStack) -> None:
    stack.get("/stored-later.jpg")
    stack.put("stored-later.jpg", b"stored")
    stack.edge.advance(59)
    made = stack.get("/stored-later.jpg")
    stack.edge.advance(1)
    stored = stack.get("/stored-later.jpg")

    assert (made.x_cache, made.headers["age"]) == ("Hit", "59")
    assert (stored.x_cache, stored.body) == ("Miss", b"stored")


def test_an_invalidation_evicts_what_its_path_names(
    stack: EdgeStack, distribution: SimpleNamespace
) -> None:
    for key in ("purged.jpg", "kept.jpg"):
        stack.put(key, b"old")
        stack.get(f"/{key}")
        stack.put(key, b"new")

    created = stack.invalidate(distribution.id, "/purged*", reference="one")
    cloudfront = stack.client("cloudfront")
    asked = {"DistributionId": distribution.id, "Id": created}
    running = cloudfront.get_invalidation(**asked)["Invalidation"]["Status"]
    stack.edge.advance(SECONDS_IN_PROGRESS)
    completed = cloudfront.get_invalidation(**asked)["Invalidation"]["Status"]

    assert (running, completed) == ("InProgress", "Completed")
    assert (stack.get("/purged.jpg").body, stack.get("/kept.jpg").body) == (b"new", b"old")


def test_too_many_wildcards_are_refused(stack: EdgeStack, distribution: SimpleNamespace) -> None:
    paths = [f"/{number}/*" for number in range(16)]

    with pytest.raises(ClientError, match="TooManyInvalidationsInProgress"):
        stack.invalidate(distribution.id, *paths, reference="many")


def test_the_browsers_port_is_another_one_if_the_preferred_one_is_taken() -> None:
    with listen(0) as first:
        taken = first.getsockname()[1]
        with listen(taken) as second:
            assert second.getsockname()[1] != taken
