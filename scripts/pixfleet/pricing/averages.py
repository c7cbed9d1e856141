"""What the images of a backfill cost, from averages per image."""

from dataclasses import dataclass

from scripts.pixfleet.pricing.rendering import render_dollars

# The share of its time in which a worker renders, as measured in tests/bench/README.md.
BUSY_SHARE = 0.92


@dataclass(frozen=True, slots=True)
class Averages:
    """Averages per image, and where they come from. `objects` counts the variants only."""

    cpu_seconds: float
    objects: float
    variant_bytes: float
    origin: str

    def dollars(self, architecture: str) -> float:
        """Return the dollars for rendering one image."""
        return total_dollars(1, self.cpu_seconds, self.objects, architecture)


# The default recipe, of which WebP is lazy, and a source of 24 megapixels: docs/cost.md.
DEFAULT_AVERAGES = Averages(
    0.90, 9, 371_000, "docs/cost.md, because the ledger has no CPU time of the latest images"
)


def total_dollars(images: int, cpu_seconds: float, objects: float, architecture: str) -> float:
    """Return the dollars for rendering images.

    `cpu_seconds` are those of all images together; `objects` are the variants of each image.
    """
    if not images:
        return 0.0
    return images * render_dollars(cpu_seconds / images, objects + 1, architecture)
