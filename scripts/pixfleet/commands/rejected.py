"""`pixfleet rejected`: lists the sources that the ledger has as rejected."""

import time
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.failed_list import listed
from scripts.pixfleet.options.completions import cause_names
from scripts.pixfleet.rejected.reader import MAX_ROWS, RejectedFilter, rejected_reader
from scripts.pixfleet.stack.failed_images import source_facts
from scripts.pixfleet.terminal.lists import (
    CSV,
    JSON_LINES,
    SHOWN_ROWS,
    Form,
    form_of,
    print_list,
)
from scripts.pixfleet.terminal.times import span_seconds
from shared.model.errors import Cause, Misconfigured

app = typer.Typer()


@command(app, "rejected")
def rejected(  # noqa: PLR0913 - each is an option
    context: Context,
    *,
    cause: Annotated[
        str, typer.Option("--cause", autocompletion=cause_names, help="Only this cause.")
    ] = "",
    prefix: Annotated[str, typer.Option("--prefix", help="Only keys that begin with this.")] = "",
    since: Annotated[
        str, typer.Option("--since", help="Only those of this time, such as 2h or 7d.")
    ] = "",
    most: Annotated[
        int, typer.Option("-n", min=1, max=MAX_ROWS, help="At most this many sources.")
    ] = MAX_ROWS,
    as_csv: CSV = False,
    as_json_lines: JSON_LINES = False,
) -> None:
    """List rejected sources, the newest first, with their causes and owners."""
    form = form_of(as_json=context.console.as_json, as_csv=as_csv, as_json_lines=as_json_lines)
    if cause not in ("", *Cause):
        expected = ", ".join(Cause)
        raise Misconfigured(
            "No sources were selected", [f"--cause: expected one of {expected}, got {cause!r}"]
        )
    after = time.time() - span_seconds(since, option="--since") if since else 0.0
    reader = rejected_reader(context.stack, context.clients)
    with context.console.progress("reading the ledger") as meter:
        found = reader.read(RejectedFilter(cause, prefix, after, most), meter.advance)
    facts = source_facts(context.stack, context.clients)
    wanted = found.images[:SHOWN_ROWS] if form is Form.TABLE else found.images
    with context.console.progress("reading sizes", total=len(wanted)) as meter:
        described = [*facts.added(wanted, meter.advance), *found.images[len(wanted) :]]
    document = {
        "complete": found.is_complete,
        "why_incomplete": found.why,
        "entries_read": reader.read_count,
    }
    notes = [each for each in (found.why and f"{found.why}.", facts.problem) if each]
    if not described:
        notes.append("No rejected source matches.")
    print_list(context.console, form, listed(described, document), *notes)
