"""Reads the body of an S3 object by a deadline and at a least pace, however slowly it arrives."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol, cast

from urllib3.exceptions import ReadTimeoutError

from shared.cloud.time_limit import time_limit
from shared.deadline import Deadline
from shared.model.errors import Failure, OutOfTime, SourceSlow

if TYPE_CHECKING:
    from botocore.response import StreamingBody

CHUNK_BYTES = 64 * 1024
# A body earns a second for so many bytes, as in Apache's MinRate. S3 sends thousands of times as
# many: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
# https://httpd.apache.org/docs/2.4/mod/mod_reqtimeout.html
LEAST_BYTES_PER_SECOND = 32 * 1024


class _Stream(Protocol):
    """What a body's `__enter__` returns, unlike its stubs: urllib3's response."""

    def read1(self, amt: int, /) -> bytes:
        """Return the bytes that have arrived, after at most one wait for the socket."""
        ...


def read_in_time(body: "StreamingBody", until: Deadline, *, grace_seconds: float) -> bytes:
    """Return the whole body; `OutOfTime` if it has not arrived by `until`.

    Raises `SourceSlow` after `grace_seconds` and one second more for each `LEAST_BYTES_PER_SECOND`
    that have arrived: a source that trickles holds memory and a thread that others wait for.
    """
    return b"".join(_chunks(cast("_Stream", body), until, grace_seconds))


def _chunks(stream: _Stream, until: Deadline, grace_seconds: float) -> Iterator[bytes]:
    clock, began_at, received = until.clock, until.clock.now(), 0
    while True:
        at_pace = began_at + grace_seconds + received / LEAST_BYTES_PER_SECOND
        limit = Deadline(min(until.at, at_pace), clock)
        if not limit.remaining_seconds():
            raise _too_late(until, received, clock.now() - began_at)
        try:
            with time_limit(limit):
                # `read` would wait until its chunk is full.
                chunk = stream.read1(CHUNK_BYTES)
        except ReadTimeoutError as late:
            raise _too_late(until, received, clock.now() - began_at) from late
        if not chunk:
            return
        received += len(chunk)
        yield chunk


def _too_late(until: Deadline, received: int, seconds: float) -> Failure:
    detail = f"Expected the whole source in time, got {received} bytes in {seconds:.1f} s."
    kind = SourceSlow if until.remaining_seconds() else OutOfTime
    return kind(detail, stage="fetch")
