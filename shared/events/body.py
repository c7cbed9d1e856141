"""Finds out which of the forms we understand a message body has, and reads its hints."""

from collections.abc import Callable, Mapping

from shared.events import backfill, eventbridge, s3, sns
from shared.events.hint import Hint
from shared.events.reading import bad, parse, shown

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
    """Return the hints of a message body, none where it is understood and names no key.

    `BadMessage` for everything that is none of the known forms; no other exception.
    """
    document = _document(body)
    if sns.recognises(document):
        # One level only: a topic of ours is never subscribed to a topic.
        document = _document(sns.inner_body(document))
    for recognises, read in FORMS:
        if recognises(document):
            return read(document)
    raise bad(f"Expected {KNOWN}, got an object with {_fields(document)}.")


def _document(body: str) -> Document:
    value = parse(body)
    if isinstance(value, dict):
        return value
    raise bad(f"Expected {KNOWN}, got JSON that is {KINDS[type(value)]}.")


def _fields(document: Document) -> str:
    return f"the fields {shown(', '.join(document))}" if document else "no fields"
