"""Writes the demo's gallery: one page that needs no network, no server and no script to be read.

Keys, causes and details come from users: every text goes through `escape` on its way into it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template

from scripts.pixfleet.page.gallery_picture import (
    Shown,
    ShownDead,
    best_of,
    picture,
    placeholder_style,
    variant_link,
)
from scripts.pixfleet.page.report import SAVED, SECONDS, Report
from scripts.pixfleet.page.rows import VariantRow, codec_name
from scripts.pixfleet.terminal.text import counted, human_bytes, percent, pixels
from shared.model.manifest import Placeholder
from shared.model.recipe import Slot

TEMPLATE = Path(__file__).with_name("gallery.html")
TALL = 1.15  # height over width from which a picture stands beside its figures
LEAD = (
    "Each image was dropped into a bucket, and the fleet made its variants. Every "
    "source stands beside them here: drag the handle to compare. The framed figure in"
    " each table is the variant that your browser picked for this window, as a "
    "reader&rsquo;s would."
)
FOOTER = (
    "Made by <code>make demo</code>. The same figures stand in <a "
    'href="report.json">report.json</a>.'
)
NEW_TAB = 'target="_blank" rel="noopener"'


def gallery(report: Report, shown: Sequence[Shown], dead: Sequence[ShownDead]) -> str:
    """Return the page; what is not shown of the report is counted in its note."""
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


@dataclass(frozen=True, slots=True)
class Heading:
    """The words around the cards: title and note are text, lead and footer are HTML."""

    title: str
    lead: str
    note: str
    footer: str


def page(heading: Heading, totals: Sequence[tuple[str, str]], cards: Sequence[str]) -> str:
    """Return a page of cards; a total's name is text, its value HTML."""
    boxes = (f"<div><dt>{escape(name)}</dt><dd>{value}</dd></div>" for name, value in totals)
    return Template(TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=escape(heading.title),
        lead=heading.lead,
        totals="".join(boxes),
        note=escape(heading.note),
        cards="\n".join(cards),
        footer=heading.footer,
    )


def _left_out(report: Report, shown: Sequence[Shown], dead: Sequence[ShownDead]) -> str:
    hidden = report.finished - len(shown) - len(dead)
    return (
        f" {counted(hidden, 'more image')} of this run stand in report.json only."
        if hidden
        else ""
    )


def card(shown: Shown, number: int) -> str:
    """Return one published source beside its variants; `number` is its place on the page."""
    row = shown.row
    source = row.source
    tall = " tall" if source.height > source.width * TALL else ""
    moving = f", {source.frames} frames" if source.frames > 1 else ""
    facts = f"{codec_name(source.format)}, {pixels(source.width, source.height)}{moving}"
    word = "saved" if row.saved >= 0 else "larger"
    saved = f"<strong>{percent(abs(row.saved))} {word}</strong>"
    return (
        f'<article class="card{tall}"><div class="head"><h2>{escape(source.key)}</h2>'
        f"<p>{escape(facts)} · {human_bytes(source.bytes)} → {escape(row.shown.codec)} "
        f"{human_bytes(row.shown.bytes)} {saved} · {row.render_seconds:.2f} s</p></div>"
        f'<div class="body">{_stage(shown, number)}<div class="panel">{_table(shown)}'
        f"{_legend(shown)}{_holder(row.manifest.placeholder)}</div></div>{_ladder(shown)}</article>"
    )


def _stage(shown: Shown, number: int) -> str:
    """Return the picture, with the source laid over its left half where a browser can show it."""
    source = shown.row.source
    variant = '<figcaption class="tag right">Variant</figcaption>'
    if shown.source is None:
        return f'<figure class="stage">{picture(shown, number)}{variant}</figure>'
    label = f"Compare source and variant of {source.key}"
    tag = f"Source {codec_name(source.format)}, {human_bytes(source.bytes)}"
    return (
        f'<figure class="stage compare">{picture(shown, number)}<span class="source">'
        f'<img src="{escape(shown.source)}" alt="" width="{source.width}" '
        f'height="{source.height}" loading="lazy" decoding="async"></span>'
        f'<input type="range" min="0" max="100" value="50" aria-label="{escape(label)}">'
        f'<span class="grip"></span><span class="tag left">{escape(tag)}</span>{variant}</figure>'
    )


def _table(shown: Shown) -> str:
    row = shown.row
    slots = [slot for slot in Slot if any(variant.slot is slot for variant in row.variants)]
    head = "".join(f'<th scope="col">{_slot_title(slot)}</th>' for slot in slots)
    by_name: dict[str, dict[Slot, VariantRow]] = {}
    for variant in row.variants:
        by_name.setdefault(variant.name, {})[variant.slot] = variant
    lines = "".join(_line(shown, name, found, slots) for name, found in by_name.items())
    return (
        f"<table><caption>{counted(len(row.variants), 'variant')}, {human_bytes(row.total_bytes)} "
        f'together</caption><thead><tr><th scope="col">Variant</th>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )


def _line(shown: Shown, name: str, found: Mapping[Slot, VariantRow], slots: Iterable[Slot]) -> str:
    size = next(iter(found.values()))
    cells = "".join(f"<td>{_cell(shown, found.get(slot))}</td>" for slot in slots)
    return (
        f'<tr><th scope="row">{escape(name)}<small>{pixels(size.width, size.height)}</small></th>'
        f"{cells}</tr>"
    )


def _cell(shown: Shown, variant: VariantRow | None) -> str:
    if variant is None:
        return '<span class="hidden">not made</span>'
    other = ' class="other"' if variant.is_another_codec else ""
    title = f"Open {variant.name} in the {variant.slot} slot: {variant.codec}"
    label = f"{variant.name} {variant.codec}, {human_bytes(variant.bytes)}"
    share = 100 * variant.bytes / shown.row.largest.bytes
    return (
        f'<a href="{variant_link(shown, variant)}" {NEW_TAB}{other} title="{escape(title)}" '
        f'data-label="{escape(label)}"><b>{human_bytes(variant.bytes)}</b>'
        f'<small>{escape(variant.codec)}</small><i style="width:{share:.1f}%"></i></a>'
    )


def _legend(shown: Shown) -> str:
    if not any(variant.is_another_codec for variant in shown.row.variants):
        return ""
    return (
        '<p class="legend">In this colour: the slot holds another codec that came out smaller, or '
        "that moves, and that its readers can show as well.</p>"
    )


def _holder(placeholder: Placeholder | None) -> str:
    if placeholder is None:
        return ""
    return (
        f'<p class="holder"><span class="tiny" style="{placeholder_style(placeholder)}"></span>'
        f"<span>Shown before the picture comes: {len(placeholder.data_uri)} characters in the "
        f"manifest, average colour {escape(placeholder.colour)}</span></p>"
    )


def _ladder(shown: Shown) -> str:
    """Return every picture once, in its best slot, wide in proportion as far as a page allows."""
    groups: dict[tuple[int, int, int], list[VariantRow]] = {}
    for variant in best_of(shown.row):
        groups.setdefault((variant.width, variant.height, variant.bytes), []).append(variant)
    steps = "".join(_step(shown, same) for same in groups.values())
    return f'<ul class="ladder" aria-label="Variants side by side">{steps}</ul>'


def _step(shown: Shown, same: Sequence[VariantRow]) -> str:
    """Return one picture under all the names that hold it."""
    variant = same[0]
    names = escape(", ".join(one.name for one in same))
    link = variant_link(shown, variant)
    return (
        f'<li style="flex:{variant.width} 1 0"><a href="{link}" {NEW_TAB} title="{names}">'
        f'<img src="{link}" alt="" width="{variant.width}" height="{variant.height}" '
        f'loading="lazy" decoding="async"><b>{names}</b>'
        f"<small>{pixels(variant.width, variant.height)}</small>"
        f"<small>{escape(variant.codec)} {human_bytes(variant.bytes)}</small></a></li>"
    )


def dead_card(dead: ShownDead) -> str:
    """Return one source that was given up, and why."""
    letter = dead.letter
    figure = (
        f'<figure><img src="{escape(dead.source)}" alt="" loading="lazy">'
        "<figcaption>What a browser makes of it</figcaption></figure>"
        if dead.source
        else ""
    )
    return (
        f'<article class="card dead"><div class="head"><h2>{escape(letter.key)}</h2>'
        f"<p>Dead letter · {human_bytes(letter.source_bytes)}</p></div>"
        f'<div class="body">{figure}<div class="panel">'
        f'<span class="cause">{escape(letter.cause or "no cause")}</span>'
        f"<p>{escape(letter.detail)}</p>"
        f'<p class="soft">Stage: {escape(letter.stage or "unknown")}. Its message waits in the '
        "dead-letter queue. Nothing of it was published, and no other image waited for it.</p>"
        "</div></div></article>"
    )


def _totals(report: Report) -> Iterable[tuple[str, str]]:
    yield "Published", str(len(report.images))
    yield "Variants", str(report.variant_count)
    yield "Sources", human_bytes(report.source_bytes)
    yield "Widest variants", human_bytes(report.shown_bytes)
    yield "Saved", percent(report.saved)
    yield "Pace", f"{report.images_per_second:.2f} <small>images/s</small>"
    yield "Dead letters", str(len(report.dead_letters))


def _slot_title(slot: Slot) -> str:
    return codec_name(slot) if slot is not Slot.FALLBACK else "Fallback"
