"""Tries a whole sample by two recipes, as many sources at once as there are CPUs."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

from scripts.pixfleet.plan.changes import RecipeSetChange
from scripts.pixfleet.plan.similarity import Judges
from scripts.pixfleet.plan.sources import Sources
from scripts.pixfleet.plan.trial import Tools, Trial, try_source
from scripts.pixfleet.trial_render import TrialRenderer
from shared.imaging.render_pool import RenderPool
from shared.model.limits import Limits

# A render child may need a gigabyte, and so may a judge.
MOST_AT_ONCE = 4


@contextmanager
def tools(limits: Limits, render_seconds: float, *, sources: int, scored: int) -> Iterator[Tools]:
    """Start render children and judges, and stop them at the end, however that comes."""
    at_once = min(MOST_AT_ONCE, os.cpu_count() or 1, sources)
    render_pool = RenderPool(at_once, limits)
    try:
        with Judges(min(at_once, scored)) if scored else nullcontext() as judges:
            yield Tools(TrialRenderer(render_pool, limits, render_seconds), judges)
    finally:
        render_pool.close()


def rehearse(
    keys: Sequence[str],
    sources: Sources,
    recipe_sets: RecipeSetChange,
    with_tools: Tools,
    *,
    scored: int,
    tell: Callable[[], None] = lambda: None,
) -> list[Trial]:
    """Return a trial of each key, the first `scored` of them with scores.

    What is no image's own fault is raised, and ends the rest.
    """

    def attempt(numbered: tuple[int, str]) -> Trial:
        at, key = numbered
        trial = try_source(key, sources, recipe_sets, with_tools, scores=at < scored)
        tell()
        return trial

    crew = ThreadPoolExecutor(with_tools.renderer.render_pool.size)
    try:
        return list(crew.map(attempt, enumerate(keys)))
    except BaseException:
        with_tools.stop()
        raise
    finally:
        crew.shutdown(wait=True, cancel_futures=True)
