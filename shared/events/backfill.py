"""Our own envelope, with which a backfill names many keys in one message."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from shared.events.hint import Hint
from shared.events.reading import Name, bad, shaped, shown

MARK = "pixfleet"
KIND = "backfill"
VERSION = 1


class _Header(msgspec.Struct):
    pixfleet: str
    version: Annotated[int, msgspec.Meta(ge=0, le=2**32)]


class _Backfill(msgspec.Struct):
    bucket: Name
    keys: tuple[Name, ...]


def recognises(document: Mapping[str, object]) -> bool:
    """Say whether a message is ours."""
    return MARK in document


def read(document: Mapping[str, object]) -> tuple[Hint, ...]:
    """Return a hint for each key; they stand there as they are in S3, not URL-encoded."""
    # Asked first, since another version may have other fields.
    header = shaped(document, _Header, what="a Pixfleet message")
    if (header.pixfleet, header.version) != (KIND, VERSION):
        got = f"{shown(header.pixfleet)} of version {header.version}"
        raise bad(f"Expected a Pixfleet {KIND} of version {VERSION}, got {got}.")
    backfill = shaped(document, _Backfill, what="a backfill message")
    return tuple(Hint(backfill.bucket, key, KIND) for key in backfill.keys)


def write(bucket: str, keys: Sequence[str]) -> str:
    """Return the message that `read` reads, in ASCII.

    SQS takes only the characters that XML allows, and a key may hold others. The caller sees to it
    that the message stays under the queue's limit; a character outside ASCII takes 6 or 12 bytes.
    """
    document = {MARK: KIND, "version": VERSION, "bucket": bucket, "keys": list(keys)}
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
