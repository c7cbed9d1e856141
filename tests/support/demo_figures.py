"""Rows and reports for the tests of the demo's report and gallery."""

from scripts.demo.report import DemoReport
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from shared.model.manifest import Manifest, ManifestSource, ManifestVariant, Placeholder
from shared.model.recipe import Slot

AVIF, WEBP, FALLBACK = Slot.AVIF, Slot.WEBP, Slot.FALLBACK
TINY = Placeholder("data:image/webp;base64,UklGRg==", "#a1b2c3")


def variant(
    name: str, slot: Slot, width: int, size: int | None, *, codec: str = ""
) -> ManifestVariant:
    """Return a variant of a 3:2 picture; without a size, one that is made at the first request."""
    usual = "jpeg" if slot is FALLBACK else slot.value
    return ManifestVariant(
        name, slot, f"image/{codec or usual}", width, round(width * 2 / 3), size
    )


LADDER = (
    variant("w320", AVIF, 320, 10_000),
    variant("w320", WEBP, 320, 12_000),
    variant("w640", AVIF, 640, 30_000),
    variant("w640", WEBP, 640, 40_000),
    variant("w640", FALLBACK, 640, 60_000),
    ManifestVariant("thumb", AVIF, "image/avif", 300, 300, 9_000),
)


def row(
    key: str = "cat.jpg",
    variants: tuple[ManifestVariant, ...] = LADDER,
    *,
    source_bytes: int = 120_000,
    placeholder: Placeholder | None = TINY,
) -> ImageRow:
    """Return a published JPEG."""
    source = ManifestSource(key, source_bytes, "jpeg", 1200, 800, frames=1, has_alpha=False)
    manifest = Manifest("responsive", source, variants, placeholder)
    return ImageRow(manifest, render_seconds=0.5, total_seconds=2.0)


def dead_letter(
    key: str = "cut.jpg", cause: str = "truncated", detail: str = "Ends early."
) -> DeadLetterRow:
    """Return a dead letter."""
    return DeadLetterRow(key, cause, "render", detail, source_bytes=5_000)


def report(
    *images: ImageRow, dead: tuple[DeadLetterRow, ...] = (), problems: tuple[str, ...] = ()
) -> DemoReport:
    """Return a run of four seconds."""
    queues = {"live": 0, "dead_letter": len(dead)}
    return DemoReport(images, dead, queues, 4.0, left_out={}, problems=problems)
