"""An AWS in memory for a renderer: boto3 builds, signs and reads each request without a socket.

The ledger and the table `serving` are the simulator's tables, so that claims and locks are real.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import ClientError

from tests.bench.busy_aws import answered, etag_of, sent_bytes
from tests.simulator.tables import Tables
from worker.renderer.context import RendererContext

NO_SUCH_KEY = b"<Error><Code>NoSuchKey</Code><Message>none</Message></Error>"
LAST_MODIFIED = "Thu, 01 Jan 2026 00:00:00 GMT"


class OnDemandAws:
    """One source, an empty variants bucket, and both tables; `stored` has the keys of PUTs.

    `calls` counts operations by name.
    """

    def __init__(self, source: bytes) -> None:
        self._source = source
        self.etag = etag_of(source)
        self.tables = Tables()
        self.stored: list[str] = []
        self.calls: Counter[str] = Counter()

    def connect(self, context: RendererContext) -> None:
        """Answer all calls of a renderer from now on."""
        for client, answer in (
            (context.objects._s3, self._storage),
            (context.ledger.items._dynamodb, self._table),
            (context.serving._dynamodb, self._table),
        ):
            # A handler may return the response, by botocore's documentation; the stubs lack that.
            client.meta.events.register(
                "before-send",
                self._counting(answer),  # type: ignore[arg-type]
                unique_id=f"memory-{id(client)}",
            )

    def _counting(self, answer: Callable[[AWSPreparedRequest, str], AWSResponse]) -> object:
        def before_send(
            request: AWSPreparedRequest, event_name: str, **_rest: object
        ) -> AWSResponse:
            operation = event_name.rpartition(".")[2]
            self.calls[operation] += 1
            return answer(request, operation)

        return before_send

    def _storage(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        key = unquote(urlsplit(request.url).path).removeprefix("/")
        if operation == "PutObject":
            sent_bytes(request)
            self.stored.append(key)
            return answered(request, b"", {})
        if operation != "GetObject" or "/w" in key:  # nothing is stored
            return answered(request, NO_SUCH_KEY, {}, status=404)
        headers = {
            "ETag": self.etag,
            "Content-Length": str(len(self._source)),
            "Last-Modified": LAST_MODIFIED,
        }
        return answered(request, self._source, headers)

    def _table(self, request: AWSPreparedRequest, operation: str) -> AWSResponse:
        asked: Any = json.loads(request.body)  # type: ignore[arg-type] # bytes, without a file
        is_read = operation == "GetItem"
        try:
            method: Any = self.tables.get_item if is_read else self.tables.update_item
            answer: Mapping[str, Any] = method(**asked)
        except ClientError as error:
            found = {"__type": error.response["Error"]["Code"], **_item(error)}
            return answered(request, json.dumps(found).encode(), {}, status=400)
        return answered(request, json.dumps(answer).encode(), {})


def _item(error: ClientError) -> Mapping[str, object]:
    item = error.response.get("Item")
    return {"Item": item} if item else {}
