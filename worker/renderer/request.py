"""Reads a request: the event of a function URL, or method, path and headers of plain HTTP.

The path is the one that the edge function has chosen: `/<shard>/<source key>/<name>`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

from shared.model.errors import PixfleetError, UnsupportedKey
from shared.model.keys import (
    MANIFEST_NAME,
    NotAVariantKey,
    parse_stored_key,
    parse_variant_key,
    refuse_unsupported,
    stored_key,
)
from shared.model.recipe import Slot

METHODS = ("GET", "HEAD")


class NotAnObject(PixfleetError):
    """A path that no object of the variants bucket has."""


class BadMethod(PixfleetError):
    """A method other than GET and HEAD."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for.

    `version` is the `v` of the URL, empty without one. `if_none_match` is that header, empty
    without one. `file` is variant and slot, None for a manifest.
    """

    source_key: str
    name: str
    file: tuple[str, Slot] | None
    is_head: bool = False
    version: str = ""
    if_none_match: str = ""

    @property
    def stored_key(self) -> str:
        """Return the key of the object in the variants bucket."""
        return stored_key(self.source_key, self.name)


def read_event(event: object) -> Asked:
    """Return what the event of a function URL asks for.

    Raises `NotAnObject` or `BadMethod`. Header names are in lower case:
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
    """
    fields: Any = event if isinstance(event, Mapping) else {}
    try:
        method = fields["requestContext"]["http"]["method"]
        path, query = fields["rawPath"], fields.get("rawQueryString") or ""
        headers = fields.get("headers") or {}
        return read_request(str(method), str(path), str(query), headers)
    except (KeyError, TypeError, AttributeError) as error:
        raise NotAnObject(f"Expected the event of a function URL: {error!r}.") from error


def read_request(method: str, path: str, query: str, headers: Mapping[str, str]) -> Asked:
    """Return what a request asks for; names of headers are in lower case.

    Raises `NotAnObject` or `BadMethod`.
    """
    if method not in METHODS:
        raise BadMethod(f"Expected GET or HEAD, got {method[:20]!r}.")
    source_key, name = _source_key_and_name(path.removeprefix("/"))
    variant = None
    if name != MANIFEST_NAME:
        parsed = parse_variant_key(stored_key(source_key, name))
        variant = (parsed.variant, parsed.slot)
    return Asked(
        source_key=source_key,
        name=name,
        file=variant,
        is_head=method == "HEAD",
        version=next(iter(parse_qs(query).get("v", [])), ""),
        if_none_match=str(headers.get("if-none-match", "")),
    )


def _source_key_and_name(path: str) -> tuple[str, str]:
    """Return the parts of a path that is percent-encoded, or has been decoded on its way.

    The shard, a hash of the key, tells the two apart: of 256 paths whose decoded form means
    something else, one has the same shard. Then the path counts as encoded.
    """
    for candidate in _candidates(path):
        try:
            source_key, name = parse_stored_key(candidate)
            refuse_unsupported(source_key)
            stored_key(source_key, name)
        except (NotAVariantKey, UnsupportedKey, UnicodeError):
            continue
        return source_key, name
    raise NotAnObject("Expected the path of an object, got another.")


def _candidates(path: str) -> tuple[str, ...]:
    try:
        return (unquote(path, errors="strict"), path)
    except UnicodeError:
        return (path,)
