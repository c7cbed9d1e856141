"""Decodes the frames of an animated PNG: libvips reads each as a PNG of its own.

Pillow composes frames, too, but mixes a translucent frame into what is below by its alpha twice.
"""

import struct
import zlib
from collections.abc import Iterator

import pyvips

from shared.imaging.animation.composition import Layer, compose
from shared.imaging.animation.timing import set_timing
from shared.imaging.formats.apng import Animation, Frame, read_animation
from shared.imaging.formats.containers import PNG_SIGNATURE_BYTES, png_chunks
from shared.model.errors import Corrupt
from shared.model.geometry import Size

# The chunks that every frame needs beside its pixels.
SHARED_CHUNKS = frozenset({b"PLTE", b"tRNS"})
HEADER, PIXELS, END = b"IHDR", b"IDAT", b"IEND"
SIDES = struct.Struct(">II")
HIGH_BYTE = 8


def is_composed(animation: Animation, frames: int) -> bool:
    """Return whether the first `frames` frames are anything else than the default image."""
    return frames > 1 or not animation.begins_with_default


def composed(data: bytes, default: pyvips.Image, frames: int) -> pyvips.Image:
    """Return the first `frames` frames of a PNG as a strip with its timing, 8 bits a band.

    `default` is the default image as libvips opens it. It is returned if it is what a viewer
    shows. The strip has the file's own colours. Raises `Corrupt` for a wrong checksum.
    """
    animation = read_animation(data)
    if animation is None or not is_composed(animation, frames):
        return default
    shown = animation.frames[:frames]
    strip = compose(
        _layers(data, shown),
        Size(animation.width, animation.height),
        frames=frames,
        bands=default.bands + (animation.uncovers and not default.hasalpha()),
    )
    if frames > 1:
        set_timing(strip, (each.delay_milliseconds for each in shown), animation.plays)
    return strip


def _layers(data: bytes, frames: tuple[Frame, ...]) -> Iterator[Layer]:
    header, shared = _shared_chunks(data)
    for frame in frames:
        file = _png(data, frame, header, shared)
        # Sequential: otherwise libvips decodes large frames into a file.
        picture = pyvips.Image.pngload_buffer(file, access="sequential", fail_on="warning")
        if picture.format != "uchar":
            picture = (picture >> HIGH_BYTE).cast("uchar")
        yield Layer(picture.copy_memory(), frame.left, frame.top, frame.disposal, frame.blend)


def _shared_chunks(data: bytes) -> tuple[bytes, bytes]:
    """Return the data of the header, and the first chunk of each of `SHARED_CHUNKS`."""
    header, shared = b"", dict[bytes, bytes]()
    for name, start, size in png_chunks(data):
        content = data[start : start + size]
        if name == HEADER:
            header = content
        elif name in SHARED_CHUNKS:
            shared.setdefault(name, b"".join(_chunk(name, content)))
        elif name == PIXELS:
            break
    return header, b"".join(shared.values())


def _png(data: bytes, frame: Frame, header: bytes, shared: bytes) -> bytes:
    """Return a frame as a still PNG."""
    if not all(chunk.is_intact(data) for chunk in frame.chunks):
        raise Corrupt("Expected the checksum of a frame's pixels, got another.", stage="render")
    view = memoryview(data)
    pixels = [view[chunk.start : chunk.end] for chunk in frame.chunks]
    sides = SIDES.pack(frame.width, frame.height)
    chunks = (
        *_chunk(HEADER, sides + header[SIDES.size :]),
        shared,
        *_chunk(PIXELS, *pixels),
        *_chunk(END),
    )
    return b"".join((data[:PNG_SIGNATURE_BYTES], *chunks))


def _chunk(name: bytes, *contents: bytes | memoryview) -> Iterator[bytes | memoryview]:
    checksum = zlib.crc32(name)
    for content in contents:
        checksum = zlib.crc32(content, checksum)
    yield struct.pack(">I", sum(map(len, contents))) + name
    yield from contents
    yield struct.pack(">I", checksum)
