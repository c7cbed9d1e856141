"""`pixfleet console`: pages of the stack in a browser, on this machine only."""

import sys
import webbrowser
from threading import Thread
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.terminal.suggestions import suggest
from shared.model.errors import Misconfigured

app = typer.Typer()


@command(app, "console")
def console(
    context: Context,
    *,
    act: Annotated[
        bool, typer.Option("--act", help="Let the pages upload, send back and delete.")
    ] = False,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="The port; 0 is any free one.")
    ] = 0,
    no_open: Annotated[bool, typer.Option("--no-open", help="Print the address only.")] = False,
) -> None:
    """Show the stack in a browser, with your own credentials, until Ctrl-C.

    Example: pixfleet console --act
    """
    # Slow to import, and a help page needs none of it.
    from scripts.pixfleet.console import server  # noqa: PLC0415
    from scripts.pixfleet.console.site import Site  # noqa: PLC0415

    site = Site(context.stack, context.clients, act)
    try:
        listening = server.listen(port)
    except OSError as error:
        raise Misconfigured(
            f"Port {port} cannot be used", [f"expected a free one: {error.strerror}"]
        ) from error
    url = server.start_url(site, listening)
    context.console.result({"url": url}, f"{url}\n")
    sys.stdout.flush()  # a program that reads it through a pipe waits for it
    context.console.note("The address works once. Ctrl-C ends the console.")
    if not no_open and not context.console.as_json:
        # A browser in the terminal needs answers before it ends.
        Thread(target=_open, args=(context, url), daemon=True).start()
    try:
        server.serve(site, listening)
    finally:
        for redrive_id in site.redrives.running:
            context.console.note(
                f"Redrive {redrive_id} was interrupted; what it did not send is still in the "
                f"dead-letter queue. `{suggest('dlq status', redrive_id)}` shows what it sent."
            )


def _open(context: Context, url: str) -> None:
    try:
        is_open = webbrowser.open(url)
    except webbrowser.Error:
        is_open = False
    if not is_open:
        context.console.note("No browser could be opened: open the address yourself.")
