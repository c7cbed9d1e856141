"""`pixfleet plan`: what changed recipes would do, before they are deployed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.plan.inputs import PlanInputs, inputs_of_folder, inputs_of_stack
from scripts.pixfleet.plan.report import PlanReport
from scripts.pixfleet.plan.sample import Sample, draw_sample
from scripts.pixfleet.plan.sample_trial import trial_tools, try_sources
from scripts.pixfleet.plan.view import view
from scripts.pixfleet.pricing.first_requests import DEFAULT_REQUESTS
from scripts.pixfleet.stack.stack_recipes import NO_RENDERER
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING

if TYPE_CHECKING:
    from scripts.pixfleet.plan.source_trial import SourceTrial

app = typer.Typer()

PROGRESS_STEP = 1_000  # listed keys between two updates of the bar


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """How many keys are listed, rendered and scored; `sources` overrides the number of sources.

    `requests` are those that a source gets on average.
    """

    prefix: str
    max_keys: int
    samples: int
    scored: int
    sources: int | None
    requests: float


@command(app, "plan")
def plan(  # noqa: PLR0913 - its options
    context: Context,
    file: Annotated[Path, typer.Argument(help="The changed recipes, in YAML.")],
    *,
    against: Annotated[
        Path | None,
        typer.Option(help="The current recipes, in YAML; by default, those of the stack."),
    ] = None,
    images: Annotated[
        Path | None,
        typer.Option(help="A local folder of sources; needs --against, and no stack."),
    ] = None,
    prefix: Annotated[str, typer.Option(help="Only sources whose keys have this prefix.")] = "",
    samples: Annotated[int, typer.Option(min=1, help="How many sources are rendered.")] = 20,
    scored: Annotated[
        int,
        typer.Option(min=0, help="How many of those are scored by SSIMULACRA2, which is slow."),
    ] = 5,
    max_keys: Annotated[
        int, typer.Option(min=1, help="How many keys are listed at most.")
    ] = 1_000_000,
    sources: Annotated[
        int | None,
        typer.Option(min=1, help="Estimate for this number of sources, not for those found."),
    ] = None,
    requests: Annotated[
        float,
        typer.Option(
            min=0,
            help="How many requests a source gets on average: decides what lazy files save.",
        ),
    ] = DEFAULT_REQUESTS,
) -> None:
    """Try changed recipes on real sources and estimate what they cost. Changes nothing."""
    if images:
        inputs = inputs_of_folder(file, against, images)
    else:
        inputs = inputs_of_stack(file, against, context.stack, context.clients)
    options = PlanOptions(prefix, max_keys, samples, scored, sources, requests)
    report = _report(inputs, options, context.console)
    context.console.result(report.document(), *view(report))
    if inputs.lacks_renderer:
        context.console.note(NO_RENDERER)
    if report.newly_refused:
        raise typer.Exit(code=FOUND_SOMETHING)


def _report(inputs: PlanInputs, options: PlanOptions, console: Console) -> PlanReport:
    sample = _sample(inputs, options, console)
    trials = _trials(inputs, options, sample.keys, console) if sample.keys else []
    total, is_counted = _total(inputs, options, sample)
    return PlanReport(
        changes=inputs.recipe_sets.changes(),
        is_equivalent=inputs.recipe_sets.is_equivalent(),
        sample=sample,
        total=total,
        is_counted=is_counted,
        trials=tuple(trials),
        capacity=inputs.capacity,
        requests=options.requests,
    )


def _trials(
    inputs: PlanInputs, options: PlanOptions, keys: Sequence[str], console: Console
) -> "Sequence[SourceTrial]":
    with (
        trial_tools(
            inputs.limits, inputs.render_seconds, sources=len(keys), scored=options.scored
        ) as tools,
        console.progress("rendering", total=len(keys)) as meter,
    ):
        return try_sources(
            keys,
            inputs.sources,
            inputs.recipe_sets,
            tools,
            scored=options.scored,
            on_done=meter.advance,
        )


def _sample(inputs: PlanInputs, options: PlanOptions, console: Console) -> Sample:
    with console.progress("listing sources") as meter:

        def on_listed(listed: int) -> None:
            if listed % PROGRESS_STEP == 0:
                meter.advance(PROGRESS_STEP)

        return draw_sample(
            inputs.sources.listing(options.prefix),
            lambda key: inputs.recipe_sets.pair(key).effect,
            size=options.samples,
            max_keys=options.max_keys,
            on_listed=on_listed,
        )


def _total(inputs: PlanInputs, options: PlanOptions, sample: Sample) -> tuple[int, bool]:
    """Return the number of sources, and whether it is exact or a lower bound."""
    if options.sources is not None:
        return options.sources, True
    if sample.is_whole:
        return sample.listed, True
    count = None if options.prefix else inputs.count()
    return (count, True) if count and count >= sample.listed else (sample.listed, False)
