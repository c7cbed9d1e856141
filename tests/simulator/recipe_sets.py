"""The recipes that simulated fleets are deployed with."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from shared.model.recipe import Recipe, RecipeSet, Slot
from shared.model.recipe_reader import read_recipes


def _recipe_set(variants: list[dict[str, object]], prefix: str = "") -> RecipeSet:
    square = {"name": "sq", "width": 16, "height": 16, "fit": "cover", "formats": ["webp"]}
    document = {
        "version": 1,
        "recipes": [
            {"name": "tiny", "match": {"prefix": prefix}, "variants": variants},
            {"name": "square", "match": {"prefix": "never-by-key/"}, "variants": [square]},
        ],
    }
    return read_recipes(document)


RECIPE_SETS = (
    _recipe_set(
        [{"widths": [32], "formats": ["webp"]}, {"widths": [64], "formats": ["fallback"]}]
    ),
    _recipe_set([{"widths": [32, 48], "formats": ["webp"]}]),
    _recipe_set([{"widths": [64], "formats": ["fallback"]}], prefix="a"),
)
# What is lazy with one is eager with the next. The recipe `square` has nothing lazy.
ON_DEMAND_RECIPE_SETS = (
    _recipe_set([{"widths": [32, 48], "formats": ["avif", "webp", "fallback"], "lazy": ["webp"]}]),
    _recipe_set(
        [
            {"widths": [32, 48], "formats": ["avif", "webp"], "lazy": ["avif"]},
            {"widths": [64], "formats": ["webp"], "lazy": True},
        ]
    ),
    _recipe_set([{"widths": [64], "formats": ["avif", "fallback"]}], prefix="a"),
)
# It has more variants than a schedule has time for.
LARGE_RECIPE_SET = _recipe_set([{"widths": [32, 48, 64], "formats": ["avif", "fallback"]}])
# As many objects as the recipe that is shipped makes of a large photograph, and the manifest.
FULL_RECIPE_SET = _recipe_set(
    [{"widths": [32, 48, 64, 96, 128], "formats": ["avif", "webp", "fallback"]}]
)

# A fingerprint takes longer than the rest of a call, and a schedule needs hundreds.
_FINGERPRINTS = {
    id(recipe.variants): recipe.fingerprint
    for recipe_set in (*RECIPE_SETS, *ON_DEMAND_RECIPE_SETS, LARGE_RECIPE_SET, FULL_RECIPE_SET)
    for recipe in recipe_set.recipes
}
# Those of recipes of which everything is made at upload.
_MADE_AT_UPLOAD: dict[tuple[str, tuple[tuple[str, Slot], ...]], str] = {}
_COMPUTED = Recipe.__dict__["fingerprint"].fget


@contextmanager
def remembered_fingerprints() -> Iterator[None]:
    """Cache the fingerprints of the simulated recipes."""
    with patch.object(Recipe, "fingerprint", property(_fingerprint)):
        yield


def _fingerprint(recipe: Recipe) -> str:
    if known := _FINGERPRINTS.get(id(recipe.variants)):
        return known
    names = (recipe.name, recipe.stored_names())
    if names not in _MADE_AT_UPLOAD:
        _MADE_AT_UPLOAD[names] = _COMPUTED(recipe)
    return _MADE_AT_UPLOAD[names]
