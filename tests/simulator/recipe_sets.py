"""The recipes that simulated fleets are deployed with."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from shared.model.recipe import Recipe, RecipeSet
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
# It has more variants than a schedule has time for.
LARGE_RECIPE_SET = _recipe_set([{"widths": [32, 48, 64], "formats": ["avif", "fallback"]}])
# As many objects as the recipe that is shipped makes of a large photograph, and the manifest.
FULL_RECIPE_SET = _recipe_set(
    [{"widths": [32, 48, 64, 96, 128], "formats": ["avif", "webp", "fallback"]}]
)

# A fingerprint takes longer than the rest of a call, and a schedule needs hundreds.
_FINGERPRINTS = {
    id(recipe.variants): recipe.fingerprint
    for recipe_set in (*RECIPE_SETS, LARGE_RECIPE_SET, FULL_RECIPE_SET)
    for recipe in recipe_set.recipes
}


@contextmanager
def remembered_fingerprints() -> Iterator[None]:
    """Cache the fingerprints of the simulated recipes."""
    known = property(lambda recipe: _FINGERPRINTS[id(recipe.variants)])
    with patch.object(Recipe, "fingerprint", known):
        yield
