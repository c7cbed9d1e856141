"""The limits of a source: over some it is refused, over others it is reduced."""

from dataclasses import dataclass

MEBIBYTE = 1024 * 1024
# Files with more frames, pages or directories are refused, even if only the first is rendered:
# the decoders' time grows with the square of their number.
MAX_FRAMES_READ = 5_000
# libvips shrinks by a factor of a million at most, and no real image is that long.
MAX_SOURCE_SIDE = 1_000_000
# Starting a child takes about as much CPU as a small image: 0.1 % of the work of 500 images.
IMAGES_PER_CHILD = 500
# RLIMIT_CPU of a child: it ends one that an image has taken over and whose parent was killed. A
# child that has used half of it is replaced, so that no image comes near it: with the longest time
# limit, 900 s, one image has eight cores to itself.
CHILD_CPU_SECONDS = 4 * 3600


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one image.

    An animation with more than `max_frames`, or more than `max_pixels` in all frames, is rendered
    as its first frame, and a source whose first frame has more than `max_pixels` is refused.
    `memory_bytes` is what a render child may take on top of its interpreter and libvips.

    The defaults accept a JPEG of 100 megapixels, and less of formats that decode into more memory:
    an AVIF of about 50 megapixels, a WebP of about 45. The costs per format are in
    `shared.imaging.intake.memory_cost`.

    A source that would take more than `on_demand_memory_bytes`, or that took
    `on_demand_cpu_seconds` or more to decode and to encode what is made at upload, has no lazy
    files: all are made at upload. So are those of a source with a lazy file that takes an encoder
    too long, by an estimate (`shared.imaging.intake.cpu_cost`).
    """

    max_bytes: int = 100 * MEBIBYTE
    max_pixels: int = 100_000_000
    max_frames: int = 300
    memory_bytes: int = 1_000 * MEBIBYTE
    on_demand_memory_bytes: int = 1_000 * MEBIBYTE
    on_demand_cpu_seconds: float = 8.0
