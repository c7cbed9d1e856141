"""Refuses truncated files of the formats in which libvips does not report truncation."""

from shared.imaging.damage.gif import can_count_pixels
from shared.imaging.formats.containers import IMAGE, gif_blocks
from shared.imaging.formats.gif_pixels import ends_in_pixels
from shared.imaging.formats.heif_boxes import declared_bytes
from shared.imaging.formats.heif_pixels import what_is_missing
from shared.imaging.formats.vp8 import ends_in_zeros
from shared.imaging.intake.ends import GIF_END
from shared.model.errors import Corrupt, TooCostly, TooManyFrames, Truncated
from shared.model.limits import MAX_FRAMES_READ

# "RIFF" and the size of what follows: https://developers.google.com/speed/webp/docs/riff_container
RIFF_PREFIX_BYTES = 8
# GIF encoders fill blocks of 255 bytes. Counting millions of tiny blocks would take seconds, so a
# file may have 50,000 blocks, and one more for each 200 bytes.
SMALL_BLOCK_BYTES = 200
BASE_BLOCKS = 50_000
STAGE = "probe"


def refuse_truncated(name: str, data: bytes) -> None:
    """Raise `Truncated` if a file of the named format is shorter than it declares.

    A GIF whose blocks lead beyond its end raises `Corrupt`, and one with too many frames or blocks
    `TooManyFrames` or `TooCostly`.
    """
    if name == "gif":
        _check_gif(data)
    if name == "webp":
        _check_webp(data)
    if name in {"avif", "heic"}:
        _check_heif(name, data)


def _check_webp(data: bytes) -> None:
    """Compare lengths: libvips reports a truncated WebP as corrupt, and decodes zeros."""
    declared = int.from_bytes(data[4:RIFF_PREFIX_BYTES], "little") + RIFF_PREFIX_BYTES
    if len(data) < declared:
        raise Truncated(f"Expected a WebP of {declared} bytes, got {len(data)}.")
    if ends_in_zeros(data):
        raise Truncated("Expected a WebP with all its pixels, got an image that ends in zeros.")


def _check_heif(name: str, data: bytes) -> None:
    """Compare lengths, and check the data of all images that make up the picture.

    libheif leaves missing tiles of a grid grey, and phones write grids.
    """
    declared = declared_bytes(data)
    if len(data) < declared:
        raise Truncated(f"Expected {name.upper()} of at least {declared} bytes, got {len(data)}.")
    missing = what_is_missing(data)
    if missing:
        raise Truncated(f"Expected {name.upper()} with all its pixels, got {missing}.")


def _check_gif(data: bytes) -> None:
    """Walk the blocks: libvips reports truncation in the first frame only.

    The trailer may be missing, and the end of the last frame's data if its pixels are counted
    later.
    """
    frames, max_blocks = 0, BASE_BLOCKS + len(data) // SMALL_BLOCK_BYTES
    try:
        for number, (kind, _, _) in enumerate(gif_blocks(data)):
            frames += kind == IMAGE
            if frames > MAX_FRAMES_READ:
                raise TooManyFrames(
                    f"Expected at most {MAX_FRAMES_READ} frames, got more.", stage=STAGE
                )
            if number > max_blocks:
                raise TooCostly(f"Expected at most {max_blocks} blocks, got more.", stage=STAGE)
    except IndexError as error:
        if can_count_pixels() and ends_in_pixels(data):
            return
        if data.endswith(GIF_END):
            raise Corrupt("Expected blocks up to the end of a GIF, got one beyond it.") from error
        raise Truncated("Expected a whole GIF, got one that ends inside a block.") from error
