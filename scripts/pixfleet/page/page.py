"""Writes one HTML page of cards that needs no network and no server.

Keys, causes and details come from users: every text is escaped.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

TEMPLATE = Path(__file__).with_name("page.html")


@dataclass(frozen=True, slots=True)
class Heading:
    """The text around the cards: `title` and `note` are plain text, `lead` and `footer` HTML."""

    title: str
    lead: str
    note: str
    footer: str


def page(heading: Heading, totals: Sequence[tuple[str, str]], cards: Sequence[str]) -> str:
    """Return a page of cards; a total's name is plain text, its value HTML."""
    boxes = (f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in totals)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(heading.title),
        lead=heading.lead,
        totals="".join(boxes),
        note=escape(heading.note),
        cards="\n".join(cards),
        footer=heading.footer,
    )
