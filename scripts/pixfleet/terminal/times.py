"""Times as people type them: `90s`, `30m`, `1h`, `7d`."""

import re

from shared.model.errors import Misconfigured

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_SPAN = re.compile(r"(\d{1,6})([smhd])")


def span_seconds(text: str, *, option: str) -> int:
    """Return how many seconds a text such as `30m` means; `Misconfigured` if it means none."""
    if (found := _SPAN.fullmatch(text.strip())) is None:
        raise Misconfigured(
            f"{option} cannot be used", [f"expected a time such as 30m, 1h or 7d, got {text!r}"]
        )
    return int(found[1]) * _UNITS[found[2]]
