"""Answers `pixfleet recipes explain`: which recipe a source gets, why, and what is stored."""

from dataclasses import dataclass

from scripts.pixfleet.plan.recipe_choice import StoredVariant, Trial, stored_variants, trials
from shared.model.errors import Failure, Misconfigured
from shared.model.geometry import Size
from shared.model.keys import manifest_key, refuse_unsupported
from shared.model.manifest import version_token
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Source


@dataclass(frozen=True, slots=True)
class Question:
    """A source, if only in thought: then without an ETag. `recipe` overrules what it asks for.

    `size` is the source's; `base` is where variants are served, empty if that is not known.
    """

    source: Source
    recipe: str | None = None
    size: Size | None = None
    base: str = ""


@dataclass(frozen=True, slots=True)
class Explanation:
    """What becomes of a source; `refused` says that its message would become a dead letter."""

    key: str
    trials: tuple[Trial, ...]
    recipe: Recipe | None
    verdict: str
    refused: str = ""
    stored: tuple[StoredVariant, ...] = ()
    manifest: str = ""
    size: Size | None = None

    def document(self) -> dict[str, object]:
        """Return what a program is told."""
        return {
            "key": self.key,
            "tried": [
                {"recipe": each.recipe, "matched": not each.refused, "why_not": each.refused}
                for each in self.trials
            ],
            "recipe": self.recipe.name if self.recipe else None,
            "fingerprint": self.recipe.fingerprint if self.recipe else None,
            "verdict": self.verdict,
            "refused": self.refused,
            "manifest": self.manifest or None,
            "variants": [_document(each) for each in self.stored],
        }


def explain(recipe_set: RecipeSet, question: Question) -> Explanation:
    """Return what becomes of a source; `Misconfigured` if the recipe asked for does not exist."""
    source, tried = question.source, trials(recipe_set, question.source.key)
    if question.recipe is not None and recipe_set.named(question.recipe) is None:
        known = ", ".join(each.name for each in recipe_set.recipes)
        raise Misconfigured(
            "Nothing was explained", [f"--recipe: expected one of {known}, got {question.recipe}"]
        )
    matching = recipe_set.matching(source.key)
    asked = question.recipe or source.overrides.recipe
    recipe = recipe_set.named(asked) if asked else matching
    if matching is None:
        asked_in_vain = f", although recipe {asked} is asked for" if asked else ""
        verdict = f"No recipe matches, so nothing is made{asked_in_vain}."
        return _nothing(question, tried, verdict)
    if recipe is None:
        verdict = f"Its metadata asks for recipe {asked}, which does not exist."
        return _nothing(question, tried, verdict, refused="unknown_recipe")
    reason = "asked for by name" if asked else "the first that matches"
    try:
        return _made(question, tried, recipe, f"It gets {recipe.name}: {reason}.")
    except Failure as failure:
        return _nothing(question, tried, str(failure), refused=str(failure.cause))


def _made(
    question: Question, tried: tuple[Trial, ...], recipe: Recipe, verdict: str
) -> Explanation:
    source = question.source
    refuse_unsupported(source.key)
    # A watermark is part of the version, and only the worker looks at it.
    is_dated = source.etag and recipe.watermark is None
    stored = stored_variants(
        recipe,
        source,
        size=question.size,
        base=question.base,
        version=version_token(source, recipe) if is_dated else "",
    )
    return Explanation(
        key=source.key,
        trials=tried,
        recipe=recipe,
        verdict=verdict,
        stored=stored,
        manifest=manifest_key(source.key),
        size=question.size,
    )


def _nothing(
    question: Question, tried: tuple[Trial, ...], verdict: str, *, refused: str = ""
) -> Explanation:
    return Explanation(question.source.key, tried, None, verdict, refused)


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
        "object_key": stored.object_key,
        "url": stored.url,
    }
