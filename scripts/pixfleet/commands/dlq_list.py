"""`pixfleet dlq list`: lists the dead letters, for a person, a program or a spreadsheet."""

import time

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import Cause, Prefix, Since, none_match, queue_of
from scripts.pixfleet.dlq.documents import coverage_document
from scripts.pixfleet.dlq.listing import list_dead_letters
from scripts.pixfleet.dlq.selection import Selection, cause_problems
from scripts.pixfleet.failed_list import listed
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
from shared.model.errors import Misconfigured

app = typer.Typer()


@command(app, "list")
def list_(
    context: Context,
    *,
    cause: Cause = "",
    prefix: Prefix = "",
    since: Since = "",
    as_csv: CSV = False,
    as_json_lines: JSON_LINES = False,
) -> None:
    """List dead letters, the newest first: key, cause, who can fix it, time, size and owner."""
    form = form_of(as_json=context.console.as_json, as_csv=as_csv, as_json_lines=as_json_lines)
    if problems := cause_problems(cause):
        raise Misconfigured("No dead letters were selected", problems)
    after = time.time() - span_seconds(since, option="--since") if since else 0.0
    selection = Selection(cause, prefix, since=after)
    queue, facts = queue_of(context), source_facts(context.stack, context.clients)
    with context.console.progress("reading") as meter:
        meter.total(max(1, queue.depth().waiting))
        images, coverage = list_dead_letters(queue, selection, meter.advance)
    wanted = images[:SHOWN_ROWS] if form is Form.TABLE else images
    with context.console.progress("reading sizes", total=len(wanted)) as meter:
        described = list(facts.added(wanted, meter.advance)) + images[len(wanted) :]
    document = {"queue": coverage.queue, **coverage_document(coverage)}
    notes = [facts.problem] if facts.problem else []
    if not images:
        notes.append(none_match(selection))
    print_list(context.console, form, listed(described, document, with_ids=True), *notes)
