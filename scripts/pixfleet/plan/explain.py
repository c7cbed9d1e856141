"""Explains for `pixfleet recipes explain` which recipe a source gets, why, and what is stored."""

from dataclasses import dataclass

from scripts.pixfleet.plan.recipe_choice import (
    MatchAttempt,
    StoredVariant,
    match_attempts,
    stored_variants,
)
from shared.model.errors import Failure, Misconfigured
from shared.model.geometry import Size
from shared.model.keys import manifest_key, refuse_unsupported
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Source


@dataclass(frozen=True, slots=True)
class ExplainedSource:
    """The source to explain; a source that does not exist has no ETag.

    `recipe` overrides the one that its metadata names. `size` is the source's, if known. `base` is
    the base URL of the variants, empty if there is none.
    """

    source: Source
    recipe: str | None = None
    size: Size | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class RecipeExplanation:
    """What happens to a source; `sentence` says it in words.

    `refused` is empty, or the cause with which its message becomes a dead letter.
    """

    key: str
    attempts: tuple[MatchAttempt, ...]
    recipe: Recipe | None
    sentence: str
    refused: str = ""
    stored: tuple[StoredVariant, ...] = ()
    manifest: str = ""
    size: Size | None = None

    def document(self) -> dict[str, object]:
        """Return the `--json` document."""
        return {
            "key": self.key,
            "tried": [
                {"recipe": each.recipe, "matched": not each.mismatch, "why_not": each.mismatch}
                for each in self.attempts
            ],
            "recipe": self.recipe.name if self.recipe else None,
            "fingerprint": self.recipe.fingerprint if self.recipe else None,
            "verdict": self.sentence,
            "refused": self.refused,
            "manifest": self.manifest or None,
            "variants": [_document(each) for each in self.stored],
        }


def explain(recipe_set: RecipeSet, explained: ExplainedSource) -> RecipeExplanation:
    """Return what happens to a source; `Misconfigured` if its `recipe` does not exist."""
    source, attempts = explained.source, match_attempts(recipe_set, explained.source.key)
    if explained.recipe is not None and recipe_set.named(explained.recipe) is None:
        known = ", ".join(each.name for each in recipe_set.recipes)
        raise Misconfigured(
            "Nothing was explained", [f"--recipe: expected one of {known}, got {explained.recipe}"]
        )
    matching = recipe_set.matching(source.key)
    override = explained.recipe or source.overrides.recipe
    recipe = recipe_set.named(override) if override else matching
    if matching is None:
        ignored = f", although recipe {override} is asked for" if override else ""
        sentence = f"No recipe matches, so nothing is made{ignored}."
        return _nothing(explained, attempts, sentence)
    if recipe is None:
        sentence = f"Its metadata asks for recipe {override}, which does not exist."
        return _nothing(explained, attempts, sentence, refused="unknown_recipe")
    reason = "asked for by name" if override else "the first that matches"
    try:
        return _made(explained, attempts, recipe, f"It gets {recipe.name}: {reason}.")
    except Failure as failure:
        return _nothing(explained, attempts, str(failure), refused=str(failure.cause))


def _made(
    explained: ExplainedSource, attempts: tuple[MatchAttempt, ...], recipe: Recipe, sentence: str
) -> RecipeExplanation:
    source = explained.source
    refuse_unsupported(source.key)
    # The version depends on the watermark's ETag, which is not read here.
    has_known_version = source.etag and recipe.watermark is None
    stored = stored_variants(
        recipe,
        source,
        size=explained.size,
        base=explained.base,
        version=version_token(source, recipe) if has_known_version else "",
    )
    return RecipeExplanation(
        key=source.key,
        attempts=attempts,
        recipe=recipe,
        sentence=sentence,
        stored=stored,
        manifest=manifest_key(source.key),
        size=explained.size,
    )


def _nothing(
    explained: ExplainedSource,
    attempts: tuple[MatchAttempt, ...],
    sentence: str,
    *,
    refused: str = "",
) -> RecipeExplanation:
    return RecipeExplanation(explained.source.key, attempts, None, sentence, refused)


def _document(stored: StoredVariant) -> dict[str, object]:
    return {
        "name": stored.variant,
        "slot": stored.slot,
        "box": stored.box,
        "width": stored.size.width if stored.size else None,
        "height": stored.size.height if stored.size else None,
        "codec": stored.codec,
        "quality": stored.quality,
        "effort": stored.effort,
        "lazy": stored.is_lazy,
        "object_key": stored.object_key,
        "url": stored.url,
    }
