"""Items that are taken out of the JSON are those that botocore parses."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.fast_items import OPERATIONS, event, unique_id
from shared.cloud.items import to_item

pytestmark = pytest.mark.unit

RATIO = 3.0
ROUNDS = 5
ITEM = to_item(
    {
        "key": "ü/\u202e.jpg",
        "schema": 1,
        "cpu_seconds": 1.5,
        "is_all_eager": True,
        "variants": ["w640.avif", "w640.webp"],
        "told_by": frozenset({"a", "b"}),
        "equal": {"w640.avif": frozenset({"w960.avif"})},
        "detail": 'a "B" in a text, and "BS"',
    }
)
KEYS = {"Keys": [{"key": {"S": "a"}}]}
LEFT = {"Responses": {"t": [ITEM]}, "UnprocessedKeys": {"t": KEYS}}


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body


def answered(body: str, status: int = 200) -> Callable[..., AWSResponse]:
    """Return a handler that answers a request with a body."""

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = HTTPHeaders.from_dict({"content-type": "application/x-amz-json-1.0"})
        return AWSResponse(request.url, status, headers, _Raw(body.encode()))

    return answer


def clients() -> tuple[Any, Any]:
    """Return a client that parses quickly, and one of botocore's own."""
    quick, own = (AwsClients(region="us-east-1").dynamodb for _ in range(2))
    for operation in OPERATIONS:
        own.meta.events.unregister(event(operation), unique_id=unique_id(operation))
    return quick, own


def ask(dynamodb: Any, operation: str) -> Any:  # noqa: ANN401 - boto3's shapes
    """Call one of the operations with the least that it takes."""
    if operation == "BatchGetItem":
        return dynamodb.batch_get_item(RequestItems={"t": KEYS})
    if operation == "Query":
        return dynamodb.query(TableName="t", KeyConditionExpression="a = b")
    return dynamodb.scan(TableName="t")


def both(operation: str, answer: Callable[..., AWSResponse]) -> list[Mapping[str, Any] | str]:
    """Return what both clients make of an answer: the response, or the error."""
    found: list[Mapping[str, Any] | str] = []
    for dynamodb in clients():
        dynamodb.meta.events.register(f"before-send.dynamodb.{operation}", answer)
        try:
            found.append({**ask(dynamodb, operation), "ResponseMetadata": 0})
        except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.mark.parametrize(
    ("operation", "document"),
    [
        ("BatchGetItem", LEFT),
        ("BatchGetItem", {"Responses": {}, "UnprocessedKeys": {}}),
        ("Query", {"Items": [ITEM], "Count": 1, "LastEvaluatedKey": {"key": {"S": "a"}}}),
        ("Scan", {"Items": [ITEM, ITEM], "Count": 2, "ScannedCount": 9}),
        ("Scan", {"Items": [], "Count": 0}),
        ("Scan", {"Items": None}),
        ("Scan", {"Items": [{"key": {"S": "a"}, "blob": {"B": "AAEC"}}]}),
        ("Scan", {"Items": [{"key": {"S": "a"}, "blobs": {"BS": ["AAEC"]}}]}),
    ],
)
def test_an_answer_is_as_botocore_parses_it(operation: str, document: object) -> None:
    quick, own = both(operation, answered(json.dumps(document)))

    assert isinstance(own, Mapping)
    assert quick == own


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, '{"__type": "x#ProvisionedThroughputExceededException", "message": "slow"}'),
        (400, '{"__type": "x#ValidationException", "Items": []}'),
        (200, '{"Items": [{"key"'),
        (200, "no JSON at all"),
    ],
)
def test_an_error_is_botocores(status: int, body: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)
    quick, own = both("Scan", answered(body, status))

    assert quick == own


def test_an_answer_takes_a_fraction_of_botocores_time() -> None:
    body = json.dumps({"Items": [ITEM] * 1000})
    spent = []
    for dynamodb in clients():
        dynamodb.meta.events.register("before-send.dynamodb.Scan", answered(body))
        rounds = []
        for _ in range(ROUNDS):
            began = time.process_time()
            assert len(dynamodb.scan(TableName="t")["Items"]) == 1000
            rounds.append(time.process_time() - began)
        spent.append(min(rounds))

    quick, own = spent
    assert quick * RATIO < own
