"""The whole stack as `make up` applies it, with function and distribution."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest

from scripts.local.edge_client import EdgeClient
from scripts.local.instance import Instance
from scripts.local.terraform_root import ROOT, TerraformRoot
from scripts.local.up import destroy
from scripts.pixfleet.doctor.finding import FindingStatus
from shared.model.keys import manifest_key, stored_folder, stored_key
from tests.e2e.api_steps import assert_a_picture_is_uploaded_through_the_api
from tests.e2e.applied_stack import applied_stack, local
from tests.e2e.on_demand import CHECKS, OnDemand
from tests.e2e.on_demand import sources as on_demand_sources
from tests.e2e.processes import free_port
from tests.e2e.waiting import wait_for
from tests.e2e.whole_stack import Served, WholeStack, path_of
from tests.support.images import jpeg, truncated_jpeg
from tests.support.urls_page import table

# It takes five minutes on two idle cores, and four times that on busy ones.
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

# Narrower than most rungs: those have its own width, and cost no encoding.
SIZE = (400, 300)
# Live, bulk, and what a key can be at its worst.
KEYS = (
    *(f"photos/{number}.jpg" for number in range(25)),
    *("bulk/0.jpg", "bulk/1.jpg", "bulk/2.jpg"),
    *("two words + 100 %.jpg", "café/#1?.jpg"),
)
BAD = {"photos/half.jpg": ("truncated", "live"), "bulk/text.jpg": ("not_an_image", "bulk")}
# What each says that it takes, what it is to get, and how wide: the fallback begins at 640.
BROWSERS = {
    "image/avif,image/webp,image/apng,*/*;q=0.8": ("image/avif", 320),
    "image/webp,*/*": ("image/webp", 320),
    "image/png,image/svg+xml,*/*;q=0.8": ("image/jpeg", 400),
}
RECIPES = ROOT / "recipes.yaml"
RUNGS = "widths: [320, 640, 960, 1280, 1920]"
RENDERED_SECONDS = 180.0
NOT_FOUND = 404
# For how long the edge keeps a manifest, and an object with the time in which it may be stale.
MANIFEST_SECONDS, OBJECT_SECONDS = 60, 300 + 60


@pytest.fixture
def instance() -> Instance:
    return Instance(free_port())


@pytest.fixture
def stack(instance: Instance) -> Iterator[WholeStack]:
    with applied_stack(instance) as applied:
        yield applied


def test_images_are_rendered_and_served_and_then_the_stack_is_destroyed(
    stack: WholeStack, instance: Instance, tmp_path: Path
) -> None:
    stack.drop({key: jpeg(SIZE, seed=at) for at, key in enumerate(KEYS)})
    stack.drop({"photos/half.jpg": truncated_jpeg(SIZE), "bulk/text.jpg": b"Dear reader,"})

    wait_for("every manifest", partial(stack.has_manifests, KEYS), seconds=RENDERED_SECONDS)
    wait_for("two dead letters", lambda: len(stack.dead_letters()) == len(BAD))
    assert_every_variant_is_stored_and_served(stack)
    assert_each_browser_has_its_format(stack)
    assert_a_replaced_picture_is_seen(stack)
    assert_a_deleted_picture_is_purged(stack)
    assert_its_urls_open_in_a_browser(stack)
    assert_scripts_of_other_origins_may_read_refusals(stack)
    assert_the_page_says_what_a_browser_gets(stack)
    assert_pictures_are_made_on_demand(stack)
    assert_a_picture_is_uploaded_through_the_api(stack, tmp_path)
    assert causes(stack) == BAD
    again = TerraformRoot(instance).plan()
    assert again.code == 0, again.output

    assert_changed_recipes_reach_the_edge(stack, tmp_path)

    destroy(TerraformRoot(instance))
    assert stack.left_over() == {}


def assert_every_variant_is_stored_and_served(stack: WholeStack) -> None:
    manifests = {key: stack.manifest(key)["variants"] for key in KEYS}
    # Lazy files have no bytes yet.
    promised = {
        stored_key(key, f"{each['name']}.{each['slot']}"): each["bytes"]
        for key, variants in manifests.items()
        for each in variants
        if each["bytes"] is not None
    }
    sizes = stack.stored_sizes()
    assert {key: sizes[key] for key in sizes if key in promised} == promised
    assert set(sizes) == {*promised, *map(manifest_key, KEYS)}

    variants = list(chain.from_iterable(manifests.values()))
    for each, served in zip(variants, stack.get([each["url"] for each in variants]), strict=True):
        assert served.content_type == each["type"], each
        assert served.seen() == (each["type"], each["width"]), each


def assert_a_replaced_picture_is_seen(stack: WholeStack) -> None:
    """Replace a source: its new URLs show it at once, the others when their time is over."""
    replaced, kept = KEYS[:2]
    edge = EdgeClient(stack.instance)
    unversioned = [f"{path_of(key)}?w=320" for key in (replaced, kept)]
    old, same = stack.get(unversioned)
    before = stack.manifest(replaced)
    stack.drop({replaced: jpeg(SIZE, seed=len(KEYS))})
    wait_for(
        "the new version",
        lambda: stack.stored_manifest(replaced)["version"] != before["version"],
        seconds=RENDERED_SECONDS,
    )

    edge.advance(MANIFEST_SECONDS)
    variants = stack.manifest(replaced)["variants"]
    # The first rung with a fallback, which the URL without a version gets, too.
    url = next(each["url"] for each in variants if each["slot"] == "fallback")
    first, second = stack.get([url, url])
    (still,) = stack.get(unversioned[:1])
    edge.advance(OBJECT_SECONDS)
    new, refreshed = stack.get(unversioned)

    assert (first.x_cache, second.x_cache) == ("Miss", "Hit")
    assert first.body == second.body == new.body
    assert old.body == still.body != new.body
    assert (refreshed.x_cache, refreshed.body) == ("RefreshHit", same.body)


def assert_a_deleted_picture_is_purged(stack: WholeStack) -> None:
    """Delete a source: the edge forgets it long before the time of the picture is over."""
    key = "photos/purged.jpg"
    stack.drop({key: jpeg(SIZE, seed=99)})
    wait_for("its manifest", partial(stack.has_manifests, [key]), seconds=RENDERED_SECONDS)
    path = f"{path_of(key)}?w=320"
    first, second = stack.get([path, path])
    assert (first.status, second.x_cache) == (200, "Hit")

    stack.client("s3").delete_object(Bucket=stack.names.sources_bucket, Key=key)

    gone = wait_for(
        "the purge",
        lambda: next((each for each in stack.get([path]) if each.status != first.status), None),
        seconds=RENDERED_SECONDS,
    )
    assert gone.status == NOT_FOUND
    assert not any(each.startswith(stored_folder(key)) for each in stack.stored_sizes())


def assert_scripts_of_other_origins_may_read_refusals(stack: WholeStack) -> None:
    """Ask for what the edge function refuses, and for what does not exist."""
    for path, status in (("/photos/0.jpg?w=wide", 400), ("/photos/none.jpg", 404)):
        (refused,) = stack.get([path], origin="https://www.example.org")
        assert refused.status == status
        assert refused.readable_by in ("*", "https://www.example.org")


def assert_the_page_says_what_a_browser_gets(stack: WholeStack) -> None:
    """Send every request of the table of states in docs/urls.md, with these keys in it."""
    ready, gone = KEYS[0], KEYS[1]
    stack.client("s3").delete_object(Bucket=stack.names.sources_bucket, Key=gone)
    wait_for("the deletion", lambda: not stack.has_manifests([gone]), seconds=RENDERED_SECONDS)
    EdgeClient(stack.instance).advance(OBJECT_SECONDS)
    version = stack.manifest(ready)["version"]
    keys = {
        "/cat.jpg": path_of(ready),
        "/gone.jpg": path_of(gone),
        "/broken.jpg": "/photos/half.jpg",
        "/new.jpg": "/photos/new.jpg",
    }

    differences = []
    for state, request, *expected in table("states"):
        if state == "just uploaded, not rendered yet":
            stack.drop({"photos/new.jpg": jpeg(SIZE, seed=len(KEYS) + 1)})
        path, _, query = request.replace("VERSION", version).partition("?")
        address = f"{keys.get(path, path)}?{query}"
        (served,) = stack.get([address], origin="https://www.example.org")
        found = [str(served.status), body_of(served), served.cache_control or "none"]
        if found != expected or not served.readable_by:
            differences.append((state, expected, found, served.readable_by))
    assert not differences


def assert_pictures_are_made_on_demand(stack: WholeStack) -> None:
    """Run the checks of `on_demand`, whose pictures are uploaded only now."""
    on_demand = OnDemand(stack, old=KEYS[2])
    sources = on_demand_sources()
    stack.drop(sources)
    on_demand.wait_until_published(*sources)
    for check in CHECKS:
        check(on_demand)


def body_of(served: Served) -> str:
    """Return what the page calls this body."""
    if not served.body:
        return "nothing"
    kinds = {"image": "picture", "application/json": "JSON", "application/xml": "XML"}
    kinds["text/plain; charset=utf-8"] = "text"
    kind = served.content_type
    return kinds.get(kind, kinds.get(kind.partition("/")[0], kind))


def assert_its_urls_open_in_a_browser(stack: WholeStack) -> None:
    """Open what `pixfleet urls` prints, with no header that a browser does not send."""
    words = [sys.executable, "-m", "scripts.pixfleet.cli", "urls", KEYS[-1], "--json"]
    printed = subprocess.run(
        words, capture_output=True, text=True, timeout=60, check=True, env=stack.environment()
    )

    variants = json.loads(printed.stdout)["variants"]
    opener = build_opener(ProxyHandler({}))
    with opener.open(variants[0]["url"], timeout=30) as answer:
        assert answer.headers["Content-Type"] == variants[0]["type"]


def assert_changed_recipes_reach_the_edge(stack: WholeStack, folder: Path) -> None:
    """Apply a recipe with one more rung; then break and mend the edge, as the doctor says."""
    recipes = folder / "recipes.yaml"
    text = RECIPES.read_text(encoding="utf-8")
    assert RUNGS in text
    recipes.write_text(text.replace(RUNGS, f"{RUNGS[:-1]}, 2222]"), encoding="utf-8")

    made = local("up", stack.instance, f"--recipes={recipes}")

    assert made.returncode == 0, made.stderr
    assert b'"w2222"' in stack.live_code()
    assert [each.status for each in stack.edge_findings()] == [FindingStatus.OK] * 2

    stack.change_development_code()

    assert [each.status for each in stack.edge_findings()].count(FindingStatus.WRONG) == 1

    mended = local("up", stack.instance, f"--recipes={recipes}")

    assert mended.returncode == 0, mended.stderr
    assert b'"w2222"' in stack.live_code()
    assert [each.status for each in stack.edge_findings()] == [FindingStatus.OK] * 2


def assert_each_browser_has_its_format(stack: WholeStack) -> None:
    paths = [f"{path_of(key)}?w=320" for key in KEYS]
    for accept, expected in BROWSERS.items():
        answers = list(stack.get(paths, accept=accept))
        assert {served.seen() for served in answers} == {expected}
        assert {served.content_type for served in answers} == {expected[0]}


def causes(stack: WholeStack) -> Mapping[str, tuple[str, str]]:
    """Return the cause and the lane of each dead letter, by the source's key."""
    found = {}
    for dead_letter in stack.dead_letters():
        attributes = dead_letter["MessageAttributes"]
        lane = attributes["source_queue"]["StringValue"].rpartition("-")[2]
        key = json.loads(dead_letter["Body"])["detail"]["object"]["key"]
        found[key] = (attributes["cause"]["StringValue"], lane)
    return found
