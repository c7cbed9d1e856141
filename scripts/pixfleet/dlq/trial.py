"""Processes a key as the worker would, with the stack's recipes and limits, and stores nothing."""

from dataclasses import dataclass, field
from enum import StrEnum
from importlib.util import find_spec

from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.model.errors import Failure, Outside, UnsupportedFormat
from shared.model.focal import read_focal
from shared.model.intake import refuse_unfit
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Source
from shared.model.state import recipe_for, unknown_recipe

# From HEAD to the last variant; the worker's time limit for a render is within it.
TRIAL_SECONDS = 300.0
# What the extra `heic` installs.
HEIC_PACKAGE = "pillow_heif"


class TrialOutcome(StrEnum):
    """What the worker would do; `unclear` after a failure that the source may not have caused."""

    MADE = "made"
    REMOVED = "removed"
    IGNORED = "ignored"
    FAILS = "fails"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class TrialResult:
    """What would happen to a key.

    `variants`, `variant_bytes` and `seconds` (of the render) are 0 unless variants would be made.
    """

    key: str
    outcome: TrialOutcome
    variants: int = 0
    variant_bytes: int = 0
    seconds: float = 0.0
    recipe: str = ""
    cause: str = ""
    detail: str = ""


def _is_of_worker_too(failure: Failure) -> bool:
    """Return whether the worker must fail, too: nothing on this computer is the reason.

    The worker's package may have the extra `heic` where this installation lacks it.
    """
    if isinstance(failure, UnsupportedFormat):
        return find_spec(HEIC_PACKAGE) is not None
    return not isinstance(failure, Outside)


@dataclass(frozen=True, slots=True)
class TrialProcessor:
    """Reads sources from S3 and renders them in a render child here."""

    objects: Objects
    recipes: RecipeSet
    renderer: TrialRenderer
    clock: Clock
    watermarks: Watermarks = field(default_factory=Watermarks)

    def process(self, key: str) -> TrialResult:
        """Return what would happen to a key now; never raises a `Failure`."""
        try:
            source = self.objects.head(key)
            if source is None:
                return TrialResult(key, TrialOutcome.REMOVED)
            if self.recipes.matching(key) is None:
                return TrialResult(key, TrialOutcome.IGNORED)
            recipe = recipe_for(source, self.recipes)
            if recipe is None:
                raise unknown_recipe(source, self.recipes)
            return self._render(source, recipe)
        except Failure as failure:
            outcome = TrialOutcome.FAILS if _is_of_worker_too(failure) else TrialOutcome.UNCLEAR
            return TrialResult(key, outcome, cause=failure.cause.value, detail=failure.detail)

    def _render(self, source: Source, recipe: Recipe) -> TrialResult:
        until = Deadline.after(TRIAL_SECONDS, self.clock)
        resolved = self.watermarks.resolve(recipe, self.objects)
        refuse_unfit(source, recipe, self.renderer.limits)
        data = self.objects.fetch(source, until)
        began = self.clock.now()
        rendered = self.renderer.render(
            data,
            resolved,
            focal=read_focal(source.overrides.focal),
            wait_seconds=until.remaining_seconds(),
        )
        return TrialResult(
            source.key,
            TrialOutcome.MADE,
            variants=len(rendered.files),
            variant_bytes=sum(len(payload) for _, payload in rendered.files.values()),
            seconds=self.clock.now() - began,
            recipe=recipe.name,
        )
