"""Renders one source by the old and the new recipe and compares the files."""

from dataclasses import dataclass, field, replace
from threading import Event

from scripts.pixfleet.plan.changes import RENDERED, TRIED, Effect, RecipePair, RecipeSetChange
from scripts.pixfleet.plan.comparison import FileComparison, Name, RenderResult, compare
from scripts.pixfleet.plan.lazy import LazyFile, LazyTrial
from scripts.pixfleet.plan.similarity import ScorerPool
from scripts.pixfleet.plan.sources import LoadedSource, Sources
from scripts.pixfleet.pricing.first_requests import shares_of_requests
from scripts.pixfleet.trial_render import Rendered, TrialRenderer
from shared.model.errors import (
    Cause,
    Permanent,
    PoisonSuspect,
    SourceArchived,
    SourceChanged,
)
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
    """One source, rendered by the old and the new recipe; `recipe` is the new one's name.

    `lazy` is about the new recipe's lazy files; None if it has none, or not for this source.
    """

    key: str
    effect: Effect
    recipe: str
    old_cpu_seconds: float = 0.0
    new_cpu_seconds: float = 0.0
    old_refused: Cause | None = None
    new_refused: Cause | None = None
    files: tuple[FileComparison, ...] = ()
    lazy: LazyTrial | None = None

    @property
    def is_refused(self) -> bool:
        """Return whether either recipe rejected the source."""
        return bool(self.old_refused or self.new_refused)

    @property
    def is_comparable(self) -> bool:
        """Return whether both recipes were tried on the source and neither rejected it."""
        return self.effect in TRIED and not self.is_refused

    @property
    def is_rendered(self) -> bool:
        """Return whether the source would be rendered and neither recipe rejects it."""
        return self.effect in RENDERED and not self.is_refused


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
    if pair.effect not in TRIED:
        return SourceTrial(key, pair.effect, _name(pair))
    renderer = _SourceRenderer(sources, loaded, focal, tools)
    old, new = renderer.at_upload(pair.old), renderer.at_upload(pair.new)
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
        lazy=renderer.first_requests(pair.new, new),
    )


@dataclass(frozen=True, slots=True)
class _SourceRenderer:
    """Renders one loaded source by any recipe; `known` holds the results by fingerprint."""

    sources: Sources
    loaded: LoadedSource
    focal: Focal | None
    tools: TrialTools
    known: dict[str, RenderResult] = field(default_factory=dict)

    def at_upload(self, recipe: Recipe | None) -> RenderResult:
        """Return every file of the source, and the CPU seconds of its upload.

        Nothing is lazy if the child says so: the source moves, or is too costly for a renderer.
        """
        if recipe is None or not recipe.lazy_names() or self.tools.stopped.is_set():
            return self.render(recipe)
        result = self.render(recipe.all_eager())
        if result.refused:
            return result
        upload = self._render(recipe)
        if upload.done.is_all_eager:
            return result
        alone = [(each.variants[0], each.slot) for each in upload.done.lazy if not each.copy_of]
        return replace(
            result,
            cpu_seconds=upload.done.cpu_seconds,
            files={**result.files, **upload.files},
            lazy={name: name in alone for name in recipe.lazy_names()},
        )

    def first_requests(self, recipe: Recipe | None, result: RenderResult) -> LazyTrial | None:
        """Return what the first requests take; None if nothing of the source is lazy."""
        if recipe is None or not result.lazy or self.tools.stopped.is_set():
            return None
        shares = shares_of_requests(recipe)
        return LazyTrial(
            all_files=len(result.files),
            all_cpu_seconds=self.render(recipe.all_eager()).cpu_seconds,
            upload_cpu_seconds=result.cpu_seconds,
            files=tuple(
                LazyFile(
                    *name,
                    size_bytes=len(result.files[name][1]),
                    cpu_seconds=self._of_first_request(recipe, name) if is_rendered else 0,
                    share=shares[name],
                )
                for name, is_rendered in result.lazy.items()
            ),
        )

    def render(self, recipe: Recipe | None) -> RenderResult:
        """Return what a recipe makes of the source, or the cause of its rejection.

        The result is empty for no recipe, and after `TrialTools.stop`.
        """
        if recipe is None or self.tools.stopped.is_set():
            return RenderResult()
        if recipe.fingerprint not in self.known:
            self.known[recipe.fingerprint] = self._rendered(recipe)
        return self.known[recipe.fingerprint]

    def _rendered(self, recipe: Recipe) -> RenderResult:
        try:
            rendered = self._render(recipe)
        except (Permanent, PoisonSuspect) as failure:
            return RenderResult(refused=failure.cause)
        facts = rendered.done.facts
        return RenderResult(
            rendered.done.cpu_seconds, rendered.files, facts.frames, facts.has_alpha
        )

    def _of_first_request(self, recipe: Recipe, name: Name) -> float:
        """Return the CPU seconds in which a render child makes one file."""
        return self._render(recipe, only=name).done.cpu_seconds

    def _render(self, recipe: Recipe, *, only: Name | None = None) -> Rendered:
        return self.tools.renderer.render(
            self.loaded.data,
            self.sources.resolve(recipe),
            focal=self.focal,
            wait_seconds=CHILD_SECONDS,
            only=only,
        )


def _name(pair: RecipePair) -> str:
    recipe = pair.new or pair.old
    return recipe.name if recipe else ""
