"""Types of fields that several bodies have, with what OpenAPI says of them."""

from datetime import UTC, datetime
from typing import Annotated

import msgspec

from shared.model.keys import MAX_KEY_BYTES

Key = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=MAX_KEY_BYTES,
        description="The key of the source in its bucket, not percent-encoded.",
        examples=["photos/cat.jpg"],
    ),
]
Time = Annotated[
    str,
    msgspec.Meta(
        description="A time in UTC.",
        examples=["2026-11-30T12:00:00Z"],
        extra_json_schema={"format": "date-time"},
    ),
]


def time_of(seconds: float) -> str:
    """Return a time as RFC 3339 writes it."""
    return (
        datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    )


def time_or_unset(seconds: float) -> str | msgspec.UnsetType:
    """Return a time, or UNSET for 0, which stands for an unknown one."""
    return time_of(seconds) if seconds else msgspec.UNSET
