from dataclasses import replace

import pytest

from shared.model.recipe import (
    Fit,
    Gravity,
    Match,
    Recipe,
    RecipeSet,
    Slot,
    Variant,
    Watermark,
)
from shared.model.recipe_reader import read_recipes
from tests.support.recipes import recipe, recipe_document, shipped, variant

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot


@pytest.fixture
def recipes() -> RecipeSet:
    return read_recipes(shipped(), where="recipes.yaml")


def named(recipes: RecipeSet, name: str) -> Recipe:
    found = recipes.named(name)
    assert found is not None
    return found


def boxes(made: Recipe) -> dict[str, tuple[int | None, int | None, Fit]]:
    return {each.name: (each.width, each.height, each.fit) for each in made.variants}


def by_name(made: Recipe, name: str) -> Variant:
    return next(each for each in made.variants if each.name == name)


def test_the_default_is_five_rungs_and_a_thumbnail(recipes: RecipeSet) -> None:
    responsive = named(recipes, "responsive")

    assert responsive.stored_names() == (
        ("w320", AVIF),
        ("w320", WEBP),
        ("w640", AVIF),
        ("w640", WEBP),
        ("w640", FALLBACK),
        ("w960", AVIF),
        ("w960", WEBP),
        ("w1280", AVIF),
        ("w1280", WEBP),
        ("w1280", FALLBACK),
        ("w1920", AVIF),
        ("w1920", WEBP),
        ("thumb", AVIF),
        ("thumb", WEBP),
        ("thumb", FALLBACK),
    )
    assert boxes(responsive)["w960"] == (960, None, Fit.INSIDE)
    assert boxes(responsive)["thumb"] == (300, 300, Fit.COVER)
    assert by_name(responsive, "thumb").gravity is Gravity.FOCAL
    assert responsive.placeholder


def test_transcode_is_a_full_webp_a_square_and_a_box(recipes: RecipeSet) -> None:
    transcode = named(recipes, "transcode")

    assert boxes(transcode) == {
        "full": (None, None, Fit.INSIDE),
        "thumbnail": (300, 300, Fit.COVER),
        "medium": (800, 600, Fit.INSIDE),
    }
    assert transcode.stored_names() == (
        ("full", WEBP),
        ("thumbnail", FALLBACK),
        ("medium", FALLBACK),
    )
    assert by_name(transcode, "full").quality["webp"] == 80
    assert by_name(transcode, "thumbnail").quality["jpeg"] == 80
    assert by_name(transcode, "medium").quality["jpeg"] == 85


def test_compress_and_thumbnails_is_a_webp_and_three_boxes(recipes: RecipeSet) -> None:
    compress = named(recipes, "compress-and-thumbnails")

    assert boxes(compress) == {
        "compressed": (None, None, Fit.INSIDE),
        "small": (150, 150, Fit.INSIDE),
        "medium": (300, 300, Fit.INSIDE),
        "large": (600, 600, Fit.INSIDE),
    }
    assert by_name(compress, "compressed").quality["webp"] == 80
    assert {by_name(compress, name).quality["jpeg"] for name in ("small", "large")} == {85}


def test_the_default_makes_webp_at_the_first_request(recipes: RecipeSet) -> None:
    responsive = named(recipes, "responsive")

    assert {slot for _, slot in responsive.lazy_names()} == {WEBP}
    assert len(responsive.lazy_names()) == 6
    assert len(responsive.eager_names()) == 9


def test_an_archive_makes_the_files_of_the_default_and_at_upload_only_its_thumbnail(
    recipes: RecipeSet,
) -> None:
    archive, responsive = named(recipes, "archive"), named(recipes, "responsive")

    assert archive.eager_names() == (("thumb", AVIF), ("thumb", FALLBACK))
    assert archive.stored_names() == responsive.stored_names()
    # A source that changes from one to the other keeps the files that it has.
    assert archive.fingerprint == responsive.fingerprint


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("transcode/cat.jpg", "transcode"),
        ("archive/1998/cat.jpg", "archive"),
        ("compress/cat.jpg", "compress-and-thumbnails"),
        ("cat.jpg", "responsive"),
        ("photos/transcode/cat.jpg", "responsive"),
        ("Transcode/cat.jpg", "responsive"),
    ],
)
def test_the_first_recipe_that_accepts_a_key_is_used(
    recipes: RecipeSet, key: str, name: str
) -> None:
    found = recipes.matching(key)

    assert found is named(recipes, name)


@pytest.mark.parametrize("key", ["photos/", "transcode/", "/"])
def test_a_folder_of_the_console_matches_nothing(recipes: RecipeSet, key: str) -> None:
    assert recipes.matching(key) is None


def test_an_unknown_recipe_name_is_none(recipes: RecipeSet) -> None:
    assert recipes.named("nobody") is None


@pytest.mark.parametrize(
    ("key", "accepted"),
    [("a/cat.jpg", True), ("a/cat.JPG", True), ("a/cat.png", False), ("cat.jpg", False)],
)
def test_a_suffix_matches_in_any_letter_case(key: str, accepted: bool) -> None:  # noqa: FBT001
    entry = recipe(match={"prefix": "a/", "suffixes": [".Jpg"]})

    found = read_recipes(recipe_document(entry)).matching(key)

    assert (found is not None) == accepted


def test_the_fingerprint_changes_with_what_is_made() -> None:
    def fingerprint(**fields: object) -> str:
        return read_recipes(recipe_document(recipe(**fields))).recipes[0].fingerprint

    plain = fingerprint()
    others = [
        fingerprint(placeholder=False),
        fingerprint(background="#ffffff"),
        fingerprint(animation="first-frame"),
        fingerprint(animation={"max_frames": 9}),
        fingerprint(animation={"max_pixels": 9}),
        fingerprint(metadata=["creator"]),
        fingerprint(watermark={"key": "logo.png"}),
        fingerprint(watermark={"key": "logo.png", "opacity": 0.5}),
        fingerprint(quality={"webp": 50}),
        fingerprint(effort={"webp": 0}),
        fingerprint(variants=[variant(width=101)]),
        fingerprint(variants=[variant(height=100)]),
        fingerprint(variants=[variant(height=100, fit="contain")]),
        fingerprint(variants=[variant(name="other")]),
        fingerprint(variants=[variant(formats=["avif"])]),
    ]

    assert len({plain, *others}) == 1 + len(others)
    assert fingerprint(name="other", match={"prefix": "a/"}) == plain
    assert fingerprint(quality={"webp": 82}) == plain
    assert fingerprint(purge="replace") == plain


def test_another_watermark_under_the_same_key_is_another_fingerprint() -> None:
    plain = Recipe("any", (Variant("w640", (WEBP,), width=640),))

    watermarks = [Watermark("logo.png", etag=etag) for etag in ("", "5d41", "5d42")]

    assert len({replace(plain, watermark=watermark).fingerprint for watermark in watermarks}) == 3


def test_a_recipe_without_keys_makes_the_same_and_names_no_object() -> None:
    watermark = Watermark("secret/logo.png", scale=0.5, etag="5d41")
    full = Recipe("any", (Variant("w640", (WEBP,)),), Match("secret/"), watermark=watermark)

    bare = full.without_keys()

    assert "secret" not in repr(bare)
    assert bare == replace(full, match=Match(), watermark=Watermark("", scale=0.5))


def test_a_fingerprint_stays_the_same_from_release_to_release() -> None:
    figures = {"webp": 80}
    variant = Variant("w640", (WEBP,), width=640, quality=figures, effort=figures)

    fingerprint = Recipe("any", (variant,)).fingerprint

    # Another figure here means that every source in every bucket is rendered again.
    assert fingerprint == "53945e4d5ac784b1"


def test_a_stored_fingerprint_does_not_change_when_a_format_becomes_lazy_or_a_purge_is_asked_for(
    recipes: RecipeSet,
) -> None:
    figures = {"webp": 80}
    rung = Variant("w640", (WEBP,), width=640, quality=figures, effort=figures, lazy=(WEBP,))
    lazy = Recipe("any", (rung,), purges_replaced=True)

    assert lazy.fingerprint == lazy.all_eager().fingerprint == "53945e4d5ac784b1"
    assert named(recipes, "responsive").fingerprint == "d06ff15b3ac30df0"


def test_the_names_of_a_recipe_are_eager_or_lazy() -> None:
    variants = (Variant("a", (AVIF, WEBP, FALLBACK), lazy=(WEBP,)), Variant("b", (AVIF,)))
    mixed = Recipe("any", (*variants, Variant("c", (AVIF, WEBP), lazy=(AVIF, WEBP))))

    assert mixed.eager_names() == (("a", AVIF), ("a", FALLBACK), ("b", AVIF))
    assert mixed.lazy_names() == (("a", WEBP), ("c", AVIF), ("c", WEBP))
    assert {*mixed.stored_names()} == {*mixed.eager_names(), *mixed.lazy_names()}


def test_without_a_renderer_everything_is_eager() -> None:
    rung = Variant("w640", (AVIF, WEBP), lazy=(WEBP,))
    mixed = Recipe("any", (rung,), purges_replaced=True)

    all_eager = RecipeSet((mixed,)).all_eager()

    assert all_eager == RecipeSet((replace(mixed, variants=(replace(rung, lazy=()),)),))
    assert all_eager.recipes[0].eager_names() == mixed.stored_names()
    assert all_eager.object_names() == RecipeSet((mixed,)).object_names()
