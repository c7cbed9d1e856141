"""The protocol between the parent and a render child: length-prefixed frames over two pipes.

A frame is the length of its header (4 bytes, big-endian), the length of its payload (8 bytes), the
header as JSON, and the payload. An image may have taken over the child, so the parent bounds every
length and validates every header.
"""

import struct
from typing import IO, TypeVar

import msgspec

from shared.imaging.sandbox.lock import Lock
from shared.model.codec import Codec
from shared.model.errors import Cause, PixfleetError
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import Recipe, Slot

PREFIX = struct.Struct(">IQ")
MAX_HEADER_BYTES = 256 * 1024
MAX_PAYLOAD_BYTES = 512 * 1024 * 1024


class InvalidFrame(PixfleetError):
    """A frame that is truncated, too long or of an unexpected kind."""


class Job(msgspec.Struct, frozen=True):
    """Parent to child: render the payload, a source file, by this recipe.

    Holds no key, bucket or credential. If the recipe has a watermark, a `WatermarkFrame` follows.
    """

    recipe: Recipe
    limits: Limits
    focal: Focal | None = None


class WatermarkFrame(msgspec.Struct, frozen=True, tag="watermark"):
    """Parent to child: the payload is the watermark file of the preceding job."""


class ReadyFrame(msgspec.Struct, frozen=True, tag="ready"):
    """Child to parent, once and first: libvips is hardened, the rlimits are set, send jobs.

    `locks` are the locks in force. The child has not received any image yet, so this is true.
    """

    locks: tuple[Lock, ...]


class VariantFrame(msgspec.Struct, frozen=True, tag="variant"):
    """Child to parent: the payload is one encoded file, to be stored as each of `variants`.

    Width and height are in pixels, of one frame.
    """

    variants: tuple[str, ...]
    slot: Slot
    codec: Codec
    width: int
    height: int


class DoneFrame(msgspec.Struct, frozen=True, tag="done"):
    """Child to parent: every variant has been sent.

    `wall_seconds` and `cpu_seconds` are of this job, `peak_bytes` is the peak resident memory of
    the process since its start.
    """

    facts: SourceFacts
    placeholder: Placeholder | None
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


class FailedFrame(msgspec.Struct, frozen=True, tag="failed"):
    """Child to parent: the render has failed, and no more frames of this job follow."""

    cause: Cause
    stage: str
    detail: str


Reply = VariantFrame | DoneFrame | FailedFrame
Header = TypeVar("Header")

_reply_decoder = msgspec.json.Decoder(Reply)
_job_decoder = msgspec.json.Decoder(Job)
_watermark_decoder = msgspec.json.Decoder(WatermarkFrame)
_ready_decoder = msgspec.json.Decoder(ReadyFrame)


def write_frame(stream: IO[bytes], header: msgspec.Struct, payload: bytes = b"") -> None:
    """Write one frame and flush it."""
    encoded = msgspec.json.encode(header)
    stream.write(PREFIX.pack(len(encoded), len(payload)))
    stream.write(encoded)
    stream.write(payload)
    stream.flush()


def write_job(stream: IO[bytes], job: Job, source: bytes, watermark: bytes) -> None:
    """Write a job with the source's bytes, and the watermark's if the recipe has one."""
    write_frame(stream, job, source)
    if job.recipe.watermark is not None:
        write_frame(stream, WatermarkFrame(), watermark)


def read_job(stream: IO[bytes]) -> tuple[Job, bytes, bytes] | None:
    """Return the next job, its source and its watermark; `None` at the end of the stream.

    The watermark is empty if the recipe has none. The child trusts its parent, so headers that do
    not decode raise msgspec's errors, and only truncated input raises `InvalidFrame`.
    """
    frame = _read_frame(stream)
    if frame is None:
        return None
    job, source = _job_decoder.decode(frame[0]), frame[1]
    if job.recipe.watermark is None:
        return job, source, b""
    second = _read_frame(stream)
    if second is None:
        raise InvalidFrame("Expected the watermark of a job, got the end of the stream.")
    _watermark_decoder.decode(second[0])
    return job, source, second[1]


def read_ready(stream: IO[bytes]) -> ReadyFrame:
    """Return the child's first frame; `InvalidFrame` unless it is a `ReadyFrame`."""
    return _read_as(_ready_decoder, stream, "a ready frame")[0]


def read_reply(stream: IO[bytes]) -> tuple[Reply, bytes]:
    """Return the child's next reply and its payload.

    Raises `InvalidFrame` if the stream has ended or holds anything else.
    """
    return _read_as(_reply_decoder, stream, "a reply")


def _read_as(
    decoder: msgspec.json.Decoder[Header], stream: IO[bytes], what: str
) -> tuple[Header, bytes]:
    frame = _read_frame(stream)
    if frame is None:
        raise InvalidFrame("Expected a frame, got the end of the stream.")
    try:
        return decoder.decode(frame[0]), frame[1]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidFrame(f"Expected {what}, got {frame[0][:80]!r}: {error}.") from error


def _read_frame(stream: IO[bytes]) -> tuple[bytes, bytes] | None:
    prefix = stream.read(PREFIX.size)
    if not prefix:
        return None
    if len(prefix) < PREFIX.size:
        raise InvalidFrame("Expected a whole frame, got a part of its prefix.")
    header_size, payload_size = PREFIX.unpack(prefix)
    if header_size > MAX_HEADER_BYTES or payload_size > MAX_PAYLOAD_BYTES:
        raise InvalidFrame(
            f"Expected a bounded frame, got {header_size} and {payload_size} bytes."
        )
    return _read_exactly(stream, header_size), _read_exactly(stream, payload_size)


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise InvalidFrame(f"Expected {size} bytes, got {len(data)}.")
    return data
