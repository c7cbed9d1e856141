"""Frames, of which the pipes between the parent and a render child consist.

A frame is the nonce of its job (16 bytes), the length of its header (4 bytes, big-endian), the
length of its payload (8 bytes), the header as JSON, and the payload.
"""

import secrets
import struct
from dataclasses import dataclass
from typing import IO

import msgspec

from shared.model.errors import PixfleetError

PREFIX = struct.Struct(">16sIQ")
NONCE_BYTES = 16
# The nonce of the ready frame, which comes before any job.
NO_NONCE = bytes(NONCE_BYTES)


class InvalidFrame(PixfleetError):
    """A frame that is truncated, too long, of another job or of an unexpected kind."""


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame as it was read; the header is JSON that has not been decoded."""

    nonce: bytes
    header: bytes
    payload: bytes


def new_nonce() -> bytes:
    """Return the nonce of a new job, which no child can know before it has the job."""
    return secrets.token_bytes(NONCE_BYTES)


def write_frame(
    stream: IO[bytes], header: msgspec.Struct, payload: bytes = b"", *, nonce: bytes = NO_NONCE
) -> None:
    """Write one frame and flush it."""
    encoded = msgspec.json.encode(header)
    stream.write(PREFIX.pack(nonce, len(encoded), len(payload)))
    stream.write(encoded)
    stream.write(payload)
    stream.flush()


def read_frame(
    stream: IO[bytes],
    *,
    nonce: bytes | None = None,
    max_header_bytes: int,
    max_payload_bytes: int,
) -> Frame | None:
    """Return the next frame; `None` at the end of the stream.

    Raises `InvalidFrame` for a frame with another nonce, if one is given, for one that is longer
    than the limits and for one that ends too early. Header and payload are read only once their
    lengths have been checked.
    """
    packed = stream.read(PREFIX.size)
    if not packed:
        return None
    if len(packed) < PREFIX.size:
        raise InvalidFrame("Expected a whole frame, got a part of its prefix.")
    found, header_bytes, payload_bytes = PREFIX.unpack(packed)
    if nonce is not None and found != nonce:
        raise InvalidFrame("Expected the nonce of this job, got another.")
    if header_bytes > max_header_bytes or payload_bytes > max_payload_bytes:
        raise InvalidFrame(
            f"Expected a bounded frame, got {header_bytes} and {payload_bytes} bytes."
        )
    header = _read_exactly(stream, header_bytes)
    return Frame(found, header, _read_exactly(stream, payload_bytes))


def _read_exactly(stream: IO[bytes], size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise InvalidFrame(f"Expected {size} bytes, got {len(data)}.")
    return data
