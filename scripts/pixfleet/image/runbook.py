"""What docs/runbook.md says of a cause."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"
PLACE = "docs/runbook.md#there-is-a-dead-letter"
_ROW = re.compile(r"^\|(?P<causes>[^|]*`[^|]*)\|(?P<means>[^|]*)\|(?P<do>[^|]*)\|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Advice:
    """What a cause means and what to do about it; empty where the page is not at hand."""

    means: str = ""
    do: str = ""


def advice(cause: str) -> Advice:
    """Return the row of the page's table that is about this cause alone or among others."""
    if not PAGE.is_file():  # an installed command comes without its pages
        return Advice()
    for row in _ROW.finditer(PAGE.read_text(encoding="utf-8")):
        causes = row["causes"].strip()
        is_special_case = "with" in causes
        if f"`{cause}`" in causes and not is_special_case:
            return Advice(_plain(row["means"]), _plain(row["do"]))
    return Advice()


def _plain(cell: str) -> str:
    return _LINK.sub(r"\1", cell).strip()
