"""Reads the body of an S3 object within a time, however slowly it arrives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

from shared.deadline import Deadline
from shared.model.errors import OutOfTime

if TYPE_CHECKING:
    from botocore.response import StreamingBody

CHUNK_BYTES = 64 * 1024


class _Stream(Protocol):
    """What a body's `__enter__` returns, unlike its stubs: urllib3's response."""

    def read1(self, amt: int, /) -> bytes:
        """Return the bytes that have arrived, after at most one wait for the socket."""
        ...


def read_in_time(body: "StreamingBody", until: Deadline) -> bytes:
    """Return the whole body; `OutOfTime` if it has not arrived in time.

    It may end later than `until`, by at most one wait for the socket.
    """
    return b"".join(_chunks(cast("_Stream", body), until))


def _chunks(stream: _Stream, until: Deadline) -> Iterator[bytes]:
    # A read timeout bounds each wait for the socket, so a slow but steady body never reaches it.
    # `read` would wait until its chunk is full.
    while chunk := stream.read1(CHUNK_BYTES):
        yield chunk
        if not until.remaining_seconds():
            raise OutOfTime("Expected the whole source in time, got a part of it.", stage="fetch")
