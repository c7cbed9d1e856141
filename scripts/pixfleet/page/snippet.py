"""Writes the HTML that shows one published source, as a front-end developer would."""

from collections.abc import Sequence
from html import escape

from scripts.pixfleet.page.gallery_picture import placeholder_style
from scripts.pixfleet.page.rows import Manifest, VariantRow
from shared.model.recipe import Slot

# Above this, two heights of one picture are not of the same shape.
ROUNDING = 1


def ladder(manifest: Manifest) -> tuple[VariantRow, ...]:
    """Return the variants that show the whole picture, narrowest first: no crops.

    Rungs wider than the source all hold its own width; only the first is kept in each slot.
    """
    source = manifest.source
    kept: dict[tuple[Slot, int], VariantRow] = {}
    for variant in manifest.variants:
        expected = variant.width * source.height / source.width
        if abs(variant.height - expected) <= ROUNDING:
            kept.setdefault((variant.slot, variant.width), variant)
    # A recipe of crops only: then these are what there is to show.
    shown = kept.values() or manifest.variants[:1]
    return tuple(sorted(shown, key=lambda variant: variant.width))


def srcset(rungs: Sequence[VariantRow], base: str) -> str:
    """Return the value of a `srcset`, not yet escaped."""
    # A comma would end a candidate, and URLs may hold one.
    return ", ".join(f"{base}{rung.url.replace(',', '%2C')} {rung.width}w" for rung in rungs)


def srcsets(manifest: Manifest, base: str) -> dict[Slot, str]:
    """Return a `srcset` for each slot that has variants, best first."""
    rungs = ladder(manifest)
    slots = {slot: [rung for rung in rungs if rung.slot is slot] for slot in Slot}
    return {slot: srcset(found, base) for slot, found in slots.items() if found}


def picture(manifest: Manifest, base: str, sizes: str) -> str:
    """Return a `<picture>`: no layout shift, a placeholder, loaded when it comes into view.

    A slot's `type` is a promise about the reader, so it stays where the file is another codec. The
    last slot is for whoever takes no other.
    """
    rungs = ladder(manifest)
    *better, last = srcsets(manifest, base).items()
    in_last = [rung for rung in rungs if rung.slot is last[0]]
    widest = rungs[-1]
    wide = f'sizes="{escape(sizes)}"'
    sources = [
        f'  <source type="image/{slot}" srcset="{escape(urls)}" {wide}>' for slot, urls in better
    ]
    style = placeholder_style(manifest.placeholder)
    look = f"{style};background-size:cover" if "url(" in style else style
    attributes = [
        f'src="{escape(base + in_last[-1].url)}"',
        f'srcset="{escape(last[1])}" {wide}',
        f'width="{widest.width}" height="{widest.height}" loading="lazy" decoding="async" alt=""',
        *([f'style="{escape(look)}"'] if look else []),
    ]
    image = "\n       ".join(attributes)
    return "\n".join(["<picture>", *sources, f"  <img {image}>", "</picture>"])
