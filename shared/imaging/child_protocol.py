"""The protocol between the parent and a render child: jobs, and the replies to them.

An image may have taken over the child, so the parent bounds every length and validates every
header. What the values may be is in `reply_checks`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import IO, TypeVar

import msgspec

from shared.imaging.child_frames import NO_NONCE, Frame, InvalidFrame, read_frame, write_frame
from shared.imaging.sandbox.lock import Lock
from shared.model.codec import Codec
from shared.model.errors import Cause
from shared.model.focal import Focal
from shared.model.lazy_file import LazyFile
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import Recipe, Slot
from shared.model.reductions import Reduction, SlotLimit

# A job's header is its recipe. A reply's longest header is the last one's, with the lazy files of
# 64 variants in three slots. The detail of a failure is bounded.
MAX_JOB_HEADER_BYTES = 256 * 1024
MAX_REPLY_HEADER_BYTES = 64 * 1024
MAX_SOURCE_BYTES = 512 * 1024 * 1024


class RenderStage(StrEnum):
    """The steps of a render that may fail because of the image or the watermark."""

    SNIFF = "sniff"
    PROBE = "probe"
    COST = "admit"
    RENDER = "render"
    ENCODE = "encode"
    WATERMARK = "watermark"


class Job(msgspec.Struct, frozen=True):
    """Parent to child: render the payload, a source file, by this recipe.

    Holds no key, bucket or credential. If the recipe has a watermark, a `WatermarkFrame` follows.
    `only` is the one variant and slot to make, with the bytes that it has beside all others; the
    frame of its file names every variant that shares it. Then there is no placeholder.
    """

    recipe: Recipe
    limits: Limits
    focal: Focal | None = None
    only: tuple[str, Slot] | None = None

    def __post_init__(self) -> None:
        """Raise `ValueError` if the recipe does not have the variant and slot to make."""
        if self.only is not None and self.only not in self.recipe.stored_names():
            raise ValueError(f"Expected a variant and slot of the recipe, got {self.only}.")


class WatermarkFrame(msgspec.Struct, frozen=True, tag="watermark"):
    """Parent to child: the payload is the watermark file of the preceding job."""


class ReadyFrame(msgspec.Struct, frozen=True, tag="ready"):
    """Child to parent, once and first: libvips is hardened, the rlimits are set, send jobs.

    `locks` are the locks in force; `walks_jpegs` says whether the library that finds damaged JPEGs
    is there. The child has not received any image yet, so this is true.
    """

    locks: tuple[Lock, ...]
    walks_jpegs: bool


class HeaderFrame(msgspec.Struct, frozen=True, tag="header"):
    """Child to parent, the first reply to a job whose source is not refused.

    `facts` are the source's as its header declares them, `reduction` is what the limits take from
    the render; the parent plans the files from both. `is_all_eager` is whether no lazy file of the
    recipe can be made on demand: the picture moves, or takes too much memory.
    """

    facts: SourceFacts
    reduction: Reduction = Reduction()
    is_all_eager: bool = False


class VariantFrame(msgspec.Struct, frozen=True, tag="variant"):
    """Child to parent: the payload is one encoded file, to be stored as each of `variants`.

    Width and height are in pixels, of one frame. `limit` is why the slot cannot have a file of its
    own codec.
    """

    variants: tuple[str, ...]
    slot: Slot
    codec: Codec
    width: int
    height: int
    limit: SlotLimit | None = None


class DoneFrame(msgspec.Struct, frozen=True, tag="done"):
    """Child to parent: every variant has been sent.

    `facts` and `reduction` are those of the `HeaderFrame`, but `has_alpha` is false if the alpha
    hid nothing.
    `wall_seconds` and `cpu_seconds` are of this job, `peak_bytes` is the peak resident memory of
    the process since its start. `lazy` are the lazy files that were not made, in the
    order of the plan, and `is_all_eager` is whether those that are no copies were made, too.
    """

    facts: SourceFacts
    placeholder: Placeholder | None
    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    reduction: Reduction = Reduction()
    lazy: tuple[LazyFile, ...] = ()
    is_all_eager: bool = False


class FailedFrame(msgspec.Struct, frozen=True, tag="failed"):
    """Child to parent: the render has failed, and no more frames of this job follow."""

    cause: Cause
    stage: RenderStage
    detail: str


@dataclass(frozen=True, slots=True)
class ReceivedJob:
    """A job as the child has read it: the source, and the watermark, empty without one."""

    nonce: bytes
    job: Job
    source: bytes
    watermark: bytes


Reply = HeaderFrame | VariantFrame | DoneFrame | FailedFrame
Header = TypeVar("Header")

_reply_decoder = msgspec.json.Decoder(Reply)
_job_decoder = msgspec.json.Decoder(Job)
_watermark_decoder = msgspec.json.Decoder(WatermarkFrame)
_ready_decoder = msgspec.json.Decoder(ReadyFrame)


def write_job(
    stream: IO[bytes], job: Job, source: bytes, watermark: bytes, *, nonce: bytes
) -> None:
    """Write a job with the source's bytes, and the watermark's if the recipe has one."""
    write_frame(stream, job, source, nonce=nonce)
    if job.recipe.watermark is not None:
        write_frame(stream, WatermarkFrame(), watermark, nonce=nonce)


def read_job(stream: IO[bytes]) -> ReceivedJob | None:
    """Return the next job; `None` at the end of the stream.

    The child trusts its parent, so headers that do not decode raise msgspec's errors, and only
    truncated input and a watermark of another job raise `InvalidFrame`.
    """
    first = _read_file(stream)
    if first is None:
        return None
    job, watermark = _job_decoder.decode(first.header), b""
    if job.recipe.watermark is not None:
        second = _read_file(stream, nonce=first.nonce)
        if second is None:
            raise InvalidFrame("Expected the watermark of a job, got the end of the stream.")
        _watermark_decoder.decode(second.header)
        watermark = second.payload
    return ReceivedJob(first.nonce, job, first.payload, watermark)


def _read_file(stream: IO[bytes], *, nonce: bytes | None = None) -> Frame | None:
    return read_frame(
        stream,
        nonce=nonce,
        max_header_bytes=MAX_JOB_HEADER_BYTES,
        max_payload_bytes=MAX_SOURCE_BYTES,
    )


def read_ready(stream: IO[bytes]) -> ReadyFrame:
    """Return the child's first frame; `InvalidFrame` unless it is a `ReadyFrame`."""
    ready, _ = _read_as(_ready_decoder, stream, nonce=NO_NONCE, max_payload_bytes=0)
    return ready


def read_reply(stream: IO[bytes], *, nonce: bytes, max_payload_bytes: int) -> tuple[Reply, bytes]:
    """Return the child's next reply to the job with this nonce, and its payload.

    Raises `InvalidFrame` if the stream has ended or holds anything else.
    """
    return _read_as(_reply_decoder, stream, nonce=nonce, max_payload_bytes=max_payload_bytes)


def _read_as(
    decoder: msgspec.json.Decoder[Header],
    stream: IO[bytes],
    *,
    nonce: bytes,
    max_payload_bytes: int,
) -> tuple[Header, bytes]:
    frame = read_frame(
        stream,
        nonce=nonce,
        max_header_bytes=MAX_REPLY_HEADER_BYTES,
        max_payload_bytes=max_payload_bytes,
    )
    if frame is None:
        raise InvalidFrame("Expected a frame, got the end of the stream.")
    try:
        return decoder.decode(frame.header), frame.payload
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidFrame(f"Expected a reply, got {frame.header[:80]!r}: {error}.") from error
