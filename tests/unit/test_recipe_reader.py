import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from shared.model.errors import Misconfigured
from shared.model.quality_and_effort import DEFAULT_QUALITY
from shared.model.recipe import (
    Animation,
    Caps,
    Fit,
    Gravity,
    Position,
    Recipe,
    RecipeSet,
    Slot,
    Watermark,
)
from shared.model.recipe_reader import read_recipes
from tests.support.recipes import problems, recipe, recipe_document, shipped, variant

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot

# Every field, with valid values.
FULL: dict[str, Any] = {  # a document of any form
    "version": 1,
    "recipes": [
        {
            "name": "full",
            "match": {"prefix": "photos/", "suffixes": [".JPG", ".png"]},
            "quality": {"avif": 50, "webp": 70, "jpeg": 75},
            "effort": {"avif": 3, "webp": 4, "jpeg": 2, "png": 7, "gif": 5},
            "variants": [
                {
                    "widths": [320, 640],
                    "formats": ["webp", "avif"],
                    "lazy": ["webp"],
                    "quality": {"webp": 60},
                },
                {"widths": [640], "formats": ["fallback"], "quality": {"webp": 60}},
                {
                    "name": "thumb",
                    "width": 300,
                    "height": 200,
                    "fit": "cover",
                    "gravity": "focal",
                    "formats": ["fallback"],
                    "lazy": False,
                    "quality": {"jpeg": 90},
                    "effort": {"jpeg": 0},
                },
            ],
            "background": "#FF8000",
            "animation": {"mode": "keep", "max_frames": 100, "max_pixels": 25_000_000},
            "watermark": {
                "key": "marks/logo.png",
                "position": "top-left",
                "scale": 0.25,
                "opacity": 0.5,
            },
            "metadata": ["creator", "copyright", "creator"],
            "placeholder": False,
            "purge": "replace",
        }
    ],
}


def only(document: object) -> Recipe:
    """Return the one recipe of a document."""
    (found,) = read_recipes(document).recipes
    return found


def test_every_field_is_read() -> None:
    read = only(FULL)

    assert read.name == "full"
    assert read.match.prefix == "photos/"
    assert read.match.suffixes == (".jpg", ".png")
    assert read.background == (255, 128, 0)
    assert (read.animation, read.caps) == (Animation.KEEP, Caps(100, 25_000_000))
    assert read.watermark == Watermark("marks/logo.png", Position.TOP_LEFT, 0.25, 0.5)
    assert read.metadata == ("copyright", "creator")
    assert not read.placeholder
    assert read.purges_replaced
    assert [each.name for each in read.variants] == ["w320", "w640", "thumb"]


def test_entries_of_one_variant_are_merged_best_slot_first() -> None:
    rung, shared_rung, _ = only(FULL).variants

    assert rung.slots == (AVIF, WEBP)
    assert shared_rung.slots == (AVIF, WEBP, FALLBACK)


def test_a_variant_has_its_own_box_and_encoders() -> None:
    rung, _, thumb = only(FULL).variants

    assert (thumb.width, thumb.height) == (300, 200)
    assert (thumb.fit, thumb.gravity) == (Fit.COVER, Gravity.FOCAL)
    assert thumb.quality == {"avif": 50, "webp": 70, "jpeg": 90}
    assert thumb.effort == {"avif": 3, "webp": 4, "jpeg": 0, "png": 7, "gif": 5}
    assert rung.quality == {"avif": 50, "webp": 60, "jpeg": 75}


def test_missing_fields_have_defaults() -> None:
    read = only(recipe_document(recipe(variants=[{"name": "full", "formats": ["avif"]}])))

    (full,) = read.variants
    assert (full.width, full.height, full.fit, full.gravity) == (None, None, "inside", "centre")
    assert (full.quality, full.effort) == (DEFAULT_QUALITY, {})
    assert (read.background, read.animation, read.placeholder) == (None, "keep", True)
    assert (read.watermark, read.metadata, read.caps) == (None, (), None)
    assert read.match.accepts("anything")
    assert (full.lazy, read.purges_replaced) == ((), False)


@pytest.mark.parametrize(
    ("lazy", "expected"),
    [
        (..., ()),
        (None, ()),
        (False, ()),
        (True, (AVIF, FALLBACK)),
        (["fallback"], (FALLBACK,)),
        (["fallback", "avif", "fallback"], (AVIF, FALLBACK)),
    ],
)
def test_lazy_is_all_formats_or_none_or_a_list(lazy: object, expected: tuple[Slot, ...]) -> None:
    small = variant(formats=["fallback", "avif"], lazy=lazy)

    _, read = only(recipe_document(recipe(variants=[variant(name="eager"), small]))).variants

    assert read.lazy == expected


def test_each_entry_of_a_variant_says_which_of_its_formats_are_lazy() -> None:
    widths = [320, 640]
    entries = [
        {"widths": widths, "formats": ["fallback"], "lazy": True},
        {"widths": widths[1:], "formats": ["webp", "avif"], "lazy": ["webp"]},
    ]

    read = only(recipe_document(recipe(variants=entries)))

    assert [each.lazy for each in read.variants] == [(FALLBACK,), (WEBP, FALLBACK)]
    assert read.eager_names() == (("w640", AVIF),)
    assert read.lazy_names() == (("w320", FALLBACK), ("w640", WEBP), ("w640", FALLBACK))


@pytest.mark.parametrize("first", [True, False])
def test_two_entries_may_not_disagree_about_a_format(*, first: bool) -> None:
    entries = [{"widths": [640], "formats": ["webp"], "lazy": lazy} for lazy in (first, not first)]

    found = problems(recipe_document(recipe(variants=[variant(), *entries])))

    assert found == ["recipes[0].variants[2]: w640.webp is lazy in one entry only"]


def test_a_watermark_needs_only_a_key() -> None:
    read = only(recipe_document(recipe(watermark={"key": "logo.png"})))

    assert read.watermark == Watermark("logo.png", Position.BOTTOM_RIGHT, scale=0.2, opacity=0.7)


@pytest.mark.parametrize(
    ("value", "mode", "caps"),
    [
        ("keep", Animation.KEEP, None),
        ("first-frame", Animation.FIRST_FRAME, None),
        ({}, Animation.KEEP, None),
        ({"mode": "first-frame"}, Animation.FIRST_FRAME, None),
        ({"max_frames": 1}, Animation.KEEP, Caps(max_frames=1)),
        ({"mode": "keep", "max_pixels": 9}, Animation.KEEP, Caps(max_pixels=9)),
    ],
)
def test_an_animation_is_a_word_or_a_mapping(
    value: object, mode: Animation, caps: Caps | None
) -> None:
    read = only(recipe_document(recipe(animation=value)))

    assert (read.animation, read.caps) == (mode, caps)


def test_null_means_the_default() -> None:
    fields = ("match", "quality", "effort", "background", "animation", "watermark", "metadata")
    nulls = recipe(**dict.fromkeys((*fields, "placeholder")))

    assert read_recipes(recipe_document(nulls)) == read_recipes(recipe_document(recipe()))


def test_the_json_form_reads_like_the_yaml_form() -> None:
    assert read_recipes(json.loads(json.dumps(shipped()))) == read_recipes(shipped())


def _mappings(value: object, path: str = "") -> list[tuple[str, dict[str, object]]]:
    """Return every mapping of a document with its path, itself first."""
    found: list[tuple[str, dict[str, object]]] = []
    if isinstance(value, dict):
        found.append((path, value))
        for name, inner in value.items():
            found += _mappings(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for at, item in enumerate(value):
            found += _mappings(item, f"{path}[{at}]")
    return found


PATHS = [path for path, _ in _mappings(FULL)]


@pytest.mark.parametrize("path", PATHS)
def test_a_misspelt_field_is_reported_at_every_level(path: str) -> None:
    for name in dict(_mappings(FULL))[path]:
        document = deepcopy(FULL)
        mapping = dict(_mappings(document))[path]
        mapping[f"{name}x"] = mapping.pop(name)

        found = problems(document)

        at = f"{path}.{name}x" if path else f"{name}x"
        assert any(each.startswith(f"{at}: unknown field; known are ") for each in found)


@given(path=st.sampled_from(PATHS), name=st.text(), value=st.none() | st.booleans() | st.text())
def test_no_unknown_field_is_ignored(path: str, name: str, value: object) -> None:
    document = deepcopy(FULL)
    mapping = dict(_mappings(document))[path]
    known = {field for _, each in _mappings(FULL) for field in each}
    assume(name not in known)
    mapping[name] = value

    (found,) = problems(document)

    assert found.startswith(f"{path}.{name}: unknown field" if path else f"{name}: unknown field")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_value_anywhere_is_read_or_refused(data: st.DataObject) -> None:
    document = deepcopy(FULL)
    mapping = dict(_mappings(document))[data.draw(st.sampled_from(PATHS))]
    mapping[data.draw(st.sampled_from(sorted(mapping)))] = data.draw(json_values)

    try:
        outcome: object = read_recipes(document)
    except Misconfigured as refusal:
        outcome = refusal.problems

    assert outcome
    assert isinstance(outcome, RecipeSet | tuple)


@pytest.mark.parametrize(
    ("suffix", "key", "accepted"),
    [
        (".JPG", "a.jPg", True),
        (".\xc9", "a.\xc9", True),
        (".\xc9", "a.\xe9", False),
        (".\xe9", "a.\xc9", False),
        ("i", "\u0130", False),
        ("k", "\u212a", False),
        ("\u03a3", "A\u03a3", True),
        ("\u03c3", "\u03a3", False),
    ],
)
def test_suffixes_match_any_case_of_a_to_z_only(suffix: str, key: str, *, accepted: bool) -> None:
    variants = [{"name": "full", "formats": ["webp"]}]
    entry = {"name": "a", "match": {"suffixes": [suffix]}, "variants": variants}

    (read,) = read_recipes({"version": 1, "recipes": [entry]}).recipes

    assert read.match.accepts(key) == accepted
