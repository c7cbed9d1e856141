"""An AWS in memory: the worker's calls take CPU and latency as on Lambda, but no network.

The worker's boto3 clients build, sign and read every request. Where botocore would open a socket,
buckets and ledger answer from memory after their latency. A local server or moto would take CPU
that the render children need on a machine with few cores. TLS and the transfer of bytes are not
measured.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from hashlib import md5
from io import BytesIO
from threading import Lock
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from tests.bench.problem import CannotBench
from worker.context import WorkerContext

S3_SECONDS = 0.060
# "Single-digit millisecond": https://aws.amazon.com/dynamodb/features/
LEDGER_SECONDS = 0.005
Answer = Callable[[AWSPreparedRequest, str], AWSResponse]


class AwsInMemory:
    """Buckets with sources, an empty ledger, and records of what the worker did.

    `calls` counts operations by name, `stored_bytes` has the size of each variant and manifest,
    `item_bytes` an upper bound of the largest size of each ledger item.
    """

    def __init__(
        self,
        sources: Mapping[str, bytes],
        *,
        s3_seconds: float = S3_SECONDS,
        ledger_seconds: float = LEDGER_SECONDS,
    ) -> None:
        self._sources = sources
        self._etags = {key: etag_of(data) for key, data in sources.items()}
        self._s3_seconds, self._ledger_seconds = s3_seconds, ledger_seconds
        self._lock = Lock()
        self.calls: Counter[str] = Counter()
        self.stored_bytes: dict[str, int] = {}
        self.item_bytes: Counter[str] = Counter()

    def connect(self, context: WorkerContext) -> None:
        """Answer all calls of a worker from now on; a call of SQS is an error."""
        for client, answer in (
            (context.objects._s3, self._storage),
            (context.ledger.items._dynamodb, self._ledger),
            (context.queues._sqs, _refuse),
        ):
            # A handler may return the response, by botocore's documentation; the stubs lack that.
            client.meta.events.register("before-send", self._counting(answer))  # type: ignore[arg-type]

    def _counting(self, answer: Answer) -> Callable[..., AWSResponse]:
        def before_send(
            request: AWSPreparedRequest, event_name: str, **_rest: object
        ) -> AWSResponse:
            operation = event_name.rpartition(".")[2]
            with self._lock:
                self.calls[operation] += 1
            return answer(request, operation)

        return before_send

    def _storage(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        time.sleep(self._s3_seconds)
        key = unquote(urlsplit(request.url).path).removeprefix("/")
        if operation == "PutObject":
            with self._lock:
                self.stored_bytes[key] = sent_bytes(request)
            return answered(request, b"", {})
        data = self._sources[key]
        headers = {
            "ETag": self._etags[key],
            "Content-Length": str(len(data)),
            "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
        }
        return answered(request, b"" if operation == "HeadObject" else data, headers)

    def _ledger(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        time.sleep(self._ledger_seconds)
        if operation == "UpdateItem":
            body: Any = request.body  # bytes, for a call without a file
            said = json.loads(body)
            key = said["Key"]["key"]["S"]
            with self._lock:
                self.item_bytes[key] = max(self.item_bytes[key], _item_bytes(said))
        return answered(request, b"{}", {})


class _Body(BytesIO):
    """A body with the interface of urllib3's."""

    def stream(self, amount: int | None = None, **_options: object) -> Iterator[bytes]:
        while chunk := self.read(amount):
            yield chunk


def answered(
    request: AWSPreparedRequest, body: bytes, headers: Mapping[str, str], *, status: int = 200
) -> AWSResponse:
    """Return a response as botocore reads it from a socket."""
    found = HTTPHeaders()
    for name, value in headers.items():
        found[name] = value
    return AWSResponse(request.url, status, found, _Body(body))


def sent_bytes(request: AWSPreparedRequest) -> int:
    """Read the request's body, as a socket would: botocore computes its checksum then."""
    body: Any = request.body  # bytes, or a file that botocore has wrapped
    if not isinstance(body, bytes):
        body.read()
    headers: Any = request.headers  # an email message, to the stubs
    return int(headers.get("X-Amz-Decoded-Content-Length") or headers["Content-Length"])


def _item_bytes(said: Mapping[str, Any]) -> int:
    """Return the size of all names and values of an update, an upper bound of what it writes.

    Numbers take fewer bytes than their digits: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    names = len("key" + "".join(said["ExpressionAttributeNames"].values()))
    values = (*said["Key"].values(), *said["ExpressionAttributeValues"].values())
    return names + sum(_value_bytes(kind, one) for each in values for kind, one in each.items())


def _value_bytes(kind: str, value: Any) -> int:  # noqa: ANN401 - as botocore shapes it
    if kind == "L":
        return 3 + sum(1 + _value_bytes(*pair) for each in value for pair in each.items())
    return sum(map(len, value)) if kind == "SS" else len(value.encode())


def _refuse(_request: AWSPreparedRequest, operation: str) -> AWSResponse:
    raise CannotBench(f"Expected images that can be rendered, got a failure and {operation}.")


def etag_of(data: bytes) -> str:
    """Return the ETag of an object, with its quotes."""
    return f'"{md5(data, usedforsecurity=False).hexdigest()}"'
