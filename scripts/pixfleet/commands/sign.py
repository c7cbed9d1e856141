"""`pixfleet sign`: signed URLs, for a distribution that serves signed URLs only."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.signing import expiry, read_private_key, signed
from scripts.pixfleet.image.variants import VariantsReader, base_url, manifest_url
from scripts.pixfleet.terminal.text import quoted
from shared.model.errors import Misconfigured

app = typer.Typer()

# https://www.rfc-editor.org/rfc/rfc3986#section-2
URL_CHARS = re.compile(r"[A-Za-z0-9%:/?#\[\]@!$&'()*+,;=._~-]+")


@dataclass(frozen=True, slots=True)
class _NamedUrl:
    """One URL, and the name of its variant."""

    name: str
    url: str


@command(app, "sign")
def sign(
    context: Context,
    target: Annotated[
        str,
        typer.Argument(metavar="URL|KEY", help="One URL, or a source's key for all its URLs."),
    ],
    *,
    key_id: Annotated[str, typer.Option(help="The id of the public key in CloudFront.")],
    private_key: Annotated[Path, typer.Option(help="The private key's PEM file.")],
    expires: Annotated[
        str,
        typer.Option(help="How long they are valid, such as 30m, 1h or 7d, or when they expire."),
    ] = "1h",
) -> None:
    """Print signed URLs: one, or those of a source's manifest and of every variant."""
    until = expiry(expires, datetime.now(UTC))
    key = read_private_key(private_key)
    urls = _urls(context, target)
    signed_urls = [
        _NamedUrl(each.name, signed(each.url, key_id=key_id, key=key, expires=until))
        for each in urls
    ]
    document = {
        "expires": until.isoformat(),
        "urls": [{"name": each.name, "url": each.url} for each in signed_urls],
    }
    context.console.result(document, *(each.url for each in signed_urls))
    _warn(context, urls)


def _urls(context: Context, target: str) -> Sequence[_NamedUrl]:
    if target.startswith(("http://", "https://")):
        return [_NamedUrl("url", _checked_url(target))]
    base = base_url(context.stack.distribution)
    if not base:
        raise Misconfigured(
            f"{quoted(target)} has no URL",
            ["expected a stack with a distribution: give a whole URL instead"],
        )
    variants = VariantsReader(context.clients.s3, context.stack).manifest(target).variants
    return [
        _NamedUrl("manifest", base + manifest_url(target)),
        *(_NamedUrl(each.label, base + each.url) for each in variants),
    ]


def _checked_url(url: str) -> str:
    """Return the URL; `Misconfigured` unless it has the characters of RFC 3986 only."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if host and URL_CHARS.fullmatch(url):
        return url
    raise Misconfigured(
        "The URL cannot be signed",
        [f"expected a host, and %-encoding for all other characters, got {quoted(url)}"],
    )


def _warn(context: Context, urls: Sequence[_NamedUrl]) -> None:
    """Warn if a signature is not needed, or if the URL is not of this stack."""
    distribution = context.stack.distribution
    if distribution and not distribution.needs_signing:
        context.console.note(
            "This distribution also serves URLs without a signature, "
            "until `signing_key_group_ids` is set."
        )
    base = base_url(distribution)
    if base and not all(each.url.startswith(f"{base}/") for each in urls):
        context.console.note(f"A URL is not of this stack: its URLs begin with {base}/.")
