"""Converts untrusted JSON into typed values, or raises `BadMessage` with a sentence of ASCII."""

from datetime import UTC, datetime
from typing import Annotated, TypeVar

import msgspec

from shared.model.errors import BadMessage

Shape = TypeVar("Shape")

STAGE = "parse"
# S3 has neither an empty key nor an empty bucket name.
Name = Annotated[str, msgspec.Meta(min_length=1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


def parse(text: str) -> object:
    """Return the value of a JSON text; `BadMessage` if it is not JSON."""
    try:
        return msgspec.json.decode(text)
    except UnicodeEncodeError as error:
        raise bad_message("Expected JSON in Unicode, got half of a surrogate pair.") from error
    except RecursionError as error:
        raise bad_message("Expected JSON of a few levels, got too many levels.") from error
    except msgspec.MsgspecError as error:
        # Without an excerpt: details are logged, and bodies must not be.
        raise bad_message(f"Expected JSON, got {len(text)} other characters: {error}.") from error


def convert(value: object, shape: type[Shape], *, what: str) -> Shape:
    """Return a JSON value as the type `shape`; `BadMessage` with the path of the first problem.

    `what` is the expected thing in the error's sentence.
    """
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise bad_message(f"Expected {what}, got other fields: {error}.") from error


def timestamp(value: object) -> datetime | None:
    """Return a time with a time zone, in UTC; `None` for any other value."""
    try:
        return msgspec.convert(value, Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None


def bad_message(sentence: str) -> BadMessage:
    """Return the failure of a message that has no known form."""
    return BadMessage(sentence, stage=STAGE)


def ascii_excerpt(text: str) -> str:
    """Return the start of a text as a quoted line of ASCII, which message attributes can hold."""
    line = ascii(text)
    return line if len(line) <= 60 else f"{line[:57]}..."  # noqa: PLR2004 - one line on a terminal
