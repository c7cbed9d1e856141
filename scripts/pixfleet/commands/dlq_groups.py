"""`pixfleet dlq groups`: counts the dead letters by cause."""

from datetime import UTC, datetime

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import queue_of
from scripts.pixfleet.dlq.documents import groups_document
from scripts.pixfleet.dlq.group_view import view_groups
from scripts.pixfleet.dlq.groups import read_groups

app = typer.Typer()


@command(app, "groups")
def groups(context: Context) -> None:
    """Count the dead letters by cause, and show who can fix each."""
    with queue_of(context).scan() as scan, context.console.progress("reading") as meter:
        meter.total(max(1, scan.depth.waiting))
        found = read_groups(scan, datetime.now(UTC), meter.advance)
    context.console.result(groups_document(found), *view_groups(found))
