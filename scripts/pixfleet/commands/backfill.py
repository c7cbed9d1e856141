"""`pixfleet backfill`: processes many images, with an estimate before and a count after."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.backfill.build import Backfill
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.selection import Only
from scripts.pixfleet.backfill.view import RunOptions, carry_out, open_checkpoint
from scripts.pixfleet.command import Context, command, renamed_command
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.suggestions import shell_word
from shared.model.errors import Misconfigured

app = typer.Typer(
    help="Upload or enqueue many images, and count the outcomes.", no_args_is_help=True
)

POLICY = BackfillPolicy()
CHECKPOINT = Path(".pixfleet/backfill.sqlite")

_MaxImages = Annotated[int | None, typer.Option(min=1, help="Send no more images than this.")]
_MaxDollars = Annotated[
    float | None, typer.Option(min=0, help="Send no more images than this pays for.")
]
_StopAfter = Annotated[
    int | None,
    typer.Option(
        "--stop-after-failures",
        min=1,
        help="Stop sending after this many rejections or dead letters.",
    ),
]
_Rate = Annotated[float | None, typer.Option(min=0.01, help="Images a second, at most.")]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show the estimate.")]
_Yes = Annotated[bool, typer.Option("--yes", help="Begin without asking.")]
_NoWait = Annotated[
    bool, typer.Option("--no-wait", help="End when all is sent; the same command waits later.")
]
_Checkpoint = Annotated[Path, typer.Option(help="The file that records how far the run is.")]
_Restart = Annotated[bool, typer.Option("--restart", help="Delete an existing checkpoint.")]
_Lane = Annotated[
    str | None,
    typer.Option(help="Refuse to begin unless all events go to this lane, such as bulk."),
]


@command(app, "enqueue")
def enqueue(  # noqa: PLR0913 - each is an option of the command
    context: Context,
    *,
    prefix: Annotated[
        str | None, typer.Option(help="Only keys that begin with this; '' is the whole bucket.")
    ] = None,
    inventory: Annotated[
        str | None, typer.Option(help="s3://bucket/…/manifest.json of an S3 Inventory in CSV.")
    ] = None,
    only: Annotated[Only | None, typer.Option(help="Only sources in this state.")] = None,
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
    """Enqueue sources that are in the bucket already, and count the outcomes."""
    if prefix is None and inventory is None and only is None:
        raise Misconfigured(
            "There is nothing to enqueue",
            ["expected --prefix, --inventory or --only; --prefix '' is the whole bucket"],
        )
    selection = _typed(
        "enqueue", context, {"--prefix": prefix, "--inventory": inventory, "--only": only}
    )
    limits = Limits(max_images, max_dollars, stop_after, rate)
    options = RunOptions(limits, dry_run, yes, not no_wait)
    backfill = Backfill.of(context, POLICY)
    feeder = backfill.enqueue(prefix or "", inventory, only)
    with open_checkpoint(
        context.console, checkpoint, selection, restart=restart, is_dry=dry_run
    ) as opened:
        found_something = carry_out(backfill, feeder, backfill.enqueue_lane, opened, options)
    if found_something:
        raise typer.Exit(code=FOUND_SOMETHING)


@command(app, "upload")
def upload(  # noqa: PLR0913 - each is an option of the command
    context: Context,
    *,
    folder: Annotated[Path, typer.Argument(help="A folder that holds images.")],
    prefix: Annotated[str, typer.Option(help="The beginning of the uploaded keys.")] = "",
    lane: _Lane = None,
    report: Annotated[
        Path | None, typer.Option(help="Name each file that is left out, as JSON Lines.")
    ] = None,
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
    """Upload the images of a folder that are not in the bucket yet, and count the outcomes."""
    selection = _typed(
        f"upload {shell_word(str(folder.resolve()))}", context, {"--prefix": prefix}
    )
    limits = Limits(max_images, max_dollars, stop_after, rate)
    options = RunOptions(limits, dry_run, yes, not no_wait, report)
    backfill = Backfill.of(context, POLICY)
    with open_checkpoint(
        context.console, checkpoint, selection, restart=restart, is_dry=dry_run
    ) as opened:
        feeder = backfill.upload(folder, prefix, opened)
        events = backfill.upload_lane(feeder, lane)
        found_something = carry_out(backfill, feeder, events, opened, options)
    if found_something:
        raise typer.Exit(code=FOUND_SOMETHING)


renamed_command(app, "drop", "pixfleet backfill upload")


def _typed(command: str, context: Context, options: Mapping[str, str | None]) -> str:
    """Return the command without its limits: a continued run may have others."""
    given = {"--stack": context.stack.prefix, **options}
    texts = (f" {name} {shell_word(value)}" for name, value in given.items() if value is not None)
    return f"pixfleet backfill {command}{''.join(texts)}"
