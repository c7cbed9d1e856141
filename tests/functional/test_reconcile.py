from collections.abc import Callable
from copy import deepcopy

import pytest

from shared.imaging.intake.sniff import sniff
from shared.model.errors import Cause, Failure
from shared.model.keys import manifest_key
from shared.model.outcome import Outcome
from tests.functional.conftest import RECIPES, SOURCES, TINY_NAMES, VARIANTS, World
from tests.support import images

pytestmark = pytest.mark.functional

FULL_SET = {*TINY_NAMES, "manifest.json"}


def test_an_arrival_stores_every_variant_and_then_the_ledger_agrees(world: World) -> None:
    world.drop("a/b c.jpg".replace(" ", "-"), images.jpeg())

    outcome = world.process("a/b-c.jpg")

    item = world.item("a/b-c.jpg")
    assert outcome is Outcome.MADE
    assert world.stored_names("a/b-c.jpg") == FULL_SET
    assert item["status"] == {"S": "published"}
    assert {each["S"] for each in item["variants"]["L"]} == TINY_NAMES
    assert item["version"]["S"] == world.manifest("a/b-c.jpg")["version"]
    assert not item.keys() & {"claim_token", "lease_until", "may_store", "cause"}


def test_the_metadata_of_a_variant_are_right(world: World) -> None:
    world.drop("a.jpg", images.jpeg())

    world.process("a.jpg")

    stored = world.stored()
    manifest = stored.pop(manifest_key("a.jpg"))
    assert manifest["ContentType"] == "application/json"
    assert len(stored) == 3
    for key, head in stored.items():
        body = world.clients.s3.get_object(Bucket=VARIANTS, Key=key)["Body"].read()
        assert head["ContentType"] == f"image/{sniff(body)}"
        assert head["CacheControl"] == (
            "public, max-age=31536000, immutable, s-maxage=300, stale-while-revalidate=60"
        )
        assert head["Metadata"]["pixfleet-source-etag"] == world.item("a.jpg")["etag"]["S"]


def test_a_second_delivery_of_the_same_source_renders_nothing(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.process("a.jpg")
    before = world.stored()

    outcome = world.process("a.jpg")

    after = world.stored()
    assert outcome is Outcome.CURRENT
    assert {key: head["LastModified"] for key, head in after.items()} == {
        key: head["LastModified"] for key, head in before.items()
    }


def test_a_replaced_source_replaces_its_variants(world: World) -> None:
    world.drop("a.jpg", images.jpeg(seed=1))
    world.process("a.jpg")
    before = world.manifest("a.jpg")
    world.drop("a.jpg", images.jpeg(seed=2))

    outcome = world.process("a.jpg")

    assert outcome is Outcome.MADE
    assert world.manifest("a.jpg")["source"]["etag"] != before["source"]["etag"]
    assert world.manifest("a.jpg")["version"] != before["version"]


def test_a_deleted_source_takes_its_variants_along(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.drop("other.jpg", images.jpeg())
    world.process("a.jpg")
    world.process("other.jpg")
    world.clients.s3.delete_object(Bucket=SOURCES, Key="a.jpg")

    outcome = world.process("a.jpg")

    assert outcome is Outcome.REMOVED
    assert world.stored_names("a.jpg") == set()
    assert world.stored_names("other.jpg") == FULL_SET
    assert world.item("a.jpg")["status"] == {"S": "removed"}
    assert "expires_at" in world.item("a.jpg")


def test_a_source_that_comes_back_is_published_again(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.process("a.jpg")
    world.clients.s3.delete_object(Bucket=SOURCES, Key="a.jpg")
    world.process("a.jpg")
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert outcome is Outcome.MADE
    assert world.stored_names("a.jpg") == FULL_SET
    assert "expires_at" not in world.item("a.jpg")


def test_a_source_replaced_by_junk_leaves_nothing_of_the_old_one(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.process("a.jpg")
    world.drop("a.jpg", b"not an image any more")

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.NOT_AN_IMAGE
    assert world.stored() == {}
    assert world.item("a.jpg")["status"] == {"S": "rejected"}


def test_a_rejected_source_that_is_mended_is_published(world: World) -> None:
    world.drop("a.jpg", images.truncated_jpeg())
    world.process("a.jpg")
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert outcome is Outcome.MADE
    assert "cause" not in world.item("a.jpg")


def test_a_changed_recipe_removes_what_it_no_longer_makes(
    make_world: Callable[..., World],
) -> None:
    first = make_world()
    first.drop("a.jpg", images.jpeg())
    first.process("a.jpg")
    changed = deepcopy(RECIPES)
    changed["recipes"][0]["variants"] = [{"widths": [32, 48], "formats": ["webp"]}]  # type: ignore[index] # JSON

    outcome = make_world(changed).process("a.jpg")

    assert outcome is Outcome.MADE
    assert first.stored_names("a.jpg") == {"w32.webp", "w48.webp", "manifest.json"}


def test_metadata_chooses_the_recipe(world: World) -> None:
    world.drop("a.jpg", images.jpeg(), {"recipe": "square"})

    world.process("a.jpg")

    assert world.manifest("a.jpg")["recipe"] == "square"
    assert world.stored_names("a.jpg") == {"sq.webp", "manifest.json"}


def test_metadata_that_asks_for_no_known_recipe_is_refused(world: World) -> None:
    world.drop("a.jpg", images.jpeg(), {"recipe": "no-such"})

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.UNKNOWN_RECIPE
    assert "tiny, square" in outcome.detail


def test_changed_metadata_alone_makes_it_again(world: World) -> None:
    data = images.jpeg()
    world.drop("a.jpg", data)
    world.process("a.jpg")
    world.drop("a.jpg", data, {"recipe": "square"})

    outcome = world.process("a.jpg")

    assert outcome is Outcome.MADE
    assert world.stored_names("a.jpg") == {"sq.webp", "manifest.json"}


def test_a_source_over_the_byte_limit_is_never_fetched(make_world: Callable[..., World]) -> None:
    world = make_world(PIXFLEET_MAX_BYTES="1000")
    world.drop("a.jpg", images.jpeg())

    outcome = world.process("a.jpg")

    assert isinstance(outcome, Failure)
    assert (outcome.cause, outcome.stage) == (Cause.TOO_MANY_BYTES, "head")


def test_our_own_variant_is_refused_as_a_source(world: World) -> None:
    world.drop("a.webp", images.webp(), {"pixfleet-source-etag": "abc"})

    outcome = world.process("a.webp")

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.OWN_OUTPUT


@pytest.mark.parametrize("key", ["a/../b.jpg", "./a.jpg", "k" * 1015])
def test_a_key_without_safe_variant_keys_is_refused(world: World, key: str) -> None:
    world.drop(key, images.jpeg())

    outcome = world.process(key)

    assert isinstance(outcome, Failure)
    assert outcome.cause is Cause.UNSUPPORTED_KEY


def test_an_empty_folder_made_in_the_console_is_ignored(world: World) -> None:
    world.drop("folder/", b"")

    outcome = world.process("folder/")

    assert outcome is Outcome.IGNORED
    assert world.item("folder/") == {}


def test_a_delete_of_what_was_never_published_ends_well(world: World) -> None:
    outcome = world.process("never.jpg")

    assert outcome is Outcome.ABSENT
    assert world.clients.s3.list_objects_v2(Bucket=VARIANTS)["KeyCount"] == 0


def test_a_key_that_no_recipe_takes_any_more_is_taken_down(
    make_world: Callable[..., World],
) -> None:
    first = make_world()
    first.drop("a.jpg", images.jpeg())
    first.process("a.jpg")
    narrowed = deepcopy(RECIPES)
    narrowed["recipes"][0]["match"] = {"prefix": "photos/"}  # type: ignore[index] # JSON
    second = make_world(narrowed)

    outcome = second.process("a.jpg")

    assert outcome is Outcome.REMOVED
    assert first.stored() == {}


def test_a_rejected_source_shows_its_own_facts(world: World) -> None:
    world.drop("a.jpg", images.jpeg())
    world.process("a.jpg")
    world.drop("a.jpg", b"not an image any more")

    world.process("a.jpg")

    item = world.item("a.jpg")
    head = world.clients.s3.head_object(Bucket=SOURCES, Key="a.jpg")
    assert item["etag"]["S"] == head["ETag"].strip('"')
    assert "version" not in item


def test_a_key_too_long_for_another_recipes_names_is_removed_all_the_same(
    make_world: Callable[..., World],
) -> None:
    recipes = deepcopy(RECIPES)
    recipes["recipes"][1]["variants"][0]["name"] = "a-name-longer-than-any-other"  # type: ignore[index] # JSON
    world, key = make_world(recipes), "k" * 1005
    world.drop(key, images.jpeg())
    assert world.process(key) is Outcome.MADE
    world.clients.s3.delete_object(Bucket=SOURCES, Key=key)

    outcome = world.process(key)

    assert outcome is Outcome.REMOVED
    assert world.stored() == {}


def test_deleting_a_source_whose_key_was_refused_ends_well(world: World) -> None:
    world.drop("k" * 1024, images.jpeg())
    world.process("k" * 1024)
    world.clients.s3.delete_object(Bucket=SOURCES, Key="k" * 1024)

    assert world.process("k" * 1024) is Outcome.REMOVED
