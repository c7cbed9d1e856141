"""Renders one source by two recipes, in a render child, and compares what comes out."""

from dataclasses import dataclass, field
from threading import Event

from scripts.pixfleet.plan.changes import Kind, Pair, RecipeSetChange
from scripts.pixfleet.plan.comparison import Compared, Made, compare
from scripts.pixfleet.plan.similarity import Judges
from scripts.pixfleet.plan.sources import Opened, Sources
from scripts.pixfleet.trial_render import TrialRenderer
from shared.model.errors import Cause, Permanent, PoisonSuspect, SourceArchived, SourceChanged
from shared.model.focal import Focal, read_focal
from shared.model.keys import refuse_unsupported
from shared.model.recipe import Recipe

# Longer than any image may take: as many sources are tried at once as there are children.
CHILD_SECONDS = 1_000.0


@dataclass(frozen=True, slots=True)
class Tools:
    """What every trial needs; without judges nothing is scored."""

    renderer: TrialRenderer
    judges: Judges | None = None
    stopped: Event = field(default_factory=Event)

    def stop(self) -> None:
        """Begin nothing more, and give no more scores: somebody has stopped us."""
        self.stopped.set()
        if self.judges:
            self.judges.kill()


@dataclass(frozen=True, slots=True)
class Trial:
    """One source, tried by the old and the new recipe; `recipe` is the new one's name."""

    key: str
    kind: Kind
    recipe: str
    old_cpu_seconds: float = 0.0
    new_cpu_seconds: float = 0.0
    old_refused: Cause | None = None
    new_refused: Cause | None = None
    compared: tuple[Compared, ...] = ()

    @property
    def is_comparable(self) -> bool:
        """Say whether the source would be made, and both sides came to an end."""
        is_made = self.kind in {Kind.CHANGED, Kind.NEW}
        return is_made and not (self.old_refused or self.new_refused)


def try_source(
    key: str, sources: Sources, recipe_sets: RecipeSetChange, tools: Tools, *, scores: bool
) -> Trial:
    """Return what both recipes make of a source; nothing is stored anywhere.

    An image's own failure is part of the answer; others are raised.
    """
    name = _name(recipe_sets.pair(key))
    try:
        refuse_unsupported(key)
        opened = sources.open(key, max_bytes=tools.renderer.limits.max_bytes)
        focal = read_focal(opened.source.overrides.focal)
    except (Permanent, SourceArchived, SourceChanged) as refused:
        kind = recipe_sets.pair(key).kind
        return Trial(key, kind, name, old_refused=refused.cause, new_refused=refused.cause)
    pair = recipe_sets.pair(key, opened.source.overrides.recipe)
    if not pair.is_made:
        return Trial(key, pair.kind, _name(pair))
    kitchen = Kitchen(sources, opened, focal, tools)
    old, new = kitchen.make(pair.old), kitchen.make(pair.new)
    judges = tools.judges if scores and max(old.frames, new.frames) == 1 else None
    return Trial(
        key=key,
        kind=pair.kind,
        recipe=_name(pair),
        old_cpu_seconds=old.cpu_seconds,
        new_cpu_seconds=new.cpu_seconds,
        old_refused=old.refused,
        new_refused=new.refused,
        compared=compare(pair, old, new, kitchen.make, judges),
    )


@dataclass(frozen=True, slots=True)
class Kitchen:
    """One source, and what it takes to render it."""

    sources: Sources
    opened: Opened
    focal: Focal | None
    tools: Tools

    def make(self, recipe: Recipe | None) -> Made:
        """Return what a recipe makes, or why the source is refused; no recipe makes nothing."""
        if recipe is None or self.tools.stopped.is_set():
            return Made()
        resolved = self.sources.resolve(recipe)
        try:
            rendered = self.tools.renderer.render(
                self.opened.data, resolved, focal=self.focal, wait_seconds=CHILD_SECONDS
            )
        except (Permanent, PoisonSuspect) as failure:
            return Made(refused=failure.cause)
        facts = rendered.done.facts
        return Made(rendered.done.cpu_seconds, rendered.files, facts.frames, facts.has_alpha)


def _name(pair: Pair) -> str:
    recipe = pair.new or pair.old
    return recipe.name if recipe else ""
