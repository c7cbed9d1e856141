"""The message of a backfill, which names many keys of a bucket."""

import json
from collections.abc import Mapping, Sequence
from typing import Annotated

import msgspec

from shared.events.hint import Hint
from shared.events.parsing import Name, ascii_excerpt, bad_message, convert

FIELD = "pixfleet"
KIND = "backfill"
VERSION = 1


class Form(msgspec.Struct):
    """The fields of every message of ours: its kind and the version of the kind."""

    pixfleet: str
    version: Annotated[int, msgspec.Meta(ge=0, le=2**32)]


class _Backfill(msgspec.Struct):
    bucket: Name
    keys: tuple[Name, ...]


def recognises(document: Mapping[str, object]) -> bool:
    """Return whether a message has the form of a Pixfleet message."""
    return FIELD in document


def read(document: Mapping[str, object]) -> tuple[Hint, ...]:
    """Return a hint for each key; keys are as in S3, not URL-encoded. `BadMessage` otherwise."""
    # Checked first, because another version may have other fields.
    form = convert(document, Form, what="a Pixfleet message")
    if (form.pixfleet, form.version) != (KIND, VERSION):
        got = f"{ascii_excerpt(form.pixfleet)} of version {form.version}"
        raise bad_message(f"Expected a Pixfleet {KIND} of version {VERSION}, got {got}.")
    backfill = convert(document, _Backfill, what="a backfill message")
    return tuple(Hint(backfill.bucket, key, KIND) for key in backfill.keys)


def write(bucket: str, keys: Sequence[str]) -> str:
    """Return the message that `read` reads, in ASCII.

    SQS accepts only the characters of XML, and keys may hold others. The caller must keep the
    message below the queue's size limit; a character outside ASCII takes 6 or 12 bytes.
    """
    document = {FIELD: KIND, "version": VERSION, "bucket": bucket, "keys": list(keys)}
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
