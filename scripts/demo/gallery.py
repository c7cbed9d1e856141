"""Writes the demo's gallery: a page that shows every image of a run."""

from collections.abc import Iterable, Sequence

from scripts.demo.report import SAVED, SECONDS, DemoReport
from scripts.pixfleet.page.card import card, dead_card
from scripts.pixfleet.page.card_picture import Shown, ShownDead
from scripts.pixfleet.page.page import Heading, page
from scripts.pixfleet.terminal.text import counted, human_bytes, percent

LEAD = (
    "Each image was uploaded to a bucket, and the worker made its variants. Each source is beside "
    "the variant that your browser chose for this window size; the table frames that variant. "
    "Drag the handle to compare."
)
FOOTER = (
    'Made by <code>make demo</code>. <a href="report.json">report.json</a> has the same figures.'
)


def gallery(report: DemoReport, shown: Sequence[Shown], dead: Sequence[ShownDead]) -> str:
    """Return the page; its note counts the images of the report that it does not show."""
    cards = [*(card(one, number) for number, one in enumerate(shown)), *map(dead_card, dead)]
    variants = counted(report.variant_count, "variant")
    return page(
        Heading(
            f"{counted(len(report.images), 'image')}, {variants}",
            LEAD,
            f"Saved: {SAVED} Seconds: {SECONDS}{_left_out(report, shown, dead)}",
            FOOTER,
        ),
        list(_totals(report)),
        cards,
    )


def _left_out(report: DemoReport, shown: Sequence[Shown], dead: Sequence[ShownDead]) -> str:
    hidden = report.finished - len(shown) - len(dead)
    return (
        f" {counted(hidden, 'more image')} of this run are in report.json only." if hidden else ""
    )


def _totals(report: DemoReport) -> Iterable[tuple[str, str]]:
    yield "Published", str(len(report.images))
    yield "Variants", str(report.variant_count)
    yield "Sources", human_bytes(report.source_bytes)
    yield "Widest variants", human_bytes(report.shown_bytes)
    yield "Saved", percent(report.saved)
    yield "Pace", f"{report.images_per_second:.2f} <small>images/s</small>"
    yield "Dead letters", str(len(report.dead_letters))
