"""`pixfleet backfill`: many images at once, with an estimate before and a count after."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.backfill.build import Backfill
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.selection import Only
from scripts.pixfleet.backfill.view import Asked, notes, perform
from scripts.pixfleet.command import Context, command
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from shared.model.errors import Misconfigured

app = typer.Typer(help="Many images at once, with a count that adds up.", no_args_is_help=True)

CHECKPOINT = Path(".pixfleet/backfill.sqlite")

_MaxImages = Annotated[int | None, typer.Option(min=1, help="Send no more than this.")]
_MaxDollars = Annotated[
    float | None, typer.Option(min=0, help="Send no more than this will pay for.")
]
_StopAfter = Annotated[
    int | None,
    typer.Option(
        "--stop-after-failures",
        min=1,
        help="Send no more after so many rejections or dead letters.",
    ),
]
_Rate = Annotated[float | None, typer.Option(min=0.01, help="Images a second, at most.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the estimate.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Begin without asking.")]
_NoWait = Annotated[
    bool, typer.Option("--no-wait", help="End when all is sent; the same command waits later.")
]
_Checkpoint = Annotated[Path, typer.Option(help="Where it is noted how far this is.")]
_Restart = Annotated[bool, typer.Option("--restart", help="Forget the checkpoint that is there.")]


@command(app, "enqueue")
def enqueue(  # noqa: PLR0913 - each is an option of the command
    context: Context,
    *,
    prefix: Annotated[
        str | None, typer.Option(help="Of the sources bucket; '' is all of it.")
    ] = None,
    inventory: Annotated[
        str | None, typer.Option(help="s3://bucket/…/manifest.json of an S3 Inventory in CSV.")
    ] = None,
    only: Annotated[Only | None, typer.Option(help="Only sources that stand like this.")] = None,
    max_images: _MaxImages = None,
    max_dollars: _MaxDollars = None,
    stop_after: _StopAfter = None,
    rate: _Rate = None,
    dry_run: _DryRun = False,
    yes: _Yes = False,
    no_wait: _NoWait = False,
    checkpoint: _Checkpoint = CHECKPOINT,
    restart: _Restart = False,
) -> None:
    """Send sources that are in the bucket already, and count what becomes of them."""
    if prefix is None and inventory is None and only is None:
        raise Misconfigured(
            "There is nothing to enqueue",
            ["expected --prefix, --inventory or --only; --prefix '' is the whole bucket"],
        )
    options = {"--prefix": prefix, "--inventory": inventory, "--only": only}
    words = _words("enqueue", context, options)
    asked = Asked(Limits(max_images, max_dollars, stop_after, rate), dry_run, yes, not no_wait)
    backfill = Backfill.of(context)
    feeder = backfill.enqueue(prefix or "", inventory, only)
    with notes(context.console, checkpoint, words, restart=restart, is_dry=dry_run) as journal:
        wants_a_person = perform(backfill, feeder, backfill.enqueue_lane, journal, asked)
    if wants_a_person:
        raise typer.Exit(code=FOUND_SOMETHING)


@command(app, "drop")
def drop(  # noqa: PLR0913 - each is an option of the command
    context: Context,
    *,
    folder: Annotated[Path, typer.Argument(help="A folder that holds images.")],
    prefix: Annotated[str, typer.Option(help="What the keys begin with.")] = "",
    max_images: _MaxImages = None,
    max_dollars: _MaxDollars = None,
    stop_after: _StopAfter = None,
    rate: _Rate = None,
    dry_run: _DryRun = False,
    yes: _Yes = False,
    no_wait: _NoWait = False,
    checkpoint: _Checkpoint = CHECKPOINT,
    restart: _Restart = False,
) -> None:
    """Upload the images of a folder that are not there yet, and count what becomes of them."""
    words = _words(f"drop {shlex.quote(str(folder.resolve()))}", context, {"--prefix": prefix})
    asked = Asked(Limits(max_images, max_dollars, stop_after, rate), dry_run, yes, not no_wait)
    backfill = Backfill.of(context)
    with notes(context.console, checkpoint, words, restart=restart, is_dry=dry_run) as journal:
        feeder = backfill.drop(folder, prefix, journal)
        lane = backfill.drop_lane(feeder.folder.beginning)
        wants_a_person = perform(backfill, feeder, lane, journal, asked)
    if wants_a_person:
        raise typer.Exit(code=FOUND_SOMETHING)


def _words(command: str, context: Context, options: Mapping[str, str | None]) -> str:
    """Return what was typed, but its limits: a run that goes on may have others."""
    said = {"--stack": context.stack.prefix, **options}
    typed = (f" {name} {shlex.quote(value)}" for name, value in said.items() if value is not None)
    return f"pixfleet backfill {command}{''.join(typed)}"
