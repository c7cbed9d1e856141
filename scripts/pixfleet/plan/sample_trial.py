"""Renders the sources of a sample by two recipes, in one thread for each CPU."""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

from scripts.pixfleet.plan.changes import RecipeSetChange
from scripts.pixfleet.plan.similarity import ScorerPool
from scripts.pixfleet.plan.source_trial import SourceTrial, TrialTools, try_source
from scripts.pixfleet.plan.sources import Sources
from scripts.pixfleet.trial_render import TrialRenderer
from shared.imaging.render_pool import RenderPool
from shared.model.limits import Limits

# A render child may need a gigabyte of memory, and so may a scorer.
MAX_THREADS = 4


@contextmanager
def trial_tools(
    limits: Limits, render_seconds: float, *, sources: int, scored: int
) -> Iterator[TrialTools]:
    """Start render children and scorers, and stop them when the block ends."""
    threads = min(MAX_THREADS, os.cpu_count() or 1, sources)
    render_pool = RenderPool(threads, limits)
    try:
        with ScorerPool(min(threads, scored)) if scored else nullcontext() as scorers:
            yield TrialTools(TrialRenderer(render_pool, limits, render_seconds), scorers)
    finally:
        render_pool.close()


def try_sources(
    keys: Sequence[str],
    sources: Sources,
    recipe_sets: RecipeSetChange,
    tools: TrialTools,
    *,
    scored: int,
    on_done: Callable[[], None] = lambda: None,
) -> list[SourceTrial]:
    """Return a trial of each key, the first `scored` of them with scores.

    A rejected source has a trial, too. The first other failure, such as an AWS error, stops all
    trials and is raised.
    """

    def attempt(numbered: tuple[int, str]) -> SourceTrial:
        at, key = numbered
        trial = try_source(key, sources, recipe_sets, tools, scores=at < scored)
        on_done()
        return trial

    executor = ThreadPoolExecutor(tools.renderer.render_pool.size)
    try:
        return list(executor.map(attempt, enumerate(keys)))
    except BaseException:
        tools.stop()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)
