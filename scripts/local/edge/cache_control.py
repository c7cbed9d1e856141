"""Reads Cache-Control (RFC 9111, section 5.2) and Expires."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from scripts.local.edge.messages import Response

NEVER_STORED = frozenset({"no-cache", "no-store", "private"})


def directives(value: str) -> Mapping[str, str]:
    """Return the directives by name; an argument is without quotes, and empty if there is none."""
    found: dict[str, str] = {}
    for part in value.split(","):
        name, _, argument = part.strip().partition("=")
        if name:
            found.setdefault(name.strip().lower(), argument.strip().strip('"'))
    return found


def seconds_of(found: Mapping[str, str], *names: str) -> float | None:
    """Return the argument of the first directive that has a whole number; None without one."""
    for name in names:
        argument = found.get(name, "")
        if argument.isascii() and argument.isdigit():
            return float(argument)
    return None


def explicit_seconds(response: Response, now: float) -> float | None:
    """Return how long the response says that a shared cache may use it; None if it says nothing.

    `s-maxage` comes before `max-age`, and both before `Expires`
    (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html). An
    `Expires` that is no date has passed (RFC 9111, section 5.3).
    """
    named = seconds_of(directives(response.header("cache-control")), "s-maxage", "max-age")
    if named is not None or not response.header("expires"):
        return named
    sent_at = _timestamp(response.header("date"))
    expires_at = _timestamp(response.header("expires"))
    if expires_at is None:
        return 0.0
    return max(0.0, expires_at - (now if sent_at is None else sent_at))


def _timestamp(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None
