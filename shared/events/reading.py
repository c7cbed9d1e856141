"""Reads untrusted JSON into typed values, or says in one sentence what is wrong with it."""

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
    """Return the value of a JSON text; `BadMessage` for whatever else it is."""
    try:
        return msgspec.json.decode(text)
    except UnicodeEncodeError as error:
        raise bad("Expected JSON in Unicode, got half of a surrogate pair.") from error
    except RecursionError as error:
        raise bad("Expected JSON of a few levels, got one nested too deep to read.") from error
    except msgspec.MsgspecError as error:
        # Without an excerpt: details are logged, and bodies are not.
        raise bad(f"Expected JSON, got {len(text)} characters that are not: {error}.") from error


def shaped(value: object, shape: type[Shape], *, what: str) -> Shape:
    """Return a parsed value as a type; `BadMessage` with the place of the first misfit."""
    try:
        return msgspec.convert(value, shape)
    except msgspec.ValidationError as error:
        raise bad(f"Expected {what}, got one that does not fit: {error}.") from error


def moment(value: object) -> datetime | None:
    """Return a time that has a time zone, none for anything else: it is for metrics only."""
    try:
        return msgspec.convert(value, Moment).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None


def bad(sentence: str) -> BadMessage:
    """Return the failure of a message that cannot be understood."""
    return BadMessage(sentence, stage=STAGE)


def shown(text: str) -> str:
    """Return a text on one short line, in ASCII: details travel in message attributes."""
    line = ascii(text)
    return line if len(line) <= 60 else f"{line[:57]}..."  # noqa: PLR2004 - one line on a terminal
