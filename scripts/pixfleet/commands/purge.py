"""`pixfleet purge`: has CloudFront evict what it has cached, sooner than it would anyway."""

from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.purge.selection import PurgeSelection, select_keys
from scripts.pixfleet.stack.ssm_parameter import Purge
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING
from scripts.pixfleet.terminal.text import counted, named_keys
from shared.clock import SystemClock
from shared.cloud.message_batches import OutgoingMessage
from shared.cloud.queues import Queues
from shared.cloud.serving import Serving, month_of
from shared.events import purge as purge_message
from shared.model.errors import Misconfigured

app = typer.Typer()


@command(app, "purge")
def purge(
    context: Context,
    keys: Annotated[list[str] | None, typer.Argument(help="Keys of sources.")] = None,
    *,
    prefix: Annotated[
        str | None,
        typer.Option("--prefix", help="The sources whose keys begin with this, up to 100."),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that is cached.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Have CloudFront evict what it has cached of some sources, or all of it.

    Removed and rejected sources are purged without this command.
    """
    stack, clients = context.stack, context.clients
    if stack.purge is None:
        raise Misconfigured(
            "Nothing was purged", ["expected a stack with delivery.purge, got one without"]
        )
    selection = select_keys(
        clients.s3, stack.sources_bucket, keys or (), prefix, everything=everything
    )
    clock = SystemClock()
    serving = Serving(clients.dynamodb, clients.calls, stack.serving_table, clock)
    spent = serving.paths_spent(month_of(clock.now()))
    document = {
        "keys": list(selection.keys),
        "everything": selection.is_everything,
        "paths": list(selection.paths),
        "paths_needed": selection.paths_needed,
        "paths_spent": spent,
        "monthly_paths": stack.purge.monthly_paths,
    }
    if dry_run or not selection.paths:
        would = {**document, "sent": 0}
        context.console.result(would, _would(selection), *named_keys(selection.keys))
        return
    _require_budget(context, document, selection, spent, stack.purge)
    context.console.confirm(f"Purge {_what(selection)} ({_left(spent, stack.purge)})?", yes=yes)
    sent = _send(context, selection, stack.purge.queue)
    context.console.result(
        {**document, "sent": sent},
        f"Asked for a purge of {_what(selection)}, now and in a minute again. "
        "CloudFront takes some seconds for it; `pixfleet status` shows what waits.",
    )


def _send(context: Context, selection: PurgeSelection, queue: str) -> int:
    """Send each message twice, as the worker does; return how many keys were sent."""
    bodies = [purge_message.write(key) for key in selection.keys]
    if selection.is_everything:
        # Once: the purge function does not invalidate everything again within ten minutes.
        messages = [OutgoingMessage(purge_message.write_everything())]
    else:
        messages = [
            OutgoingMessage(body, delay_seconds=delay)
            for delay in (0, purge_message.AGAIN_SECONDS)
            for body in bodies
        ]
    queues = Queues(context.clients.sqs, context.clients.calls)
    if refused := queues.send_batch(queue, messages):
        context.console.note(f"{counted(len(refused), 'message')} refused: {refused[0].reason}")
        raise typer.Exit(code=FAILED)
    return len(bodies) or 1


def _require_budget(
    context: Context,
    document: dict[str, object],
    selection: PurgeSelection,
    spent: int,
    purge: Purge,
) -> None:
    """Exit with 3 if the month's paths do not suffice: the function would purge nothing."""
    needed = selection.paths_needed
    if spent + needed <= purge.monthly_paths:
        return
    context.console.result(
        {**document, "sent": 0},
        f"Nothing was sent: {_left(spent, purge)}, and {_what(selection)} would take {needed}. "
        "CloudFront asks S3 again within six minutes anyway; docs/runbook.md#alarm-purge-budget "
        "says how to raise the budget.",
    )
    raise typer.Exit(code=FOUND_SOMETHING)


def _would(selection: PurgeSelection) -> str:
    if not selection.paths:
        return "No source has such a key."
    return f"{_what(selection)} would be purged."


def _what(selection: PurgeSelection) -> str:
    return "everything" if selection.is_everything else counted(len(selection.keys), "key")


def _left(spent: int, purge: Purge) -> str:
    return f"{spent:,} of the month's {purge.monthly_paths:,} paths are spent"
