"""Repairs the harmless mistakes of JPEG writers, so that a warning of libjpeg means damage.

Phones, scanners and old programs write headers that libjpeg warns about and decodes exactly.
ITU-T T.81, annex B; JFIF: https://www.w3.org/Graphics/JPEG/jfif3.pdf; Adobe's segment: Adobe
Technical Note 5116, section 18.
"""

from collections.abc import Iterator
from itertools import islice

from shared.imaging.formats.jpeg_segments import MAX_SEGMENTS, START_OF_SCAN, segments

END = b"\xff\xd9"
HEAD_BYTES = 4  # marker and length
BASELINE, EXTENDED, PROGRESSIVE = 0xC0, 0xC1, 0xC2
FRAMES = frozenset({BASELINE, EXTENDED, PROGRESSIVE})
COMPONENTS_AT = 5  # in a frame header, after its length
APP0, APP14 = 0xE0, 0xEE
JFIF, MAJOR_VERSION_AT, MAJOR_VERSION = b"JFIF\0", 5, 1
ADOBE, TRANSFORM_AT = b"Adobe", 11
# By the number of components: the transforms that exist, and the one that libjpeg assumes for any
# other.
TRANSFORMS = {3: (frozenset({0, 1}), 1), 4: (frozenset({0, 2}), 2)}
# Ss, Se, and Ah with Al: all 64 coefficients at full precision, the only choice in these files.
WHOLE_SPECTRUM = bytes((0, 63, 0))

Patch = tuple[int, bytes]


def repaired(data: bytes) -> bytes:
    """Return the file without known mistakes and with an end; `data` itself if it has none.

    It corrects unknown versions of JFIF, unknown colour transforms, and the spectral selection of
    scans that are not progressive. A file without an end marker gets one: the decoder needs it
    only to stop, and its warnings show whether pixels are missing.
    """
    patches = sorted(_patches(data))
    end = b"" if data.endswith(END) else END
    if not patches and not end:
        return data
    view, pieces, done = memoryview(data), list[bytes | memoryview](), 0
    for at, patch in patches:
        pieces += [view[done:at], patch]
        done = at + len(patch)
    return b"".join((*pieces, view[done:], end))


def _patches(data: bytes) -> Iterator[Patch]:
    """Yield the offset and the bytes of each correction up to the last scan that can need one."""
    adobe_at, components, is_progressive = 0, 0, False
    for marker, start, _ in islice(segments(data), MAX_SEGMENTS):
        at = start + HEAD_BYTES
        if marker == APP0 and data.startswith(JFIF, at):
            yield from _patch(data, at + MAJOR_VERSION_AT, bytes([MAJOR_VERSION]))
        elif marker == APP14 and data.startswith(ADOBE, at):
            adobe_at = at
        elif marker in FRAMES:
            is_progressive, components = marker == PROGRESSIVE, _byte(data, at + COMPONENTS_AT)
        elif marker == START_OF_SCAN:
            yield from _transform_patch(data, adobe_at, components)
            adobe_at, in_scan = 0, _byte(data, at)
            if not is_progressive:
                yield from _patch(data, at + 1 + 2 * in_scan, WHOLE_SPECTRUM)
            if is_progressive or in_scan >= components:
                return


def _transform_patch(data: bytes, adobe_at: int, components: int) -> Iterator[Patch]:
    known, default = TRANSFORMS.get(components, (frozenset(), 0))
    at = adobe_at + TRANSFORM_AT
    if adobe_at and known and _byte(data, at) not in known:
        yield from _patch(data, at, bytes([default]))


def _patch(data: bytes, at: int, right: bytes) -> Iterator[Patch]:
    if at + len(right) <= len(data) and not data.startswith(right, at):
        yield at, right


def _byte(data: bytes, at: int) -> int:
    """Return one byte; 0 beyond the end."""
    return data[at] if at < len(data) else 0
