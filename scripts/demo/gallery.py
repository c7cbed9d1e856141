"""Makes the demo's gallery: a page that shows every image of a run."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts.demo.report import SAVED, SECONDS, DemoReport
from scripts.pixfleet.page.card import Card, DeadCard
from scripts.pixfleet.page.environment import fill_template
from scripts.pixfleet.page.page import Page, Total
from scripts.pixfleet.terminal.text import counted, human_bytes, percent

TEMPLATES = Path(__file__).with_name("templates")


def gallery(report: DemoReport, cards: Sequence[Card], dead_cards: Sequence[DeadCard]) -> str:
    """Return the page; its note counts the images of the report that it does not show."""
    images = counted(len(report.images), "image")
    hidden = report.finished - len(cards) - len(dead_cards)
    page = Page(
        title=f"{images}, {counted(report.variant_count, 'variant')}",
        note=f"Saved: {SAVED} Seconds: {SECONDS}{_left_out(hidden)}",
        totals=list(_totals(report)),
        cards=cards,
        dead_cards=dead_cards,
    )
    return fill_template("gallery.html", TEMPLATES, page=page)


def _left_out(hidden: int) -> str:
    more = counted(hidden, "more image")
    return f" {more} of this run are in report.json only." if hidden else ""


def _totals(report: DemoReport) -> Iterable[Total]:
    yield Total("Published", str(len(report.images)))
    yield Total("Variants", str(report.variant_count))
    yield Total("Sources", human_bytes(report.source_bytes))
    yield Total("Widest variants", human_bytes(report.shown_bytes))
    yield Total("Saved", percent(report.saved))
    yield Total("Pace", f"{report.images_per_second:.2f}", "images/s")
    yield Total("Dead letters", str(len(report.dead_letters)))
