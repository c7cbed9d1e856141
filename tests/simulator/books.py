"""The recipes that simulated fleets are deployed with."""

from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from shared.model.recipe import Recipe, RecipeBook
from shared.model.recipe_reader import read_recipes


def _book(variants: list[dict[str, object]], prefix: str = "") -> RecipeBook:
    square = {"name": "sq", "width": 16, "height": 16, "fit": "cover", "formats": ["webp"]}
    document = {
        "version": 1,
        "recipes": [
            {"name": "tiny", "match": {"prefix": prefix}, "variants": variants},
            {"name": "square", "match": {"prefix": "never-by-key/"}, "variants": [square]},
        ],
    }
    return read_recipes(document)


BOOKS = (
    _book([{"widths": [32], "formats": ["webp"]}, {"widths": [64], "formats": ["fallback"]}]),
    _book([{"widths": [32, 48], "formats": ["webp"]}]),
    _book([{"widths": [64], "formats": ["fallback"]}], prefix="a"),
)
# Of more variants than a schedule has time for.
LARGE_BOOK = _book([{"widths": [32, 48, 64], "formats": ["avif", "fallback"]}])

# A fingerprint takes longer than the rest of a call, and a schedule asks for hundreds.
_FINGERPRINTS = {
    id(recipe.variants): recipe.fingerprint
    for book in (*BOOKS, LARGE_BOOK)
    for recipe in book.recipes
}


@contextmanager
def remembered_fingerprints() -> Iterator[None]:
    """Let the simulated recipes know their fingerprints by heart."""
    known = property(lambda recipe: _FINGERPRINTS[id(recipe.variants)])
    with patch.object(Recipe, "fingerprint", known):
        yield
