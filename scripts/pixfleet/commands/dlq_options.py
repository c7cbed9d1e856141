"""The options of the commands of `pixfleet dlq`, and the queue that they work on."""

from collections import Counter
from typing import Annotated

import typer

from scripts.pixfleet.command import Context
from scripts.pixfleet.dlq.queue import DeadLetterQueue
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.dlq.view import coverage_note
from scripts.pixfleet.options.completions import cause_names
from scripts.pixfleet.terminal.text import counted, quoted

Cause = Annotated[
    str,
    typer.Option(
        "--cause",
        autocompletion=cause_names,
        help="Only this cause; - for messages without a cause.",
    ),
]
Prefix = Annotated[str, typer.Option("--prefix", help="Only keys that begin with this.")]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id", help="Only this message id, or ids that begin with this; may be repeated."
    ),
]
All = Annotated[bool, typer.Option("--all", help="Every dead letter but those of drills.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")]
Since = Annotated[str, typer.Option("--since", help="Only those of this time, such as 2h or 7d.")]


def queue_of(context: Context) -> DeadLetterQueue:
    """Return the dead-letter queue of the context's stack; what a scan missed is noted."""
    return DeadLetterQueue(
        context.stack,
        context.clients,
        lambda coverage: context.console.note(coverage_note(coverage)),
    )


def dead_letters(count: int) -> str:
    """Return a number of dead letters in words."""
    return counted(count, "dead letter")


def causes(counts: Counter[str]) -> str:
    """Return numbers of dead letters by cause in words."""
    return ", ".join(f"{count:,} of {quoted(cause)}" for cause, count in counts.most_common())


def none_match(selection: Selection) -> str:
    """Return the sentence for a selection without dead letters."""
    return f"No dead letters match ({selection.description})."
