"""What remains of an event once its envelope is off."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Hint:
    """A hint that a key may have changed; nothing in it decides anything.

    `key` is the source's key, decoded exactly once. `event` is for logs only, `happened_at` (with
    a time zone) for metrics only: both are what the sender claims.
    """

    bucket: str
    key: str
    event: str
    happened_at: datetime | None = None
