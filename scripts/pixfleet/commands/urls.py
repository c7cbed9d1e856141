"""`pixfleet urls`: the URLs and the markup that show one source on a web page."""

from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.variants import VariantsReader, base_url, manifest_url
from scripts.pixfleet.page.snippet import picture, srcsets

app = typer.Typer()


@command(app, "urls")
def urls(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    sizes: Annotated[
        str, typer.Option(help="The `sizes` attribute: how wide the picture is on the page.")
    ] = "100vw",
) -> None:
    """Print the `srcset`, a `<picture>` and the manifest's URL of one source."""
    manifest = VariantsReader(context.clients.s3, context.stack).manifest(key)
    distribution = context.stack.distribution
    base = base_url(distribution)
    sets, snippet = srcsets(manifest, base), picture(manifest, base, sizes)
    url = base + manifest_url(key)
    document = {
        "key": key,
        "version": manifest.version,
        "manifest": url,
        "srcset": sets,
        "picture": snippet,
        "variants": [
            {"name": each.name, "slot": each.slot, "type": each.type, "url": base + each.url}
            for each in manifest.variants
        ],
    }
    lines = [line for slot, value in sets.items() for line in (f"srcset, {slot}:", value, "")]
    context.console.result(document, *lines, *snippet.split("\n"), "", f"Manifest: {url}")
    if distribution is None:
        context.console.note(
            "This stack has no distribution: put your own base URL before each URL."
        )
    elif distribution.needs_signing:
        context.console.note("This distribution serves signed URLs only: see `pixfleet sign`.")
