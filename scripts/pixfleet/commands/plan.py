"""`pixfleet plan`: what changed recipes would do, before anybody deploys them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.plan.inputs import Scene, scene_of_folder, scene_of_stack
from scripts.pixfleet.plan.report import Report
from scripts.pixfleet.plan.sample import LedgerReader, take_census
from scripts.pixfleet.plan.trials import rehearse, tools
from scripts.pixfleet.plan.view import shown
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING

if TYPE_CHECKING:
    from scripts.pixfleet.plan.trial import Trial

app = typer.Typer()

LISTED_BETWEEN_TELLING = 1_000


@dataclass(frozen=True, slots=True)
class Extent:
    """How much is looked at: keys at most, samples, and how many of those are scored."""

    prefix: str
    max_keys: int
    samples: int
    scored: int
    sources: int | None


@command(app, "plan")
def plan(  # noqa: PLR0913 - its options
    context: Context,
    file: Annotated[Path, typer.Argument(help="The changed recipes, in YAML.")],
    *,
    against: Annotated[
        Path | None, typer.Option(help="The recipes of now, in YAML; else those of the stack.")
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="A folder that stands for the sources; needs --against, and no stack."),
    ] = None,
    prefix: Annotated[str, typer.Option(help="Only sources whose keys begin so.")] = "",
    samples: Annotated[int, typer.Option(min=1, help="How many sources are rendered.")] = 20,
    scored: Annotated[
        int,
        typer.Option(min=0, help="How many of those are scored, which is slow."),
    ] = 5,
    max_keys: Annotated[
        int, typer.Option(min=1, help="How many keys are listed at most.")
    ] = 1_000_000,
    sources: Annotated[
        int | None, typer.Option(min=1, help="Reckon for so many sources, not for those found.")
    ] = None,
) -> None:
    """Try changed recipes on real sources, and reckon what they cost. Changes nothing."""
    if images:
        scene = scene_of_folder(file, against, images)
    else:
        scene = scene_of_stack(file, against, context.stack, context.clients)
    report = _report(scene, Extent(prefix, max_keys, samples, scored, sources), context.console)
    context.console.result(report.document(), *shown(report))
    if report.newly_refused:
        raise typer.Exit(code=FOUND_SOMETHING)


def _report(scene: Scene, extent: Extent, console: Console) -> Report:
    """Count, draw a sample, try it."""
    census = _census(scene, extent, console)
    trials = _rehearsed(scene, extent, census.sample, console) if census.sample else []
    total, is_counted = _total(scene, extent, census)
    return Report(
        changes=scene.recipe_sets.changes(),
        make_the_same=scene.recipe_sets.make_the_same(),
        census=census,
        total=total,
        is_counted=is_counted,
        trials=tuple(trials),
        machines=scene.machines,
    )


def _rehearsed(
    scene: Scene, extent: Extent, keys: Sequence[str], console: Console
) -> "Sequence[Trial]":
    with (
        tools(
            scene.limits, scene.render_seconds, sources=len(keys), scored=extent.scored
        ) as ready,
        console.progress("rendering", total=len(keys)) as meter,
    ):
        return rehearse(
            keys, scene.sources, scene.recipe_sets, ready, scored=extent.scored, tell=meter.advance
        )


def _census(scene: Scene, extent: Extent, console: Console) -> LedgerReader:
    with console.progress("listing sources") as meter:

        def tell(listed: int) -> None:
            if listed % LISTED_BETWEEN_TELLING == 0:
                meter.advance(LISTED_BETWEEN_TELLING)

        return take_census(
            scene.sources.listing(extent.prefix),
            lambda key: scene.recipe_sets.pair(key).kind,
            samples=extent.samples,
            most=extent.max_keys,
            tell=tell,
        )


def _total(scene: Scene, extent: Extent, census: LedgerReader) -> tuple[int, bool]:
    """Return how many sources there are, and whether that is more than a guess."""
    if extent.sources is not None:
        return extent.sources, True
    if census.is_whole:
        return census.listed, True
    found = None if extent.prefix else scene.count()
    return (found, True) if found and found >= census.listed else (census.listed, False)
