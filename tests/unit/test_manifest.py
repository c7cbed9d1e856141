import json
from dataclasses import replace
from typing import Any

import pytest

from shared.model.codec import Codec
from shared.model.manifest import (
    LazyVariant,
    Placeholder,
    SourceFacts,
    StoredVariant,
    UnreadableManifest,
    read_manifest,
    version_token,
    write_manifest,
)
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.reductions import SlotLimit, Still
from shared.model.source import Overrides, Source

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot
SOURCE = Source("photos/été 🐈.jpg", etag="5d41402abc4b2a76b9719d911017c592", size_bytes=4096)
RECIPE = Recipe(
    "responsive",
    (Variant("w320", (AVIF, WEBP), width=320), Variant("w640", (AVIF, FALLBACK), width=640)),
)
FACTS = SourceFacts(format="jpeg", width=1200, height=800, frames=1, has_alpha=False)
PICTURES = (
    StoredVariant("w640", FALLBACK, Codec.JPEG, 640, 427, 9000),
    StoredVariant("w320", WEBP, Codec.WEBP, 320, 213, 2000),
    # The smallest file for the AVIF slot may be a WebP.
    StoredVariant("w320", AVIF, Codec.WEBP, 320, 213, 2000),
    StoredVariant("w640", AVIF, Codec.AVIF, 640, 427, 5000),
)


def read(data: bytes) -> Any:  # noqa: ANN401 - JSON of any form
    return json.loads(data)


def test_a_manifest_describes_the_source_and_each_variant() -> None:
    made = read(write_manifest(SOURCE, RECIPE, FACTS, PICTURES[3:], None))

    version = version_token(SOURCE, RECIPE)
    path = "/photos/%C3%A9t%C3%A9%20%F0%9F%90%88.jpg"
    assert made == {
        "schema": 1,
        "version": version,
        "recipe": "responsive",
        "source": {
            "key": "photos/été 🐈.jpg",
            "etag": "5d41402abc4b2a76b9719d911017c592",
            "bytes": 4096,
            "format": "jpeg",
            "width": 1200,
            "height": 800,
            "frames": 1,
            "has_alpha": False,
        },
        "still": None,
        "placeholder": None,
        "variants": [
            {
                "name": "w640",
                "slot": "avif",
                "type": "image/avif",
                "width": 640,
                "height": 427,
                "bytes": 5000,
                "url": f"{path}?variant=w640&format=avif&v={version}",
            }
        ],
    }


def test_a_manifest_says_why_variants_stand_still_or_have_a_plainer_codec() -> None:
    limited = replace(PICTURES[2], limit=SlotLimit.MEMORY)
    variants = (limited, *PICTURES[:2], PICTURES[3])

    data = write_manifest(SOURCE, RECIPE, FACTS, variants, None, Still.FRAMES)

    document, found = read(data), read_manifest(data)
    assert (document["still"], document["variants"][0]["limit"]) == ("frames", "memory")
    assert "limit" not in document["variants"][1]
    assert found.still is Still.FRAMES
    assert [each.limit for each in found.variants] == [SlotLimit.MEMORY, None, None, None]


def test_words_of_a_later_version_are_read_as_unknown() -> None:
    later = changed("variants", 0, "limit", to="patience")

    assert read_manifest(changed("still", to="patience")).still is None
    assert read_manifest(later).variants[0].limit is None


def test_variants_are_in_the_recipes_order_best_slot_first() -> None:
    made = read(write_manifest(SOURCE, RECIPE, FACTS, PICTURES, None))

    found = [(each["name"], each["slot"]) for each in made["variants"]]
    assert found == [("w320", "avif"), ("w320", "webp"), ("w640", "avif"), ("w640", "fallback")]


LAZY = (
    LazyVariant("w640", AVIF, Codec.AVIF, 640, 427),
    LazyVariant("w320", WEBP, Codec.JPEG, 320, 213, SlotLimit.MEMORY),
)


def test_a_lazy_variant_is_listed_in_its_place_without_a_size() -> None:
    stored = (PICTURES[0], PICTURES[2])

    data = write_manifest(SOURCE, RECIPE, FACTS, stored, None, lazy=LAZY)

    webp, avif = read(data)["variants"][1:3]
    version = version_token(SOURCE, RECIPE)
    assert (webp["name"], webp["type"], webp["bytes"]) == ("w320", "image/jpeg", None)
    assert (webp["width"], webp["height"], webp["limit"]) == (320, 213, "memory")
    assert avif["url"].endswith(f"?variant=w640&format=avif&v={version}")
    assert (avif["bytes"], "limit" in avif) == (None, False)
    found = read_manifest(data).variants
    assert [each.bytes for each in found] == [2000, None, None, 9000]
    assert [each.is_lazy for each in found] == [False, True, True, False]


def test_a_manifest_does_not_depend_on_what_its_recipe_makes_lazily() -> None:
    lazy = replace(RECIPE, variants=tuple(replace(v, lazy=v.slots) for v in RECIPE.variants))

    assert write_manifest(SOURCE, lazy, FACTS, PICTURES, None) == write_manifest(
        SOURCE, RECIPE, FACTS, PICTURES, None
    )


def test_the_order_of_encoding_does_not_change_the_manifest() -> None:
    made = write_manifest(SOURCE, RECIPE, FACTS, PICTURES, None)

    assert write_manifest(SOURCE, RECIPE, FACTS, PICTURES[::-1], None) == made


def test_the_type_is_that_of_the_file_and_not_of_the_slot() -> None:
    made = read(write_manifest(SOURCE, RECIPE, FACTS, PICTURES, None))

    types = [each["type"] for each in made["variants"]]
    assert types == ["image/webp", "image/webp", "image/avif", "image/jpeg"]


def test_a_placeholder_is_a_data_uri_and_a_colour() -> None:
    placeholder = Placeholder("data:image/webp;base64,UklGRg==", "#a0b0c0")

    made = read(write_manifest(SOURCE, RECIPE, FACTS, PICTURES, placeholder))

    assert made["placeholder"] == {
        "data_uri": "data:image/webp;base64,UklGRg==",
        "colour": "#a0b0c0",
    }


def test_a_manifest_is_compact_utf_8() -> None:
    data = write_manifest(SOURCE, RECIPE, FACTS, (), None)

    assert "été 🐈".encode() in data
    assert b": " not in data
    assert b"\n" not in data


def test_the_version_changes_with_whatever_changes_the_variants(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = version_token(SOURCE, RECIPE)
    others = [
        version_token(replace(SOURCE, etag="other"), RECIPE),
        version_token(replace(SOURCE, overrides=Overrides(focal="0.2,0.3")), RECIPE),
        version_token(SOURCE, replace(RECIPE, placeholder=False)),
    ]
    monkeypatch.setattr("shared.model.manifest.ENGINE_VERSION", "next")
    others.append(version_token(SOURCE, RECIPE))

    assert len({before, *others}) == 1 + len(others)
    assert all(len(each) == 12 for each in (before, *others))


def test_the_version_does_not_change_with_the_sources_key_or_the_recipes_name() -> None:
    moved = replace(SOURCE, key="elsewhere.jpg", size_bytes=0)

    assert version_token(moved, replace(RECIPE, name="other")) == version_token(SOURCE, RECIPE)


def test_a_manifest_is_read_as_it_was_written() -> None:
    placeholder = Placeholder("data:image/webp;base64,UklGRg==", "#a0b0c0")

    found = read_manifest(write_manifest(SOURCE, RECIPE, FACTS, PICTURES, placeholder))

    assert (found.recipe, found.version) == ("responsive", version_token(SOURCE, RECIPE))
    assert (found.source.key, found.source.bytes) == (SOURCE.key, SOURCE.size_bytes)
    assert (found.source.width, found.source.height, found.source.has_alpha) == (1200, 800, False)
    assert found.placeholder == placeholder
    assert [each.label for each in found.variants] == [
        "w320.avif",
        "w320.webp",
        "w640.avif",
        "w640.fallback",
    ]
    assert (found.variants[0].slot, found.variants[0].type) == (AVIF, "image/webp")


def test_a_manifest_without_a_placeholder_is_read() -> None:
    found = read_manifest(write_manifest(SOURCE, RECIPE, FACTS, (), None))

    assert (found.placeholder, found.variants) == (None, ())


def changed(*path: str | int, to: object) -> bytes:
    """Return a manifest with one value of its JSON replaced."""
    placeholder = Placeholder("data:image/webp;base64,UklGRg==", "#a0b0c0")
    document = read(write_manifest(SOURCE, RECIPE, FACTS, PICTURES, placeholder))
    *folders, last = path
    place = document
    for name in folders:
        place = place[name]
    place[last] = to
    return json.dumps(document).encode()


NO_BYTES = {
    "name": "w640",
    "slot": "avif",
    "type": "image/avif",
    "width": 640,
    "height": 427,
    "url": "/a.jpg",
}


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\xff", "expected JSON"),
        (b"[]", "expected an object, got \\[\\]"),
        (b"{}", "expected str for recipe, got None"),
        (changed("source", to=[]), "expected dict for source"),
        (changed("source", "width", to=True), "expected int for width, got True"),
        (changed("variants", 0, to="w320"), "expected an object, got 'w320'"),
        (changed("variants", 0, "bytes", to="9"), "expected int for bytes, got '9'"),
        (changed("variants", 0, "bytes", to=False), "expected int for bytes, got False"),
        (changed("variants", 0, to=NO_BYTES), "expected int for bytes, got None"),
        (changed("variants", 0, "slot", to="jxl"), "expected a slot, got 'jxl'"),
        (changed("placeholder", "colour", to=None), "expected str for colour, got None"),
    ],
    ids=[
        *("bytes", "list", "empty", "source", "bool", "variant", "text size", "bool size"),
        *("no size", "slot", "placeholder"),
    ],
)
def test_other_json_is_not_a_manifest(data: bytes, problem: str) -> None:
    with pytest.raises(UnreadableManifest, match=problem):
        read_manifest(data)
