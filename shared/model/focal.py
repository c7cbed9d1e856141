"""The focal point of a source: what its owner wants to see in every crop."""

import re
from dataclasses import dataclass

from shared.model.errors import BadFocal

# Plain decimals only: no sign, no exponent, no infinity.
FRACTION = r"\s*([01]|[01]?\.[0-9]{1,9}|[01]\.)\s*"
POINT = re.compile(f"{FRACTION},{FRACTION}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Focal:
    """A point as fractions of the upright picture's width and height, from its top left."""

    x: float
    y: float


def read_focal(text: str | None) -> Focal | None:
    """Return the point that `0.62,0.31` means, or none; `BadFocal` for what means no point."""
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
