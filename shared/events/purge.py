"""The message that asks for a purge of what CloudFront has cached, of one key or of everything."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from shared.events.backfill import FIELD, Form
from shared.events.parsing import Name, ascii_excerpt, bad_message, convert, parse
from shared.model.keys import MAX_KEY_BYTES

KIND = "purge"
VERSION = 1
# A second message for each key has this delay: AWS does not document that an answer which is on
# its way through an origin shield during an invalidation is not cached after it.
AGAIN_SECONDS = 60


class _Purge(msgspec.Struct):
    key: Name | msgspec.UnsetType = msgspec.UNSET
    everything: bool = False
    receipt: Name | msgspec.UnsetType = msgspec.UNSET


@dataclass(frozen=True, slots=True)
class PurgeRequest:
    """A key whose cached answers are to be evicted; empty if `is_everything`.

    `receipt` is the id of a deletion's receipt that gets the id of the invalidation, or empty. It
    is not compared: one invalidation answers all requests for a key.
    """

    key: str
    is_everything: bool = False
    receipt: str = field(default="", compare=False)


def write(key: str, *, receipt: str = "") -> str:
    """Return the message for one key, in ASCII, because SQS accepts only the characters of XML."""
    return _written({"key": key, **({"receipt": receipt} if receipt else {})})


def write_everything() -> str:
    """Return the message for everything that is cached."""
    return _written({"everything": True})


def read(body: str) -> PurgeRequest:
    """Return what a message asks for; `BadMessage` for any other text."""
    document = parse(body)
    form = convert(document, Form, what="a Pixfleet message")
    if (form.pixfleet, form.version) != (KIND, VERSION):
        got = f"{ascii_excerpt(form.pixfleet)} of version {form.version}"
        raise bad_message(f"Expected a Pixfleet {KIND} of version {VERSION}, got {got}.")
    purge = convert(document, _Purge, what="a purge message")
    if isinstance(purge.key, str) == purge.everything:
        raise bad_message("Expected either a key or everything, got both or neither.")
    if not isinstance(purge.key, str):
        return PurgeRequest("", is_everything=True)
    if len(purge.key.encode()) > MAX_KEY_BYTES:
        raise bad_message(f"Expected a key of at most {MAX_KEY_BYTES} bytes, got a longer one.")
    return PurgeRequest(purge.key, receipt=purge.receipt or "")


def _written(fields: Mapping[str, object]) -> str:
    document = {FIELD: KIND, "version": VERSION, **fields}
    return json.dumps(document, ensure_ascii=True, separators=(",", ":"))
