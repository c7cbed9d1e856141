"""The hint that a message gives: a key may have changed."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """A key that may have changed.

    `key` is the source's key, URL-decoded once if the form requires it. `event` is for logs only,
    and `happened_at`, which has a time zone, for metrics only: the sender is not trusted.
    """

    bucket: str
    key: str
    event: str
    happened_at: datetime | None = None
