"""Parses a message body of any known form into hints."""

from collections.abc import Callable, Mapping

from shared.events import backfill, eventbridge, s3, sns
from shared.events.hint import Hint
from shared.events.parsing import ascii_excerpt, bad_message, parse

Document = Mapping[str, object]

FORMS: tuple[tuple[Callable[[Document], bool], Callable[[Document], tuple[Hint, ...]]], ...] = (
    (s3.recognises, s3.read),
    (eventbridge.recognises, eventbridge.read),
    (backfill.recognises, backfill.read),
)
KNOWN = "an S3 notification, bare, from SNS or from EventBridge, or a Pixfleet backfill message"

KINDS = {
    bool: "true or false",
    float: "a number",
    int: "a number",
    list: "an array",
    str: "a string",
    type(None): "null",
}


def read_hints(body: str) -> tuple[Hint, ...]:
    """Return the hints of a message body; empty for an S3 test event.

    Raises `BadMessage` for every body without a known form, and no other exception.
    """
    document = _document(body)
    if sns.recognises(document):
        # One level only: topics are not subscribed to topics.
        document = _document(sns.inner_body(document))
    for recognises, read in FORMS:
        if recognises(document):
            return read(document)
    raise bad_message(f"Expected {KNOWN}, got an object with {_fields(document)}.")


def _document(body: str) -> Document:
    value = parse(body)
    if isinstance(value, dict):
        return value
    raise bad_message(f"Expected {KNOWN}, got JSON that is {KINDS[type(value)]}.")


def _fields(document: Document) -> str:
    return f"the fields {ascii_excerpt(', '.join(document))}" if document else "no fields"
