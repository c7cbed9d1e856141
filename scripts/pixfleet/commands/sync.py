"""`pixfleet sync`: makes a prefix of the sources bucket hold what a folder holds."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.backfill.build import Backfill
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.view import RunOptions, carry_out, open_checkpoint
from scripts.pixfleet.command import Context, command
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from scripts.pixfleet.terminal.suggestions import shell_word

app = typer.Typer()

POLICY = BackfillPolicy()
CHECKPOINT = Path(".pixfleet/sync.sqlite")


@command(app, "sync")
def sync(  # noqa: PLR0913 - each is an option of the command
    context: Context,
    *,
    folder: Annotated[Path, typer.Argument(help="A folder that holds images.")],
    prefix: Annotated[
        str, typer.Option(help="The beginning of the keys; '' is the whole bucket.")
    ],
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete the keys that the folder does not have.")
    ] = False,
    max_deletions: Annotated[
        int | None, typer.Option(min=0, help="Do nothing if more keys would be deleted.")
    ] = None,
    lane: Annotated[
        str | None,
        typer.Option(help="Refuse to begin unless all events go to this lane, such as bulk."),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Name each file that is left out and each deletion, as JSON Lines."),
    ] = None,
    rate: Annotated[float | None, typer.Option(min=0.01, help="Images a second, at most.")] = None,
    stop_after: Annotated[
        int | None,
        typer.Option(
            "--stop-after-failures",
            min=1,
            help="Stop after this many rejections or dead letters, and delete nothing.",
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show the estimate and the deletions.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Begin without asking.")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="End when all is sent; the same command waits later.")
    ] = False,
    checkpoint: Annotated[
        Path, typer.Option(help="The file that records how far the run is.")
    ] = CHECKPOINT,
    restart: Annotated[
        bool, typer.Option("--restart", help="Delete an existing checkpoint.")
    ] = False,
) -> None:
    """Upload what a folder has and the bucket has not; with --delete, delete what only it has.

    What is to be deleted is shown first. A key that was replaced since then is kept.
    """
    selection = (
        f"pixfleet sync {shell_word(str(folder.resolve()))} --stack {context.stack.prefix} "
        f"--prefix {shell_word(prefix)}{' --delete' if delete else ''}"
    )
    limits = Limits(stop_after_failures=stop_after, rate=rate)
    options = RunOptions(limits, dry_run, yes, not no_wait, report)
    backfill = Backfill.of(context, POLICY)
    with open_checkpoint(
        context.console, checkpoint, selection, restart=restart, is_dry=dry_run
    ) as opened:
        feeder = backfill.upload(folder, prefix, opened)
        deletions = backfill.deletions(feeder, max_deletions) if delete else None
        events = backfill.upload_lane(feeder, lane)
        found_something = carry_out(backfill, feeder, events, opened, options, deletions)
    if found_something:
        raise typer.Exit(code=FOUND_SOMETHING)
