"""`pixfleet urls`: what a web page needs to show one source."""

from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.variants import Shelf, base_url, manifest_url
from scripts.pixfleet.page.snippet import picture, srcsets

app = typer.Typer()


@command(app, "urls")
def urls(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    sizes: Annotated[
        str, typer.Option(help="How wide the picture is on the page, as the attribute says it.")
    ] = "100vw",
) -> None:
    """Print the `srcset`, a `<picture>` and the manifest's URL of one source."""
    manifest = Shelf(context.clients.s3, context.stack).manifest(key)
    distribution = context.stack.distribution
    base = base_url(distribution)
    sets, snippet, of_manifest = (
        srcsets(manifest, base),
        picture(manifest, base, sizes),
        (f"{base}{manifest_url(key)}"),
    )
    document = {
        "key": key,
        "version": manifest.version,
        "manifest": of_manifest,
        "srcset": sets,
        "picture": snippet,
        "variants": [
            {"name": each.name, "slot": each.slot, "type": each.type, "url": base + each.url}
            for each in manifest.variants
        ],
    }
    shown = [f"srcset, {slot}:\n{value}\n" for slot, value in sets.items()]
    context.console.result(document, *shown, f"{snippet}\n", f"Manifest: {of_manifest}")
    if distribution is None:
        context.console.note(
            "This stack has no distribution: put your own address before each URL."
        )
    elif distribution.needs_signing:
        context.console.note("Only signed URLs open here: `pixfleet sign` makes them.")
