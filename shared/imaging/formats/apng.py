"""Reads the animation of a PNG: https://www.w3.org/TR/png-3/, sections 4.9 and 11.3.6.

An animation with an error in its structure counts as none: the standard asks decoders to show the
default image then, which readers without APNG show, too. Like Chromium, this reader forgives a
wrong number of frames.
"""

import struct
import zlib
from dataclasses import dataclass
from enum import IntEnum

from shared.imaging.formats.containers import CHECKSUM_BYTES, png_chunks
from shared.model.errors import TooManyFrames, Truncated
from shared.model.limits import MAX_FRAMES_READ

HEADER, PIXELS, END = b"IHDR", b"IDAT", b"IEND"
CONTROL, FRAME_CONTROL, FRAME_PIXELS = b"acTL", b"fcTL", b"fdAT"
NAME_BYTES, SEQUENCE_NUMBER_BYTES = 4, 4
MAX_NUMBER = 0x7FFF_FFFF
CONTROL_FIELDS = struct.Struct(">II")
FRAME_FIELDS = struct.Struct(">IIIIIHHBB")
# 11.3.6.2: a denominator of zero means hundredths of a second.
HUNDREDTHS = 100
MILLISECONDS = 1000


class Disposal(IntEnum):
    """What becomes of a frame's box before the next frame: the values of `dispose_op`."""

    NONE = 0
    BACKGROUND = 1
    PREVIOUS = 2


class Blend(IntEnum):
    """Whether a frame replaces its box or is drawn over it: the values of `blend_op`."""

    SOURCE = 0
    OVER = 1


@dataclass(frozen=True, slots=True)
class Chunk:
    """The offsets of a chunk's name, of its compressed pixels, and of their end."""

    name_at: int
    start: int
    end: int

    def is_intact(self, data: bytes) -> bool:
        """Return whether the checksum after the chunk is that of its name and data."""
        checksum = zlib.crc32(memoryview(data)[self.name_at : self.end])
        return data[self.end : self.end + CHECKSUM_BYTES] == checksum.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame: its box on the canvas in pixels, and the chunks of its compressed pixels."""

    left: int
    top: int
    width: int
    height: int
    delay_milliseconds: float
    disposal: Disposal
    blend: Blend
    chunks: tuple[Chunk, ...]

    @property
    def data_bytes(self) -> int:
        """Return how many bytes the compressed pixels have."""
        return sum(chunk.end - chunk.start for chunk in self.chunks)


@dataclass(frozen=True, slots=True)
class Animation:
    """The frames of a PNG of `width` by `height`; `plays` of 0 means that it repeats for ever.

    `begins_with_default` is whether the default image is the first frame. Otherwise it is no
    frame, and only readers without APNG show it.
    """

    width: int
    height: int
    plays: int
    frames: tuple[Frame, ...]
    begins_with_default: bool

    @property
    def uncovers(self) -> bool:
        """Return whether the canvas may have transparent pixels although the frames have none."""
        canvas = (0, 0, self.width, self.height)
        boxes = [(each.left, each.top, each.width, each.height) for each in self.frames]
        partial = [box != canvas for box in boxes]
        clears = any(each.disposal is Disposal.BACKGROUND for each in self.frames)
        # 11.3.6.2: before the first frame there is nothing but a transparent canvas.
        clears = clears or self.frames[0].disposal is Disposal.PREVIOUS
        return partial[0] or (any(partial) and clears)


class _BrokenAnimation(Exception):
    """The structure is not that of an animation, so the default image is shown."""


def read_animation(data: bytes) -> Animation | None:
    """Return a PNG's animation; `None` if it has none, or one whose structure is broken.

    Takes time in proportion to the number of chunks. Raises `Truncated` if the file ends before
    the last frame, and `TooManyFrames` for more frames than any setting allows.
    """
    reader = _Reader(data)
    try:
        for name, start, size in png_chunks(data):
            if name == PIXELS and not reader.is_announced:
                return None
            if start + size + CHECKSUM_BYTES > len(data):
                break
            if name == END:
                return reader.finished()
            reader.read(name, start, start + size)
        return reader.cut_short()
    except (_BrokenAnimation, struct.error):
        return None


class _Reader:
    """Reads chunk after chunk; raises `_BrokenAnimation` or `struct.error`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._width = self._height = self._count = self._plays = 0
        self._next_number = 0
        self._frames: list[Frame] = []
        self._fields: tuple[int, ...] | None = None
        self._chunks: list[Chunk] = []
        self._has_default = self._begins_with_default = self._is_complete = False

    @property
    def is_announced(self) -> bool:
        """Return whether an `acTL` has been read."""
        return self._count > 0

    def read(self, name: bytes, start: int, end: int) -> None:
        """Read a chunk by its name and the offsets of its data."""
        if self._is_complete:
            return
        if name == HEADER:
            self._width, self._height = struct.unpack_from(">II", self._data, start)
        elif name == CONTROL and not self.is_announced:
            self._read_control(start, end)
        elif name == FRAME_CONTROL:
            self._finish_frame()
            self._is_complete = self.is_announced and len(self._frames) == self._count
            if not self._is_complete:
                self._begin_frame(start, end)
        elif name == PIXELS:
            self._read_default(start, end)
        elif name == FRAME_PIXELS:
            _require(is_met=self._has_default and self._fields is not None)
            _require(is_met=end - start >= SEQUENCE_NUMBER_BYTES)
            self._take_number(int.from_bytes(self._data[start : start + 4], "big"))
            self._chunks.append(Chunk(start - NAME_BYTES, start + SEQUENCE_NUMBER_BYTES, end))

    def finished(self) -> Animation | None:
        """Return the animation of a file that has its end."""
        if not self.is_announced:
            return None
        if self._chunks:
            self._finish_frame()
        _require(is_met=self._has_default and bool(self._frames))
        return Animation(
            self._width, self._height, self._plays, tuple(self._frames), self._begins_with_default
        )

    def cut_short(self) -> Animation | None:
        """Return the animation of a file without `IEND`, if all of its frames are there."""
        if not self.is_announced:
            return None
        if self._chunks:
            self._finish_frame()
        if not self._has_default or len(self._frames) < self._count:
            raise Truncated(
                f"Expected {self._count} frames, got a file that ends in or after frame "
                f"{len(self._frames)}."
            )
        return self.finished()

    def _read_control(self, start: int, end: int) -> None:
        _require(is_met=not self._has_default)
        self._count, self._plays = self._checked(CONTROL_FIELDS, start, end)
        _require(is_met=0 < self._count <= MAX_NUMBER and self._plays <= MAX_NUMBER)

    def _read_default(self, start: int, end: int) -> None:
        if not self._has_default:
            self._has_default = True
            self._begins_with_default = self._fields is not None
            # 11.3.6.2: as the first frame, the default image fills the canvas.
            canvas = (self._width, self._height, 0, 0)
            _require(is_met=self._fields is None or self._fields[1:5] == canvas)
        is_among_frames = self._fields is not None
        _require(is_met=is_among_frames == self._begins_with_default and not self._frames)
        if is_among_frames:
            self._chunks.append(Chunk(start - NAME_BYTES, start, end))

    def _begin_frame(self, start: int, end: int) -> None:
        fields = self._checked(FRAME_FIELDS, start, end)
        number, width, height, left, top, _, _, disposal, blend = fields
        self._take_number(number)
        is_inside = left + width <= self._width and top + height <= self._height
        _require(is_met=width > 0 and height > 0 and is_inside)
        _require(is_met=disposal <= max(Disposal) and blend <= max(Blend))
        self._fields = fields

    def _finish_frame(self) -> None:
        if self._fields is None:
            return
        _require(is_met=bool(self._chunks))
        if len(self._frames) == MAX_FRAMES_READ:
            raise TooManyFrames(f"Expected at most {MAX_FRAMES_READ} frames, got more.")
        _, width, height, left, top, delay, denominator, disposal, blend = self._fields
        frame = Frame(
            left,
            top,
            width,
            height,
            delay_milliseconds=MILLISECONDS * delay / (denominator or HUNDREDTHS),
            disposal=Disposal(disposal),
            blend=Blend(blend),
            chunks=tuple(self._chunks),
        )
        self._frames.append(frame)
        self._fields, self._chunks = None, []

    def _checked(self, fields: struct.Struct, start: int, end: int) -> tuple[int, ...]:
        chunk = Chunk(start - NAME_BYTES, start, end)
        _require(is_met=end - start == fields.size and chunk.is_intact(self._data))
        return fields.unpack_from(self._data, start)

    def _take_number(self, number: int) -> None:
        _require(is_met=number == self._next_number)
        self._next_number += 1


def _require(*, is_met: bool) -> None:
    if not is_met:
        raise _BrokenAnimation
