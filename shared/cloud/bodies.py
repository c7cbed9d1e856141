"""Reads the body of an S3 object within a time, however slowly it comes."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

from shared.cloud.clients import CALL_SECONDS
from shared.deadline import Deadline
from shared.model.errors import StorageUnavailable

if TYPE_CHECKING:
    from botocore.response import StreamingBody

CHUNK_BYTES = 64 * 1024


class _Stream(Protocol):
    """What a body becomes in a `with`, whatever its stubs say: urllib3's response."""

    def read1(self, amt: int, /) -> bytes:
        """Return what is there, after at most one wait for the socket."""
        ...


def read_in_time(body: "StreamingBody", give_up: Deadline) -> bytes:
    """Return the whole body; `StorageUnavailable` if it is not there when it is time to give up.

    Ends at most one wait for the socket later than that.
    """
    return b"".join(_chunks(cast("_Stream", body), give_up))


def _chunks(stream: _Stream, give_up: Deadline) -> Iterator[bytes]:
    # A read timeout is for each wait on the socket, so that a body that trickles never meets it;
    # and `read` would go on waiting until its chunk is full.
    while chunk := stream.read1(CHUNK_BYTES):
        yield chunk
        if not give_up.remaining_seconds():
            raise StorageUnavailable(
                f"Expected the source within {CALL_SECONDS:.0f} s, got a part of it.",
                stage="fetch",
            )
