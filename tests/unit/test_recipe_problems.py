import pytest

from shared.model.errors import Misconfigured
from shared.model.recipe_reader import read_recipes
from tests.support.recipes import problems, recipe, recipe_document, variant

pytestmark = pytest.mark.unit

NAME_RULE = "expected a lower-case letter, then at most 31 lower-case letters, digits and dashes"
SIZE_RULE = "expected a whole number from 1 to 8192"
LAZY_RULE = "expected true, false, or a list of at least one of the variant's formats"
SLOT_RULE = "expected a list of at least one of avif, webp, fallback"


WRONG_DOCUMENTS: dict[str, tuple[object, str]] = {
    "no document": (
        None,
        "the document: expected a mapping with version and recipes, got nothing",
    ),
    "a list": ([], "the document: expected a mapping with version and recipes, got []"),
    "no version": (recipe_document(version=...), "version: expected 1, got nothing"),
    "a later version": (recipe_document(version=2), "version: expected 1, got 2"),
    "a text version": (recipe_document(version="1"), "version: expected 1, got '1'"),
    "a true version": (recipe_document(version=True), "version: expected 1, got True"),
    "no recipes": (
        recipe_document(recipes=...),
        "recipes: expected a list of at least one recipe, got nothing",
    ),
    "zero recipes": (
        recipe_document(recipes=[]),
        "recipes: expected a list of at least one recipe, got []",
    ),
    "one recipe instead of a list": (
        recipe_document(recipes=recipe(variants=...)),
        "recipes: expected a list of at least one recipe, got {'name': 'plain'}",
    ),
    "a string instead of a recipe": (
        recipe_document("plain"),
        "recipes[0]: expected a recipe: name, match, variants, …, got 'plain'",
    ),
    "too many variants": (
        recipe_document(
            recipe(variants=[variant(name=..., width=..., widths=list(range(1, 66)))])
        ),
        "recipes[0].variants: expected at most 64 variants, got 65",
    ),
    "two recipes of the same name": (
        recipe_document(recipe(), recipe()),
        "recipes: plain occurs more than once",
    ),
}


@pytest.mark.parametrize(("document", "problem"), WRONG_DOCUMENTS.values(), ids=WRONG_DOCUMENTS)
def test_a_wrong_document_has_one_problem(document: object, problem: str) -> None:
    assert problems(document) == [problem]


WRONG_RECIPES: list[tuple[dict[str, object], str]] = [
    ({"name": ...}, f"name: {NAME_RULE}, got nothing"),
    ({"name": None}, f"name: {NAME_RULE}, got nothing"),
    ({"name": ""}, f"name: {NAME_RULE}, got ''"),
    ({"name": "Plain"}, f"name: {NAME_RULE}, got 'Plain'"),
    ({"name": "a/b"}, f"name: {NAME_RULE}, got 'a/b'"),
    ({"name": "plain\n"}, f"name: {NAME_RULE}, got 'plain\\n'"),
    ({"name": "a" * 33}, f"name: {NAME_RULE}, got '{'a' * 33}'"),
    ({"name": 7}, f"name: {NAME_RULE}, got 7"),
    ({"match": "a/"}, "match: expected prefix, suffixes, got 'a/'"),
    ({"match": {"prefix": 1}}, "match.prefix: expected the beginning of a key, got 1"),
    (
        {"match": {"suffixes": ".jpg"}},
        "match.suffixes: expected a list of suffixes such as .jpg, got '.jpg'",
    ),
    (
        {"match": {"suffixes": [".a", ""]}},
        "match.suffixes[1]: expected a suffix such as .jpg, got ''",
    ),
    ({"quality": 80}, "quality: expected a mapping of encoder to number, got 80"),
    ({"quality": {"jpeg": 0}}, "quality.jpeg: expected a whole number from 1 to 100, got 0"),
    ({"quality": {"webp": 101}}, "quality.webp: expected a whole number from 1 to 100, got 101"),
    ({"quality": {"avif": "5"}}, "quality.avif: expected a whole number from 1 to 100, got '5'"),
    ({"quality": {"png": 9}}, "quality.png: unknown field; known are avif, jpeg, webp"),
    ({"effort": []}, "effort: expected a mapping of encoder to number, got []"),
    ({"effort": {"avif": 10}}, "effort.avif: expected a whole number from 0 to 9, got 10"),
    ({"effort": {"webp": 7}}, "effort.webp: expected a whole number from 0 to 6, got 7"),
    ({"effort": {"jpeg": 4}}, "effort.jpeg: expected a whole number from 0 to 3, got 4"),
    ({"effort": {"png": -1}}, "effort.png: expected a whole number from 0 to 9, got -1"),
    ({"effort": {"gif": 0}}, "effort.gif: expected a whole number from 1 to 10, got 0"),
    ({"variants": ...}, "variants: expected a list of at least one variant, got nothing"),
    ({"variants": []}, "variants: expected a list of at least one variant, got []"),
    ({"variants": 5}, "variants: expected a list of at least one variant, got 5"),
    ({"background": "white"}, "background: expected a colour such as \"#ffffff\", got 'white'"),
    ({"background": "#fff"}, "background: expected a colour such as \"#ffffff\", got '#fff'"),
    ({"animation": "play"}, "animation: expected one of keep, first-frame, got 'play'"),
    ({"animation": 7}, "animation: expected one of keep, first-frame, got 7"),
    (
        {"animation": {"mode": "play"}},
        "animation.mode: expected one of keep, first-frame, got 'play'",
    ),
    (
        {"animation": {"max_frames": 0}},
        "animation.max_frames: expected a whole number from 1 to 100000, got 0",
    ),
    (
        {"animation": {"max_pixels": "1e6"}},
        "animation.max_pixels: expected a whole number from 1 to 4294967296, got '1e6'",
    ),
    (
        {"animation": {"mode": "first-frame", "max_frames": 9}},
        "animation: mode first-frame takes neither max_frames nor max_pixels",
    ),
    (
        {"animation": {"frames": 9}},
        "animation.frames: unknown field; known are max_frames, max_pixels, mode",
    ),
    ({"placeholder": "yes"}, "placeholder: expected true or false, got 'yes'"),
    (
        {"metadata": "copyright"},
        "metadata: expected a list with any of copyright, creator, got 'copyright'",
    ),
    ({"metadata": ["gps"]}, "metadata[0]: expected one of copyright, creator, got 'gps'"),
    ({"purge": "all"}, "purge: expected replace, got 'all'"),
    ({"purge": True}, "purge: expected replace, got True"),
    (
        {"variants": [variant(lazy=True), variant(name="other", lazy=["webp"])]},
        "variants: expected at least one file that is not lazy",
    ),
    ({"watermark": "a.png"}, "watermark: expected key, position, scale, opacity, got 'a.png'"),
]


@pytest.mark.parametrize(("fields", "problem"), WRONG_RECIPES)
def test_a_wrong_recipe_field_is_named_by_its_path(
    fields: dict[str, object], problem: str
) -> None:
    found = problems(recipe_document(recipe(name="first"), recipe(**fields)))

    assert found == [f"recipes[1].{problem}"]


WRONG_VARIANTS: list[tuple[object, str]] = [
    ("w640", ": expected a variant: widths, or name with width and height, got 'w640'"),
    (variant(name=...), f".name: {NAME_RULE}, got nothing"),
    (variant(name="a.b"), f".name: {NAME_RULE}, got 'a.b'"),
    (variant(name="w640"), ".name: w and a number is reserved for rungs of a ladder"),
    (variant(width=0), f".width: {SIZE_RULE}, got 0"),
    (variant(width=8193), f".width: {SIZE_RULE}, got 8193"),
    (variant(width=True), f".width: {SIZE_RULE}, got True"),
    (variant(width=99.5), f".width: {SIZE_RULE}, got 99.5"),
    (variant(height="100"), f".height: {SIZE_RULE}, got '100'"),
    (variant(fit="crop", height=9), ".fit: expected one of inside, cover, contain, got 'crop'"),
    (variant(fit="cover"), ": fit cover needs both width and height"),
    (variant(fit="contain"), ": fit contain needs both width and height"),
    (
        variant(fit="cover", height=9, gravity="north"),
        ".gravity: expected one of centre, attention, entropy, focal, got 'north'",
    ),
    (variant(gravity="attention"), ".gravity: gravity needs fit cover: no other fit crops"),
    (variant(formats=...), f".formats: {SLOT_RULE}, got nothing"),
    (variant(formats=[]), f".formats: {SLOT_RULE}, got []"),
    (variant(formats="webp"), f".formats: {SLOT_RULE}, got 'webp'"),
    (
        variant(formats=["webp", "jpeg"]),
        (
            ".formats[1]: expected one of avif, webp, fallback, got 'jpeg': type fallback, "
            "which is JPEG, PNG or GIF, whichever the picture needs"
        ),
    ),
    (
        variant(quality={"jpeg": 101}),
        ".quality.jpeg: expected a whole number from 1 to 100, got 101",
    ),
    (
        variant(effort={"jpeg": True}),
        ".effort.jpeg: expected a whole number from 0 to 3, got True",
    ),
    (
        {"widths": [], "formats": ["webp"]},
        ".widths: expected a list of at least one width in pixels, got []",
    ),
    (
        {"widths": 640, "formats": ["webp"]},
        ".widths: expected a list of at least one width in pixels, got 640",
    ),
    ({"widths": [640, "960"], "formats": ["webp"]}, f".widths[1]: {SIZE_RULE}, got '960'"),
    ({"widths": [640, 640], "formats": ["webp"]}, ".widths: 640 occurs more than once"),
    (
        {"widths": [640], "height": 480, "formats": ["webp"]},
        ".height: unknown field; known are effort, formats, lazy, quality, widths",
    ),
    (variant(lazy="webp"), f".lazy: {LAZY_RULE}, got 'webp'"),
    (variant(lazy=1), f".lazy: {LAZY_RULE}, got 1"),
    (variant(lazy=[]), f".lazy: {LAZY_RULE}, got []"),
    (variant(lazy={"webp": True}), f".lazy: {LAZY_RULE}, got {{'webp': True}}"),
    (variant(lazy=["avif"]), ".lazy[0]: expected one of webp, got 'avif'"),
    (
        variant(formats=["fallback", "avif"], lazy=["avif", "jpeg"]),
        ".lazy[1]: expected one of avif, fallback, got 'jpeg'",
    ),
    (
        {"widths": [640], "formats": ["avif"], "lazy": [None]},
        ".lazy[0]: expected one of avif, got nothing",
    ),
    (variant(formats=[], lazy=["webp"]), f".formats: {SLOT_RULE}, got []"),
    (
        variant(name="other", formats=["avif", "webp"], lazy=["webp"]),
        ": other.webp is lazy in one entry only",
    ),
    (
        variant(name="other", width=200),
        ": other is defined above with other settings",
    ),
]


@pytest.mark.parametrize(("entry", "problem"), WRONG_VARIANTS)
def test_a_wrong_variant_field_is_named_by_its_path(entry: object, problem: str) -> None:
    found = problems(recipe_document(recipe(variants=[variant(name="other"), entry])))

    assert found == [f"recipes[0].variants[1]{problem}"]


def test_variants_without_a_name_are_not_merged() -> None:
    nameless = [variant(name=..., width=width) for width in (100, 200)]

    found = problems(recipe_document(recipe(variants=nameless)))

    assert found == [f"recipes[0].variants[{at}].name: {NAME_RULE}, got nothing" for at in (0, 1)]


def test_the_settings_of_a_wrong_watermark_are_named() -> None:
    at = "recipes[0].watermark"
    places = "top-left, top-right, bottom-left, bottom-right, centre"
    found = problems(
        recipe_document(
            recipe(watermark={"position": "left", "scale": 2, "opacity": "half", "size": 1})
        )
    )

    assert found == [
        f"{at}.key: expected the watermark's key in the sources bucket, got nothing",
        f"{at}.position: expected one of {places}, got 'left'",
        f"{at}.scale: expected a number from 0.01 to 1, got 2",
        f"{at}.opacity: expected a number from 0 to 1, got 'half'",
        f"{at}.size: unknown field; known are key, opacity, position, scale",
    ]


def test_three_mistakes_are_listed_at_once() -> None:
    document = recipe_document(
        recipe(name="Bad Name", variants=[variant(width=-5)]), recipe(animation="never")
    )

    with pytest.raises(Misconfigured) as caught:
        read_recipes(document, where="recipes.yaml")

    assert str(caught.value).splitlines() == [
        "recipes.yaml cannot be used:",
        f"  - recipes[0].name: {NAME_RULE}, got 'Bad Name'",
        f"  - recipes[0].variants[0].width: {SIZE_RULE}, got -5",
        "  - recipes[1].animation: expected one of keep, first-frame, got 'never'",
    ]


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"gravity": "center", "fit": "cover"}, "'center': type centre"),
        ({"gravity": "Attention", "fit": "cover"}, "'Attention': type attention"),
        ({"fit": "covers"}, "'covers': type cover"),
        ({"formats": ["jpeg"]}, "'jpeg': type fallback, which is JPEG, PNG or GIF"),
        ({"formats": ["PNG"]}, "'PNG': type fallback"),
        ({"formats": ["avi"]}, "'avi': type avif"),
    ],
)
def test_a_word_that_is_nearly_right_is_answered_with_the_word_to_type(
    fields: dict[str, object], word: str
) -> None:
    document = recipe_document(recipe(variants=[variant(width=8, height=8, **fields)]))

    assert any(word in each for each in problems(document)), problems(document)


def test_a_watermarks_position_is_answered_too() -> None:
    watermark = {"key": "logo.png", "position": "center"}

    (problem,) = problems(recipe_document(recipe(watermark=watermark)))

    assert problem.endswith("got 'center': type centre")


def test_a_word_that_is_like_none_has_no_advice() -> None:
    document = recipe_document(recipe(variants=[variant(formats=["heic"])]))

    assert not any("type" in each for each in problems(document))
