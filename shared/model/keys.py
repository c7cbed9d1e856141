"""Builds and parses the keys of the variants bucket; no other module does.

A key is `<shard>/<source key>/<variant>.<slot>`, with the source key unchanged, byte for byte. The
shard spreads a backfill over 256 prefixes, because S3 accepts 3,500 PUT/s per prefix.
"""

from dataclasses import dataclass
from hashlib import sha256
from urllib.parse import quote, urlencode

from shared.model.errors import PixfleetError, UnsupportedKey
from shared.model.recipe import Slot

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
MAX_KEY_BYTES = 1024
MANIFEST_NAME = "manifest.json"
# `slot in Slot` raises TypeError for text in Python 3.11, and a set for each key takes long.
_SLOTS = frozenset(map(str, Slot))


class NotAVariantKey(PixfleetError):
    """A key in the variants bucket that `variant_key` did not make."""


@dataclass(frozen=True, slots=True)
class VariantKey:
    """The parts of a stored variant's key."""

    source_key: str
    variant: str
    slot: Slot


def shard(source_key: str) -> str:
    """Return the first two hex digits of the SHA-256 of the source key's UTF-8 bytes."""
    return sha256(source_key.encode()).hexdigest()[:2]


def variant_key(source_key: str, variant: str, slot: Slot) -> str:
    """Return the key of a variant; `UnsupportedKey` if it is over S3's 1,024 bytes."""
    return stored_key(source_key, f"{variant}.{slot}")


def manifest_key(source_key: str) -> str:
    """Return the key of a source's manifest; `UnsupportedKey` if it is over S3's 1,024 bytes."""
    return stored_key(source_key, MANIFEST_NAME)


def parse_variant_key(key: str) -> VariantKey:
    """Return the parts of a stored variant's key; `NotAVariantKey` if it is not one."""
    folder, _, name = key.rpartition("/")
    shard_of_key, slash, source_key = folder.partition("/")
    variant, dot, slot = name.rpartition(".")
    known = slash and dot and variant and source_key and slot in _SLOTS
    if not known or shard_of_key != shard(source_key):
        raise NotAVariantKey(f"Expected <shard>/<source key>/<variant>.<slot>, got {key!r}.")
    return VariantKey(source_key, variant, Slot(slot))


def parse_stored_key(key: str) -> tuple[str, str]:
    """Return source key and object name of a variant or manifest; `NotAVariantKey` for others."""
    folder, _, name = key.rpartition("/")
    if name != MANIFEST_NAME:
        return parse_variant_key(key).source_key, name
    shard_of_key, _, source_key = folder.partition("/")
    if not source_key or shard_of_key != shard(source_key):
        raise NotAVariantKey(f"Expected <shard>/<source key>/{MANIFEST_NAME}, got {key!r}.")
    return source_key, name


def refuse_unsupported(source_key: str) -> None:
    """Raise `UnsupportedKey` for keys that browsers cannot request or DeleteObjects cannot name.

    Browsers and proxies remove `.` and `..` segments from a path before they send it, and control
    characters do not survive URLs, logs and headers. DeleteObjects takes XML, which cannot hold
    U+FFFE.
    """
    if any(ord(char) < 0x20 or char in "\x7f\ufffe\uffff" for char in source_key):  # noqa: PLR2004 - ASCII's control characters
        raise UnsupportedKey("Expected a key without control characters.", stage="key")
    if {".", ".."} & set(source_key.split("/")):
        raise UnsupportedKey(
            "Expected a key without '.' and '..' segments: browsers remove them from URLs.",
            stage="key",
        )
    manifest_key(source_key)


def public_url(source_key: str, *, variant: str, slot: Slot, version: str) -> str:
    """Return the path and query under which the edge serves one variant, percent-encoded once.

    Without a version, the URL is that of whatever version is stored.
    """
    query = {"variant": variant, "format": slot.value, **({"v": version} if version else {})}
    return f"{public_path(source_key)}?{urlencode(query)}"


def manifest_url(source_key: str) -> str:
    """Return the path and query under which the edge serves a source's manifest."""
    return f"{public_path(source_key)}?format=manifest"


def public_path(source_key: str, *, plain: str = "") -> str:
    """Return the path under which the edge serves a source's variants, percent-encoded once.

    `plain` has characters that are not encoded, as browsers do with some.
    """
    path = quote(source_key, safe=f"/{plain}")
    if path.startswith("/"):
        # Browsers take `//photos/cat.jpg` for a host named photos.
        path = f"%2F{path[1:]}"
    return f"/{path}"


def stored_folder(source_key: str) -> str:
    """Return what the keys of all objects of a source begin with: `<shard>/<source key>/`."""
    return f"{shard(source_key)}/{source_key}/"


def stored_key(source_key: str, name: str) -> str:
    """Return the key of a source's object with this name; `UnsupportedKey` if it is too long."""
    key = stored_folder(source_key) + name
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        raise UnsupportedKey(
            f"Expected a key whose variants fit into S3's {MAX_KEY_BYTES} bytes,"
            f" got {size} for {name}.",
            stage="key",
        )
    return key
