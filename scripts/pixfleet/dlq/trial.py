"""This version's engine with a stack's own recipes and limits, which writes nothing."""

from dataclasses import dataclass, field

from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.model.errors import Failure, Outside
from shared.model.focal import read_focal
from shared.model.intake import refuse_unfit
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Source
from shared.model.state import recipe_for, unknown_recipe

# From HEAD to the last variant, with the time limit of the worker's inside it.
TRIAL_SECONDS = 300.0

MADE, REMOVED, IGNORED, FAILS, UNCLEAR = "made", "removed", "ignored", "fails", "unclear"


@dataclass(frozen=True, slots=True)
class Trial:
    """What would happen to one key: `made` of `variants` objects in all of `variant_bytes`,
    `removed` and `ignored` where there is no source or no recipe, `fails` with a cause, `unclear`
    where it could not be tried from here.
    """  # noqa: D205 - one sentence

    key: str
    would: str
    variants: int = 0
    variant_bytes: int = 0
    seconds: float = 0.0
    recipe: str = ""
    cause: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Engine:
    """Reads sources and renders them in a child, as the worker would."""

    objects: Objects
    recipes: RecipeSet
    renderer: TrialRenderer
    clock: Clock
    marks: Watermarks = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "marks", Watermarks(self.objects))

    def attempt(self, key: str) -> Trial:
        """Return what would happen to a key now; never raises a `Failure`."""
        try:
            source = self.objects.head(key)
            if source is None:
                return Trial(key, REMOVED)
            if self.recipes.matching(key) is None:
                return Trial(key, IGNORED)
            recipe = recipe_for(source, self.recipes)
            if recipe is None:
                raise unknown_recipe(source, self.recipes)
            return self._rendered(source, recipe)
        except Failure as failure:
            would = UNCLEAR if isinstance(failure, Outside) else FAILS
            return Trial(key, would, cause=failure.cause.value, detail=failure.detail)

    def _rendered(self, source: Source, recipe: Recipe) -> Trial:
        until = Deadline.after(TRIAL_SECONDS, self.clock)
        resolved = self.marks.resolve(recipe, until)
        refuse_unfit(source, recipe, self.renderer.limits)
        data = self.objects.fetch(source, until)
        began = self.clock.now()
        rendered = self.renderer.render(
            data,
            resolved,
            focal=read_focal(source.overrides.focal),
            wait_seconds=until.remaining_seconds(),
        )
        seconds = self.clock.now() - began
        size_bytes = sum(len(payload) for _, payload in rendered.files.values())
        return Trial(source.key, MADE, len(rendered.files), size_bytes, seconds, recipe.name)
