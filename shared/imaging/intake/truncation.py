"""Finds files that were cut short where libvips does not notice, or cannot say so."""

from shared.imaging.formats.boxes import promised_bytes
from shared.imaging.formats.containers import IMAGE, gif_blocks
from shared.model.errors import TooCostly, TooManyFrames, Truncated
from shared.model.limits import MAX_FRAMES_READ

# "RIFF" and the size of what follows: https://developers.google.com/speed/webp/docs/riff_container
RIFF_PREFIX_BYTES = 8
# GIF encoders fill blocks of 255 bytes. A file of tiny ones would take seconds to walk through.
SMALL_BLOCK_BYTES = 200
BASE_BLOCKS = 50_000
STAGE = "probe"


def refuse_truncated(name: str, data: bytes) -> None:
    """Raise `Truncated` if a file of the named format ends before what it says it holds."""
    if name == "gif":
        _refuse_cut_gif(data)
    if name == "webp":
        _refuse_cut_webp(data)
    if name in {"avif", "heic"}:
        _refuse_cut_boxes(name, data)


def _refuse_cut_webp(data: bytes) -> None:
    """Compare lengths: libvips calls a cut WebP broken."""
    promised = int.from_bytes(data[4:RIFF_PREFIX_BYTES], "little") + RIFF_PREFIX_BYTES
    if len(data) < promised:
        raise Truncated(f"Expected a WebP of {promised} bytes, got {len(data)}.")


def _refuse_cut_boxes(name: str, data: bytes) -> None:
    """Compare lengths: libheif leaves the lost tiles of a grid grey, and phones write grids."""
    promised = promised_bytes(data)
    if len(data) < promised:
        raise Truncated(f"Expected {name.upper()} of at least {promised} bytes, got {len(data)}.")


def _refuse_cut_gif(data: bytes) -> None:
    """Walk the blocks, as libvips notices the end in the first frame only.

    A trailer alone may be missing. Raises too if there are more frames or blocks than any needs.
    """
    frames, most_blocks = 0, BASE_BLOCKS + len(data) // SMALL_BLOCK_BYTES
    try:
        for number, (kind, _, _) in enumerate(gif_blocks(data)):
            frames += kind == IMAGE
            if frames > MAX_FRAMES_READ:
                raise TooManyFrames(
                    f"Expected at most {MAX_FRAMES_READ} frames, got more.", stage=STAGE
                )
            if number > most_blocks:
                raise TooCostly(f"Expected at most {most_blocks} blocks, got more.", stage=STAGE)
    except IndexError as error:
        raise Truncated("Expected a whole GIF, got one that ends in a block.") from error
