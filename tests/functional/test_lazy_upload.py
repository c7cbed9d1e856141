"""What the worker stores at upload where a renderer makes the rest."""

import io
from collections.abc import Callable
from dataclasses import replace

import pytest
from PIL import Image, ImageDraw

from shared.cloud.items import to_item
from shared.cloud.serving_claims import ServingClaims
from shared.model.entry import Entry
from shared.model.manifest import read_manifest
from shared.model.outcome import Outcome
from tests.functional.conftest import TABLE, World, with_limits
from tests.support import images

pytestmark = pytest.mark.functional

RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "lazy",
            "variants": [
                {"widths": [80, 160, 320], "formats": ["avif", "webp"], "lazy": ["webp"]},
                {"widths": [160], "formats": ["fallback"]},
                {
                    "name": "thumb",
                    "width": 40,
                    "height": 40,
                    "fit": "cover",
                    "formats": ["webp", "fallback"],
                },
            ],
        }
    ],
}
AVIF = {"w80.avif", "w160.avif", "w320.avif"}
WEBP = {"w80.webp", "w160.webp", "w320.webp"}
ALWAYS = {"w160.fallback", "thumb.webp", "thumb.fallback"}
EAGER = AVIF | ALWAYS
ON_DEMAND = {"PIXFLEET_ON_DEMAND": "true", "PIXFLEET_SERVING_TABLE": "serving"}
WIDE, NARROW = (400, 300), (120, 90)

MakeWorld = Callable[..., World]


@pytest.fixture(name="world")
def _world(make_world: MakeWorld) -> World:
    """Return a stack with a renderer, for which no picture here is too costly."""
    return with_limits(make_world(RECIPES, **ON_DEMAND), on_demand_cpu_seconds=1e9)


def published(world: World, data: bytes, key: str = "a.jpg") -> Entry:
    """Put a source, let the worker process it, and return the ledger's entry."""
    world.drop(key, data)
    assert world.process(key) is Outcome.MADE
    return world.ledger.read(key)


def variants(world: World, key: str = "a.jpg") -> set[str]:
    return world.stored_names(key) - {"manifest.json"}


def listed(world: World, key: str = "a.jpg") -> dict[str, int | None]:
    """Return what the manifest lists: name to bytes, None for lazy files."""
    document = world.clients.s3.get_object(
        Bucket="variants", Key=next(each for each in world.stored() if "manifest" in each)
    )
    manifest = read_manifest(document["Body"].read())
    return {each.label: each.bytes for each in manifest.variants}


def test_lazy_names_are_not_stored_and_the_manifest_lists_them(world: World) -> None:
    entry = published(world, images.jpeg(WIDE))

    assert variants(world) == EAGER
    assert entry.stored == EAGER
    assert (entry.equal, entry.is_all_eager) == ({}, False)
    document = {
        f"{each['name']}.{each['slot']}": each for each in world.manifest("a.jpg")["variants"]
    }
    assert document.keys() == EAGER | WEBP
    for name in WEBP:
        width = int(name[1:].partition(".")[0])
        lazy = document[name]
        assert (lazy["bytes"], lazy["type"]) == (None, "image/webp")
        assert (lazy["width"], lazy["height"]) == (width, width * 3 // 4)
    assert all(document[name]["bytes"] for name in EAGER)


def test_a_second_delivery_of_a_source_with_lazy_names_renders_nothing(world: World) -> None:
    published(world, images.jpeg(WIDE))

    assert world.process("a.jpg") is Outcome.CURRENT


def test_of_equal_rungs_the_first_is_stored_and_the_ledger_has_the_copies(world: World) -> None:
    entry = published(world, images.jpeg(NARROW))

    assert variants(world) == {"w80.avif", "w160.avif", *ALWAYS}
    assert entry.equal == {"w320.avif": "w160.avif"}
    assert listed(world).keys() == {"w80.avif", "w160.avif", "w80.webp", "w160.webp", *ALWAYS}


def test_of_a_drawing_the_lazy_webp_is_a_copy_of_the_avif_slot(world: World) -> None:
    entry = published(world, drawing())

    assert variants(world) == EAGER
    assert entry.equal["w320.webp"] == "w320.avif"
    assert {*entry.equal.values()} <= entry.stored
    types = {
        f"{each['name']}.{each['slot']}": each["type"]
        for each in world.manifest("a.jpg")["variants"]
    }
    assert types["w320.avif"] == types["w320.webp"] == "image/webp"


def test_an_animation_is_stored_in_full_and_its_equal_rungs_are_copies(world: World) -> None:
    entry = published(world, images.animated_gif(NARROW))

    assert variants(world) == {"w80.avif", "w160.avif", "w80.webp", "w160.webp", *ALWAYS}
    assert entry.is_all_eager
    assert entry.equal == {"w320.avif": "w160.avif", "w320.webp": "w160.webp"}
    assert None not in listed(world).values()


@pytest.mark.parametrize(
    "limits",
    [{"on_demand_cpu_seconds": 0.0}, {"on_demand_memory_bytes": 1 << 20}],
    ids=["CPU", "memory"],
)
def test_what_the_renderer_could_not_make_is_stored_at_upload(
    make_world: MakeWorld, limits: dict[str, float]
) -> None:
    world = with_limits(make_world(RECIPES, **ON_DEMAND), **limits)

    entry = published(world, images.jpeg(WIDE))

    assert variants(world) == entry.stored == EAGER | WEBP
    assert entry.is_all_eager
    assert listed(world).keys() == EAGER | WEBP
    assert None not in listed(world).values()


def test_what_took_more_or_less_cpu_time_has_the_same_version(make_world: MakeWorld) -> None:
    source, versions = images.jpeg(WIDE), set()
    for cpu_seconds in (0.0, 1e9):
        world = with_limits(make_world(RECIPES, **ON_DEMAND), on_demand_cpu_seconds=cpu_seconds)
        world.clients.dynamodb.delete_item(TableName=TABLE, Key=to_item({"key": "a.jpg"}))
        versions.add(published(world, source).version)

    assert len(versions) == 1


def test_without_a_renderer_everything_is_stored(make_world: MakeWorld) -> None:
    world = make_world(RECIPES)
    world.context = replace(world.context, recipes=world.context.recipes.all_eager())
    world.consumer = type(world.consumer)(world.context)

    entry = published(world, images.jpeg(NARROW))

    assert variants(world) == entry.stored == EAGER | WEBP
    assert (entry.equal, entry.is_all_eager) == ({}, False)
    assert listed(world).keys() == EAGER | WEBP


def test_a_replaced_source_takes_the_lazy_files_of_the_former_with_it(world: World) -> None:
    """A renderer stored one lazy file and one copy; a late page must not get the old ones."""
    published(world, images.jpeg(NARROW))
    for name in ("w80.webp", "w320.avif"):
        entry = world.ledger.read("a.jpg")
        claim = ServingClaims(world.ledger).claim(
            "a.jpg", name, entry=entry, lease_seconds=60, records_name=True
        )
        folder = next(each for each in world.stored() if "manifest" in each).rpartition("/")[0]
        world.clients.s3.put_object(Bucket="variants", Key=f"{folder}/{name}", Body=b"old")
        ServingClaims(world.ledger).release(claim)
    assert {"w80.webp", "w320.avif"} <= variants(world)

    entry = published(world, images.jpeg(NARROW, seed=2))

    assert variants(world) == entry.stored == {"w80.avif", "w160.avif", *ALWAYS}
    assert entry.lazy == frozenset()


def test_a_picture_that_grows_or_shrinks_leaves_no_file_of_the_other_size(world: World) -> None:
    published(world, images.jpeg(WIDE))

    small = published(world, images.jpeg(NARROW, seed=2))
    assert variants(world) == small.stored == {"w80.avif", "w160.avif", *ALWAYS}

    large = published(world, images.jpeg(WIDE, seed=3))
    assert variants(world) == large.stored == EAGER
    assert large.equal == {}


def test_a_claim_may_store_every_name_that_could_be_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = []
    ledger = type(world.context.ledger)
    claim = ledger.claim

    def noting(*arguments: object, **options: object) -> object:
        claimed.append(claim(*arguments, **options))  # type: ignore[arg-type]
        return claimed[-1]

    monkeypatch.setattr(ledger, "claim", noting)

    published(world, images.jpeg(NARROW))

    (taken,) = claimed
    assert taken.may_exist == EAGER | WEBP


def drawing() -> bytes:
    """Return two flat rectangles, of which an exact file is the smallest."""
    picture, buffer = Image.new("RGB", (400, 300), "white"), io.BytesIO()
    draw = ImageDraw.Draw(picture)
    draw.rectangle((50, 50, 250, 200), fill="firebrick")
    draw.rectangle((125, 110, 350, 250), fill="navy")
    picture.save(buffer, "PNG")
    return buffer.getvalue()


SOURCES: dict[str, Callable[[], bytes]] = {
    "wide": lambda: images.jpeg(WIDE),
    "narrow": lambda: images.jpeg(NARROW),
    "animation": lambda: images.animated_gif(NARROW),
    "drawing": drawing,
}
every_source = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES.keys())


def without_renderer(make_world: MakeWorld) -> World:
    world = make_world(RECIPES)
    world.context = replace(world.context, recipes=world.context.recipes.all_eager())
    world.consumer = type(world.consumer)(world.context)
    return world


@every_source
def test_what_was_just_made_is_current(world: World, source: Callable[[], bytes]) -> None:
    published(world, source())

    assert world.process("a.jpg") is Outcome.CURRENT


@every_source
def test_what_was_made_without_a_renderer_stays_current_with_one(
    make_world: MakeWorld, world: World, source: Callable[[], bytes]
) -> None:
    """As every entry is that was made before there was one."""
    before = without_renderer(make_world)
    published(before, source())
    assert before.process("a.jpg") is Outcome.CURRENT

    assert world.process("a.jpg") is Outcome.CURRENT


@every_source
def test_what_a_renderer_would_make_is_made_again_without_one(
    make_world: MakeWorld, world: World, source: Callable[[], bytes]
) -> None:
    published(world, source())
    after = without_renderer(make_world)

    assert after.process("a.jpg") is Outcome.MADE
    assert variants(after) == EAGER | WEBP
    assert after.process("a.jpg") is Outcome.CURRENT
