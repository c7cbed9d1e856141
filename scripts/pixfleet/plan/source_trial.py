"""Renders one source by the old and the new recipe and compares the files."""

from dataclasses import dataclass, field
from threading import Event

from scripts.pixfleet.plan.changes import Effect, RecipePair, RecipeSetChange
from scripts.pixfleet.plan.comparison import FileComparison, RenderResult, compare
from scripts.pixfleet.plan.similarity import ScorerPool
from scripts.pixfleet.plan.sources import LoadedSource, Sources
from scripts.pixfleet.trial_render import TrialRenderer
from shared.model.errors import Cause, Permanent, PoisonSuspect, SourceArchived, SourceChanged
from shared.model.focal import Focal, read_focal
from shared.model.keys import refuse_unsupported
from shared.model.recipe import Recipe

# How long a thread waits for a render child: longer than any image takes. In practice it does not
# wait, because there are as many render children as threads.
CHILD_SECONDS = 1_000.0


@dataclass(frozen=True, slots=True)
class TrialTools:
    """What every trial needs; without `scorers` there are no scores."""

    renderer: TrialRenderer
    scorers: ScorerPool | None = None
    stopped: Event = field(default_factory=Event)

    def stop(self) -> None:
        """Start no more renders, and kill the scorers."""
        self.stopped.set()
        if self.scorers:
            self.scorers.kill()


@dataclass(frozen=True, slots=True)
class SourceTrial:
    """One source, rendered by the old and the new recipe; `recipe` is the new one's name."""

    key: str
    effect: Effect
    recipe: str
    old_cpu_seconds: float = 0.0
    new_cpu_seconds: float = 0.0
    old_refused: Cause | None = None
    new_refused: Cause | None = None
    files: tuple[FileComparison, ...] = ()

    @property
    def is_refused(self) -> bool:
        """Return whether either recipe rejected the source."""
        return bool(self.old_refused or self.new_refused)

    @property
    def is_comparable(self) -> bool:
        """Return whether the source would be rendered and neither recipe rejected it."""
        return self.effect in {Effect.CHANGED, Effect.NEW} and not self.is_refused


def try_source(
    key: str, sources: Sources, recipe_sets: RecipeSetChange, tools: TrialTools, *, scores: bool
) -> SourceTrial:
    """Return what both recipes make of a source; nothing is stored.

    If the source itself cannot be rendered, the cause is in the result. Any other failure is
    raised.
    """
    name = _name(recipe_sets.pair(key))
    try:
        refuse_unsupported(key)
        loaded = sources.load(key, max_bytes=tools.renderer.limits.max_bytes)
        focal = read_focal(loaded.source.overrides.focal)
    except (Permanent, SourceArchived, SourceChanged) as refused:
        effect = recipe_sets.pair(key).effect
        return SourceTrial(key, effect, name, old_refused=refused.cause, new_refused=refused.cause)
    pair = recipe_sets.pair(key, loaded.source.overrides.recipe)
    if not pair.needs_render:
        return SourceTrial(key, pair.effect, _name(pair))
    renderer = _SourceRenderer(sources, loaded, focal, tools)
    old, new = renderer.render(pair.old), renderer.render(pair.new)
    scorers = tools.scorers if scores and max(old.frames, new.frames) == 1 else None
    return SourceTrial(
        key=key,
        effect=pair.effect,
        recipe=_name(pair),
        old_cpu_seconds=old.cpu_seconds,
        new_cpu_seconds=new.cpu_seconds,
        old_refused=old.refused,
        new_refused=new.refused,
        files=compare(pair, old, new, renderer.render, scorers),
    )


@dataclass(frozen=True, slots=True)
class _SourceRenderer:
    """Renders one loaded source by any recipe."""

    sources: Sources
    loaded: LoadedSource
    focal: Focal | None
    tools: TrialTools

    def render(self, recipe: Recipe | None) -> RenderResult:
        """Return what a recipe makes of the source, or the cause of its rejection.

        The result is empty for no recipe, and after `TrialTools.stop`.
        """
        if recipe is None or self.tools.stopped.is_set():
            return RenderResult()
        resolved = self.sources.resolve(recipe)
        try:
            rendered = self.tools.renderer.render(
                self.loaded.data, resolved, focal=self.focal, wait_seconds=CHILD_SECONDS
            )
        except (Permanent, PoisonSuspect) as failure:
            return RenderResult(refused=failure.cause)
        facts = rendered.done.facts
        return RenderResult(
            rendered.done.cpu_seconds, rendered.files, facts.frames, facts.has_alpha
        )


def _name(pair: RecipePair) -> str:
    recipe = pair.new or pair.old
    return recipe.name if recipe else ""
