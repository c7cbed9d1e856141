"""When a ledger entry and a source agree: which recipe is meant, and whether it was carried out.

Pure: the worker decides by it, and so do the commands that foresee what the worker will do.
"""

from shared.model.entry import REJECTED, Entry
from shared.model.errors import UnknownRecipe
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Source
from shared.model.versions import ENGINE_VERSION


def recipe_for(source: Source, recipes: RecipeSet) -> Recipe | None:
    """Return the recipe that the source's metadata asks for, or else the one its key matches.

    None for a key that no recipe matches, whatever its metadata: it is none of ours.
    """
    matching, asked = recipes.matching(source.key), source.overrides.recipe
    return recipes.named(asked) if matching and asked else matching


def unknown_recipe(source: Source, recipes: RecipeSet) -> UnknownRecipe:
    """Return why a key that is ours has no recipe: its metadata asks for one that there is not."""
    known = ", ".join(each.name for each in recipes.recipes)
    return UnknownRecipe(
        f"Expected one of {known}, got {source.overrides.recipe!r}.", stage="recipe"
    )


def shows(entry: Entry, identity: str, fingerprint: str) -> bool:
    """Say whether what is stored was made from the source of this identity, by this recipe."""
    shown = (entry.identity, entry.fingerprint, entry.engine)
    return entry.was_public and shown == (identity, fingerprint, ENGINE_VERSION)


def refuses(entry: Entry, source: Source, recipe: Recipe | None) -> bool:
    """Say whether this very source was found unfit, for this recipe."""
    fingerprint = recipe.fingerprint if recipe else ""
    refused = (entry.identity, entry.last_modified, entry.fingerprint, entry.engine)
    offered = (source.identity, source.last_modified, fingerprint, ENGINE_VERSION)
    return entry.status == REJECTED and refused == offered
