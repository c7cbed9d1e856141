"""`pixfleet show`: a page of one source and its variants side by side."""

import tempfile
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.show import PageInput, write_page
from scripts.pixfleet.image.variants import VariantsReader, base_url, source_url
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.model.entry import PUBLISHED

app = typer.Typer()


@command(app, "show")
def show(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    to: Annotated[
        Path | None, typer.Option("--to", help="The folder to write to; by default, a new one.")
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Do not open the page.")] = False,
) -> None:
    """Write a page of one source and its variants, and open it in a browser."""
    stack, clients = context.stack, context.clients
    entry = Ledger(clients.dynamodb, clients.calls, stack.ledger_table, SystemClock()).read(key)
    folder = to or Path(tempfile.mkdtemp(prefix="pixfleet-show-"))
    page = write_page(
        clients.s3,
        VariantsReader(clients.s3, stack),
        stack.sources_bucket,
        PageInput(key, entry, folder),
    )
    url = base_url(stack.distribution) + source_url(key) if stack.distribution else ""
    context.console.result({"page": str(page), "url": url}, str(page))
    if url and entry.status == PUBLISHED:
        context.console.note(f"The distribution serves it at {url}")
    if not no_open and not context.console.as_json:
        webbrowser.open(page.resolve().as_uri())
