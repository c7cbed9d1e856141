"""Finds the advice of docs/runbook.md for a cause."""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "runbook.md"
SECTION = "docs/runbook.md#there-is-a-dead-letter"
_ROW = re.compile(r"^\|(?P<causes>[^|]*`[^|]*)\|(?P<means>[^|]*)\|(?P<do>[^|]*)\|$", re.MULTILINE)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


@dataclass(frozen=True, slots=True)
class Advice:
    """What a cause means and what to do; empty if the page or the row is missing."""

    means: str = ""
    do: str = ""


def advice(cause: str) -> Advice:
    """Return the advice of the table row that names this cause."""
    if not PAGE.is_file():  # an installed package has no docs/
        return Advice()
    for row in _ROW.finditer(PAGE.read_text(encoding="utf-8")):
        causes = row["causes"].strip()
        is_special_case = "with" in causes
        if f"`{cause}`" in causes and not is_special_case:
            return Advice(_plain(row["means"]), _plain(row["do"]))
    return Advice()


def _plain(cell: str) -> str:
    return _LINK.sub(r"\1", cell).strip()
