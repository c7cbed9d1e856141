"""Makes the HTML that a web page needs to show one published source."""

from collections.abc import Sequence

from scripts.pixfleet.page.environment import fill_template
from scripts.pixfleet.page.placeholder import placeholder_style
from shared.model.manifest import Manifest, ManifestVariant
from shared.model.recipe import Slot

# Pixels by which rounding can change the height of a resized picture; a crop differs by more.
ROUNDING = 1


def ladder(manifest: Manifest) -> tuple[ManifestVariant, ...]:
    """Return the variants that show the whole picture (no crops), narrowest first.

    Rungs wider than the source all have the source's width; each slot keeps the first of them. If
    the recipe has crops only, the first variant is returned.
    """
    source = manifest.source
    kept: dict[tuple[Slot, int], ManifestVariant] = {}
    for variant in manifest.variants:
        expected = variant.width * source.height / source.width
        if abs(variant.height - expected) <= ROUNDING:
            kept.setdefault((variant.slot, variant.width), variant)
    shown = kept.values() or manifest.variants[:1]
    return tuple(sorted(shown, key=lambda variant: variant.width))


def srcset(rungs: Sequence[ManifestVariant], base: str) -> str:
    """Return the value of a `srcset`, not escaped for HTML."""
    # A comma ends a candidate of a `srcset`, and URLs may contain commas.
    return ", ".join(f"{base}{rung.url.replace(',', '%2C')} {rung.width}w" for rung in rungs)


def srcsets(manifest: Manifest, base: str) -> dict[Slot, str]:
    """Return a `srcset` for each slot that has variants, best first."""
    rungs = ladder(manifest)
    slots = {slot: [rung for rung in rungs if rung.slot is slot] for slot in Slot}
    return {slot: srcset(found, base) for slot, found in slots.items() if found}


def picture(manifest: Manifest, base: str, sizes: str) -> str:
    """Return a `<picture>` that loads lazily, and that needs no CSS of its page.

    It has the picture's size, so nothing moves when it loads. It shows the placeholder until then,
    except for a transparent picture, through which it would shine where no script may run. An
    opaque picture covers it there.

    A `<source>` has the slot's type even if the file is of another codec: the type says which
    browsers use this source. The `<img>` has the last slot's variants, for all other browsers.
    """
    rungs = ladder(manifest)
    *better, (last, srcset_of_img) = srcsets(manifest, base).items()
    widest_in_last = [rung for rung in rungs if rung.slot is last][-1]
    return fill_template(
        "snippet.html",
        sources=better,
        src=base + widest_in_last.url,
        srcset=srcset_of_img,
        sizes=sizes,
        widest=rungs[-1],
        style="" if manifest.source.has_alpha else placeholder_style(manifest.placeholder),
    ).strip()
