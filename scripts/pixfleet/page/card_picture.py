"""Writes the responsive `<picture>` of a card."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from shared.model.manifest import ManifestVariant, Placeholder
from shared.model.recipe import Slot

# Values of a manifest in any other form are not written to style attributes.
DATA_URI = re.compile(r"data:image/[a-z]+;base64,[A-Za-z0-9+/=]+")
COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
STAGE_SIZES = "(min-width: 1280px) 720px, (min-width: 901px) 55vw, 100vw"


@dataclass(frozen=True, slots=True)
class Shown:
    """One published image and the links to its files, relative to the page.

    `source` is None if no browser shows the source's format.
    """

    row: ImageRow
    source: str | None
    links: Mapping[tuple[str, Slot], str]


@dataclass(frozen=True, slots=True)
class ShownDead:
    """One dead letter, and a link to its source if a browser may be able to show it."""

    dead_letter: DeadLetterRow
    source: str | None


def ladder(row: ImageRow) -> tuple[ManifestVariant, ...]:
    """Return the variants that show the whole picture (no crops), narrowest first.

    Rungs wider than the source all have the source's width; each slot keeps the first of them.
    """
    widest = max(row.variants, key=lambda variant: variant.width * variant.height)
    kept: dict[tuple[Slot, int], ManifestVariant] = {}
    for variant in row.variants:
        expected_height = variant.width * widest.height / widest.width
        if abs(variant.height - expected_height) <= 1:
            kept.setdefault((variant.slot, variant.width), variant)
    return tuple(sorted(kept.values(), key=lambda variant: variant.width))


def best_of(row: ImageRow) -> tuple[ManifestVariant, ...]:
    """Return every variant once, in its best slot, in the recipe's order."""
    best: dict[str, ManifestVariant] = {}
    for variant in sorted(row.variants, key=lambda variant: list(Slot).index(variant.slot)):
        best.setdefault(variant.name, variant)
    return tuple(best[name] for name in dict.fromkeys(variant.name for variant in row.variants))


def picture(shown: Shown, number: int) -> str:
    """Return a `<picture>`: best slot first, then a sized `<img>` with the last slot's variants.

    A `<source>` has the slot's type even if the file is of another codec: the type says which
    browsers use this source. `number` is the picture's place on the page; the first is in view at
    once and so is not loaded lazily.
    """
    rungs = ladder(shown.row)
    slots = {slot: [rung for rung in rungs if rung.slot is slot] for slot in Slot}
    *better, last = [slot for slot in Slot if slots[slot]]
    sources = "".join(
        f'<source type="image/{slot}" srcset="{_srcset(shown, slots[slot])}" '
        f'sizes="{STAGE_SIZES}">'
        for slot in better
    )
    lazy = 'loading="lazy" ' if number else ""
    return (
        f'<picture class="picture" style="{placeholder_style(shown.row.manifest.placeholder)}">'
        f'{sources}<img src="{variant_link(shown, slots[last][-1])}" '
        f'srcset="{_srcset(shown, slots[last])}" sizes="{STAGE_SIZES}" '
        f'width="{rungs[-1].width}" height="{rungs[-1].height}" '
        f'alt="{escape(shown.row.source.key)}" {lazy}decoding="async"></picture>'
    )


def placeholder_style(placeholder: Placeholder | None) -> str:
    """Return inline CSS that shows a placeholder; empty if it is not well-formed."""
    if placeholder is None or not COLOUR.fullmatch(placeholder.colour):
        return ""
    colour = f"background-color:{placeholder.colour}"
    if not DATA_URI.fullmatch(placeholder.data_uri):
        return colour
    return f"{colour};background-image:url({placeholder.data_uri})"


def variant_link(shown: Shown, variant: ManifestVariant) -> str:
    """Return the link to a variant's file, escaped for an attribute."""
    return escape(shown.links[variant.name, variant.slot])


def _srcset(shown: Shown, rungs: Sequence[ManifestVariant]) -> str:
    return ", ".join(f"{variant_link(shown, rung)} {rung.width}w" for rung in rungs)
