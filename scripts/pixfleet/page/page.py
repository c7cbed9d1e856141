"""The values of a page of cards, which needs no network and no server."""

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.pixfleet.page.card import Card, DeadCard


@dataclass(frozen=True, slots=True)
class Total:
    """A figure at the top of a page."""

    name: str
    value: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What `page.html` shows, apart from the sentences of the template that extends it."""

    title: str
    note: str = ""
    totals: Sequence[Total] = ()
    cards: Sequence[Card] = ()
    dead_cards: Sequence[DeadCard] = ()
