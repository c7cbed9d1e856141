"""`pixfleet urls`: the URLs and the markup that show one source on a web page."""

from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.variants import VariantsReader, base_url, manifest_url, source_url
from scripts.pixfleet.page.client_hints import auto_image, page_headers
from scripts.pixfleet.page.snippet import picture, srcsets
from shared.model.manifest import Manifest

app = typer.Typer()
HEADERS_NEEDED = (
    "The page needs these headers; without them, the picture is at least 960 pixels wide:"
)


@command(app, "urls")
def urls(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source.")],
    *,
    sizes: Annotated[
        str, typer.Option(help="The `sizes` attribute: how wide the picture is on the page.")
    ] = "100vw",
    hints: Annotated[
        bool,
        typer.Option(
            "--hints", help="Also print an `<img>` whose width the browser's client hints choose."
        ),
    ] = False,
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
            {
                "name": each.name,
                "slot": each.slot,
                "type": each.type,
                "lazy": each.is_lazy,
                "url": base + each.url,
            }
            for each in manifest.variants
        ],
    }
    lines = [line for slot, value in sets.items() for line in (f"srcset, {slot}:", value, "")]
    lines += [*snippet.split("\n"), "", f"Manifest: {url}"]
    if hints:
        added, more = _by_hints(manifest, base, sizes)
        document, lines = {**document, "auto": added}, [*lines, "", *more]
    context.console.result(document, *lines)
    if distribution is None:
        context.console.note(
            "This stack has no distribution: put your own base URL before each URL."
        )
    elif distribution.needs_signing:
        context.console.note("This distribution serves signed URLs only: see `pixfleet sign`.")


def _by_hints(manifest: Manifest, base: str, sizes: str) -> tuple[dict[str, object], list[str]]:
    """Return the part of the document and the lines on a width that client hints choose."""
    url = f"{base}{source_url(manifest.source.key)}?w=auto&v={manifest.version}"
    image, headers = auto_image(manifest, url, sizes), page_headers(base)
    said = (f"  {name}: {value}" for name, value in headers.items())
    lines = ["Width by client hints:", *image.split("\n"), "", HEADERS_NEEDED, *said]
    return {"url": url, "img": image, "headers": headers}, lines
