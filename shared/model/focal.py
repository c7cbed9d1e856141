"""The focal point of a source: the point that every crop keeps near its middle."""

import re
from dataclasses import dataclass

from shared.model.errors import BadFocal

# Plain decimals only: no sign, no exponent, no `inf`.
FRACTION = r"\s*([01]|[01]?\.[0-9]{1,9}|[01]\.)\s*"
POINT = re.compile(f"{FRACTION},{FRACTION}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Focal:
    """A point as fractions, from 0 to 1, of the upright image's width and height from top left."""

    x: float
    y: float


def read_focal(text: str | None) -> Focal | None:
    """Return the point in a text such as `0.62,0.31`; `None` for an empty text or `None`.

    Raises `BadFocal` for any other text.
    """
    if not text:
        return None
    found = POINT.fullmatch(text)
    x, y = map(float, found.groups()) if found else (2.0, 2.0)
    if max(x, y) > 1:
        raise BadFocal(
            "Expected a focal point as two fractions from 0 to 1 such as 0.62,0.31, "
            f"got {text[:60]!r}.",
            stage="focal",
        )
    return Focal(x, y)
