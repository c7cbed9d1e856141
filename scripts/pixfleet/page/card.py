"""Writes the card of one image: its pictures, its table of variants, or why it failed.

Keys, causes and details come from users: every text is escaped.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from scripts.pixfleet.page.card_picture import (
    Shown,
    ShownDead,
    best_of,
    picture,
    placeholder_style,
    variant_link,
)
from scripts.pixfleet.page.rows import codec_name, is_another_codec, variant_codec
from scripts.pixfleet.terminal.text import counted, human_bytes, percent, pixels
from shared.model.manifest import ManifestVariant, Placeholder
from shared.model.recipe import Slot

TALL = 1.15  # ratio of height to width above which the table is beside the picture
NEW_TAB = 'target="_blank" rel="noopener"'


def card(shown: Shown, number: int) -> str:
    """Return the card of a published source; `number` is the card's place on the page, from 0."""
    row = shown.row
    source = row.source
    tall = " tall" if source.height > source.width * TALL else ""
    moving = f", {source.frames} frames" if source.frames > 1 else ""
    facts = f"{codec_name(source.format)}, {pixels(source.width, source.height)}{moving}"
    word = "saved" if row.saved >= 0 else "larger"
    saved = f"<strong>{percent(abs(row.saved))} {word}</strong>"
    return (
        f'<article class="card{tall}"><div class="head"><h2>{escape(source.key)}</h2>'
        f"<p>{escape(facts)} · {human_bytes(source.bytes)} → {escape(variant_codec(row.shown))} "
        f"{human_bytes(row.shown.bytes)} {saved} · {row.render_seconds:.2f} s</p></div>"
        f'<div class="body">{_stage(shown, number)}<div class="panel">{_table(shown)}'
        f"{_legend(shown)}{_holder(row.manifest.placeholder)}</div></div>{_ladder(shown)}</article>"
    )


def _stage(shown: Shown, number: int) -> str:
    """Return the picture, its left half covered by the source if a browser can show that."""
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
    by_name: dict[str, dict[Slot, ManifestVariant]] = {}
    for variant in row.variants:
        by_name.setdefault(variant.name, {})[variant.slot] = variant
    lines = "".join(_line(shown, name, found, slots) for name, found in by_name.items())
    return (
        f"<table><caption>{counted(len(row.variants), 'variant')}, {human_bytes(row.total_bytes)} "
        f'together</caption><thead><tr><th scope="col">Variant</th>{head}</tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )


def _line(
    shown: Shown, name: str, found: Mapping[Slot, ManifestVariant], slots: Iterable[Slot]
) -> str:
    size = next(iter(found.values()))
    cells = "".join(f"<td>{_cell(shown, found.get(slot))}</td>" for slot in slots)
    return (
        f'<tr><th scope="row">{escape(name)}<small>{pixels(size.width, size.height)}</small></th>'
        f"{cells}</tr>"
    )


def _cell(shown: Shown, variant: ManifestVariant | None) -> str:
    if variant is None:
        return '<span class="hidden">not made</span>'
    other = ' class="other"' if is_another_codec(variant) else ""
    title = f"Open {variant.name} in the {variant.slot} slot: {variant_codec(variant)}"
    label = f"{variant.name} {variant_codec(variant)}, {human_bytes(variant.bytes)}"
    share = 100 * variant.bytes / shown.row.largest.bytes
    return (
        f'<a href="{variant_link(shown, variant)}" {NEW_TAB}{other} title="{escape(title)}" '
        f'data-label="{escape(label)}"><b>{human_bytes(variant.bytes)}</b>'
        f'<small>{escape(variant_codec(variant))}</small><i style="width:{share:.1f}%"></i></a>'
    )


def _legend(shown: Shown) -> str:
    if not any(is_another_codec(variant) for variant in shown.row.variants):
        return ""
    return (
        '<p class="legend">In this colour: the slot holds another codec than the one in its name, '
        "because that file is smaller or animated. Every browser that gets the slot shows it.</p>"
    )


def _holder(placeholder: Placeholder | None) -> str:
    if placeholder is None:
        return ""
    return (
        f'<p class="holder"><span class="tiny" style="{placeholder_style(placeholder)}"></span>'
        f"<span>Shown until the picture has loaded: {len(placeholder.data_uri)} characters in the "
        f"manifest, average colour {escape(placeholder.colour)}</span></p>"
    )


def _ladder(shown: Shown) -> str:
    """Return every picture once, in its best slot, with widths in proportion."""
    groups: dict[tuple[int, int, int], list[ManifestVariant]] = {}
    for variant in best_of(shown.row):
        groups.setdefault((variant.width, variant.height, variant.bytes), []).append(variant)
    steps = "".join(_step(shown, same) for same in groups.values())
    return f'<ul class="ladder" aria-label="Variants side by side">{steps}</ul>'


def _step(shown: Shown, same: Sequence[ManifestVariant]) -> str:
    """Return one picture with the names of all variants that are this picture."""
    variant = same[0]
    names = escape(", ".join(one.name for one in same))
    link = variant_link(shown, variant)
    return (
        f'<li style="flex:{variant.width} 1 0"><a href="{link}" {NEW_TAB} title="{names}">'
        f'<img src="{link}" alt="" width="{variant.width}" height="{variant.height}" '
        f'loading="lazy" decoding="async"><b>{names}</b>'
        f"<small>{pixels(variant.width, variant.height)}</small>"
        f"<small>{escape(variant_codec(variant))} {human_bytes(variant.bytes)}</small></a></li>"
    )


def dead_card(dead: ShownDead) -> str:
    """Return the card of a rejected source."""
    dead_letter = dead.dead_letter
    figure = (
        f'<figure><img src="{escape(dead.source)}" alt="" loading="lazy">'
        "<figcaption>How a browser shows the file</figcaption></figure>"
        if dead.source
        else ""
    )
    return (
        f'<article class="card dead"><div class="head"><h2>{escape(dead_letter.key)}</h2>'
        f"<p>Dead letter · {human_bytes(dead_letter.source_bytes)}</p></div>"
        f'<div class="body">{figure}<div class="panel">'
        f'<span class="cause">{escape(dead_letter.cause or "no cause")}</span>'
        f"<p>{escape(dead_letter.detail)}</p>"
        f'<p class="soft">Stage: {escape(dead_letter.stage or "unknown")}. Its message waits in '
        "the dead-letter queue. Nothing of it was published, and no other image waited for it.</p>"
        "</div></div></article>"
    )


def _slot_title(slot: Slot) -> str:
    return codec_name(slot) if slot is not Slot.FALLBACK else "Fallback"
