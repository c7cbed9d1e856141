"""Reads time spans as people type them (`30m`), and formats spans and times for a terminal."""

import re
from datetime import UTC, datetime

from shared.model.errors import Misconfigured

MINUTE, HOUR, DAY = 60, 3600, 86_400
_UNITS = {"s": 1, "m": MINUTE, "h": HOUR, "d": DAY}
_SPAN = re.compile(r"(\d{1,6})([smhd])")


def span_seconds(text: str, *, option: str) -> int:
    """Return the seconds of a text such as `30m`; `Misconfigured` for any other text."""
    if (found := _SPAN.fullmatch(text.strip())) is None:
        raise Misconfigured(
            f"{option} cannot be used", [f"expected a time such as 30m, 1h or 7d, got {text!r}"]
        )
    return int(found[1]) * _UNITS[found[2]]


def duration(seconds: float) -> str:
    """Return a duration in its two largest units, such as `2 h 5 min`."""
    whole = max(0, round(seconds))
    if whole >= DAY:
        return f"{whole // DAY} d {whole % DAY // HOUR} h"
    if whole >= HOUR:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // MINUTE} min {whole % MINUTE} s" if whole >= MINUTE else f"{whole} s"


def timestamp(at: datetime | float) -> str:
    """Return a time in UTC to the second; `at` has a time zone or is in seconds since 1970."""
    moment = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def minute(at: datetime) -> str:
    """Return a time in UTC for a narrow column, such as `Nov 30 02:54`."""
    return at.astimezone(UTC).strftime("%b %d %H:%M")
