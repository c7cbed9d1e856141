"""`pixfleet console`: pages of the stack in a browser, on this machine only."""

import webbrowser
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
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
    from scripts.pixfleet.console.server import listen, serve, start_url  # noqa: PLC0415
    from scripts.pixfleet.console.site import Site  # noqa: PLC0415

    site = Site(context.stack, context.clients, act)
    try:
        listening = listen(port)
    except OSError as error:
        raise Misconfigured(
            f"Port {port} cannot be used", [f"expected a free one: {error.strerror}"]
        ) from error
    url = start_url(site, listening)
    context.console.result({"url": url}, f"{url}\n")
    context.console.note("The address works once. Ctrl-C ends the console.")
    if not no_open and not context.console.as_json:
        webbrowser.open(url)
    serve(site, listening)
