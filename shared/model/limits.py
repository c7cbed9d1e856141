"""What a source may cost before it is refused."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024
# More frames, pages or directories than this are never read, whatever a recipe takes of them: the
# decoders' time grows with their square.
MAX_FRAMES_READ = 5_000


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one image; `max_pixels` counts all frames, `memory_bytes` is a child's budget.

    The defaults take a JPEG of 100 megapixels, and of formats that decode into more memory what a
    child can hold: an AVIF of 50, a WebP of 45 or so. The prices are in
    `shared.imaging.intake.cost_limits`.
    """

    max_bytes: int = 100 * MEBIBYTE
    max_pixels: int = 100_000_000
    max_frames: int = 300
    memory_bytes: int = 1_000 * MEBIBYTE
