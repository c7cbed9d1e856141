"""Texts that the API hands out and recognises when they come back: cursors and upload ids.

A seal proves that this stack issued the text. It hides nothing: the text holds only what its
caller knows already.
"""

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TypeVar

import msgspec

from worker.api.problems import ForgedCursor

Value = TypeVar("Value", bound=msgspec.Struct)

MAC_BYTES = 16
MAX_CHARS = 8_192


def seal(value: msgspec.Struct, key: bytes) -> str:
    """Return a value with its seal, in characters that URLs leave alone."""
    data = msgspec.json.encode(value)
    return urlsafe_b64encode(_mac(type(value), data, key) + data).decode().rstrip("=")


def unseal(text: str, kind: type[Value], key: bytes) -> Value:
    """Return the value of a sealed text of this kind; `ForgedCursor` for any other text."""
    forged = ForgedCursor(
        "Use the text as this service returned it, and get a new one if it is old."
    )
    if len(text) > MAX_CHARS or not text.isascii():
        raise forged
    try:
        sealed = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        raise forged from None
    mac, data = sealed[:MAC_BYTES], sealed[MAC_BYTES:]
    if not hmac.compare_digest(mac, _mac(kind, data, key)):
        raise forged
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError:  # an earlier version of the API has sealed it
        raise forged from None


def _mac(kind: type[msgspec.Struct], data: bytes, key: bytes) -> bytes:
    """Return the seal; the kind is part of it, so that a cursor never passes for an upload id."""
    return hmac.digest(key, kind.__name__.encode() + b"\0" + data, "sha256")[:MAC_BYTES]
