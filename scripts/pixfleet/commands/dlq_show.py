"""`pixfleet dlq show`: shows all that is known of one dead letter."""

from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.commands.dlq_options import queue_of
from scripts.pixfleet.dlq import view
from scripts.pixfleet.dlq.details import log_location, logs_query
from scripts.pixfleet.dlq.documents import dead_letter_document

app = typer.Typer()


@command(app, "show")
def show(
    context: Context,
    message_id: Annotated[
        str,
        typer.Argument(metavar="ID", help="The id of a dead letter, or the beginning of its id."),
    ],
    *,
    thumbnail: Annotated[
        Path | None, typer.Option("--thumbnail", help="The file for a thumbnail of the source.")
    ] = None,
    no_thumbnail: Annotated[
        bool, typer.Option("--no-thumbnail", help="Read only the source's first bytes.")
    ] = False,
) -> None:
    """Show a dead letter: attributes, body, source, ledger entry, log query and a thumbnail."""
    queue = queue_of(context)
    dead_letter, reader = queue.find(message_id), queue.details_reader()
    source, source_facts = reader.source(dead_letter.key) if dead_letter.key else (None, {})
    entry_facts = reader.entry(dead_letter.key) if dead_letter.key else {}
    file, why_no_thumbnail = None, ""
    if source and not no_thumbnail:
        file, why_no_thumbnail = reader.thumbnail(source, thumbnail)
    query, log_group = logs_query(dead_letter), log_location(context.stack)
    context.console.result(
        {
            **dead_letter_document(dead_letter),
            "source": source_facts,
            "ledger": entry_facts,
            "logs": {"group": log_group, "query": query},
            "thumbnail": file and str(file),
            "why_no_thumbnail": why_no_thumbnail,
        },
        *view.view_dead_letter(dead_letter, source_facts, entry_facts),
        *(("", f"Thumbnail: {file}") if file else ()),
        *(("", f"No thumbnail: {why_no_thumbnail}") if why_no_thumbnail else ()),
        "",
        "Body",
        *view.view_body(dead_letter.message.body),
        "",
        f"Logs ({log_group})",
        *query.split("\n"),
        "",
        "Next:",
        *view.next_commands(dead_letter),
    )
