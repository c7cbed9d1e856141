"""What the images of a run cost, by the prices of all commands and the averages of a stack."""

from dataclasses import dataclass

from scripts.pixfleet.pricing.prices import making_again

# A worker renders this part of its time, by the measure of tests/bench/README.md.
BUSY = 0.92


@dataclass(frozen=True, slots=True)
class Averages:
    """What an image took, and whence that is known; `objects` are its variants alone."""

    cpu_seconds: float
    objects: float
    variant_bytes: float
    origin: str

    def dollars(self, architecture: str) -> float:
        """Return what one image costs once, for being made."""
        return cost(1, self.cpu_seconds, self.objects, architecture)


# The default recipe and a source of 24 megapixels, by docs/cost.md.
MODEL = Averages(1.52, 15, 601_000, "docs/cost.md, as nothing has been made here yet")


def cost(images: int, cpu_seconds: float, objects: float, architecture: str) -> float:
    """Return dollars for so many images that took so much in all, `objects` being of each."""
    if not images:
        return 0.0
    return images * making_again(cpu_seconds / images, objects + 1, architecture)
