"""`pixfleet sign`: URLs for a distribution that opens to signed ones only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.signing import expiry, read_private_key, signed
from scripts.pixfleet.image.variants import Shelf, base_url, manifest_url
from shared.model.errors import Misconfigured

app = typer.Typer()


@dataclass(frozen=True, slots=True)
class _Named:
    """One URL, and what it is of."""

    name: str
    url: str


@command(app, "sign")
def sign(
    context: Context,
    target: Annotated[
        str, typer.Argument(metavar="URL|KEY", help="One URL, or a source: then all of its URLs.")
    ],
    *,
    key_id: Annotated[str, typer.Option(help="The id of the public key in CloudFront.")],
    private_key: Annotated[Path, typer.Option(help="The private key's PEM file.")],
    expires: Annotated[
        str, typer.Option(help="How long it opens, such as 30m, 1h, 7d, or until when.")
    ] = "1h",
) -> None:
    """Print signed URLs: of one URL, or of a source's manifest and every variant."""
    until = expiry(expires, datetime.now(UTC))
    key = read_private_key(private_key)
    named = _urls(context, target)
    done = [
        _Named(each.name, signed(each.url, key_id=key_id, key=key, expires=until))
        for each in named
    ]
    document = {
        "expires": until.isoformat(),
        "urls": [{"name": each.name, "url": each.url} for each in done],
    }
    context.console.result(document, *(each.url for each in done))
    _warn(context, named)


def _urls(context: Context, target: str) -> Sequence[_Named]:
    if target.startswith(("http://", "https://")):
        return [_Named("url", target)]
    base = base_url(context.stack.distribution)
    if not base:
        raise Misconfigured(
            f"{target} has no URL", ["expected a stack with a distribution: name a whole URL"]
        )
    variants = Shelf(context.clients.s3, context.stack).manifest(target).variants
    return [
        _Named("manifest", base + manifest_url(target)),
        *(_Named(each.label, base + each.url) for each in variants),
    ]


def _warn(context: Context, named: Sequence[_Named]) -> None:
    """Say what makes a signature useless, though nothing is wrong with it."""
    distribution = context.stack.distribution
    if distribution and not distribution.needs_signing:
        context.console.note(
            "This distribution opens without a signature too: `signing_key_group_ids` closes it."
        )
    base = base_url(distribution)
    if base and not all(each.url.startswith(f"{base}/") for each in named):
        context.console.note(f"Not of this stack, whose URLs begin with {base}/.")
