"""Listings that are parsed quickly are those that botocore parses."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from hypothesis import given
from hypothesis import strategies as st

from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.fast_listings import EVENT, READERS

pytestmark = pytest.mark.unit

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
KEYS = ("a.jpg", "a b+c%20.jpg", "ü/\u202e.jpg", "quote\"<b>&amp;'.jpg", " leading", "tab\t.jpg")
# Of 1,000 keys: the best of several runs, since other processes take time.
RATIO = 3.0
ROUNDS = 5


class _Raw:
    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body


def listing(*, status: int = 200, body: str) -> Callable[..., AWSResponse]:
    """Return a handler that answers a request with a body."""

    def answer(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        headers = HTTPHeaders.from_dict({"content-type": "application/xml"})
        return AWSResponse(request.url, status, headers, _Raw(body.encode()))

    return answer


def entry(key: str, size: int = 3, when: str = "2026-11-30T18:00:10.000Z", more: str = "") -> str:
    return (
        f"<Contents><Key>{escape(quote(key))}</Key><LastModified>{when}</LastModified>"
        f"<ETag>&quot;{size:032x}&quot;</ETag>{more}<Size>{size}</Size>"
        "<StorageClass>STANDARD</StorageClass></Contents>"
    )


def page(*entries: str, namespace: str = NAMESPACE, around: str = "") -> str:
    return (
        f"{HEAD}<ListBucketResult {namespace}><Name>b</Name><Prefix></Prefix>"
        f"<NextContinuationToken>next</NextContinuationToken><KeyCount>{len(entries)}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>"
        f"{''.join(entries)}{around}</ListBucketResult>"
    )


def clients() -> tuple[Any, Any]:
    """Return a client that parses quickly, and one of botocore's own."""
    quick, own = (AwsClients(region="us-east-1").s3 for _ in range(2))
    own.meta.events.unregister(EVENT, unique_id="pixfleet-listings")
    return quick, own


def both(answer: Callable[..., AWSResponse]) -> list[Mapping[str, Any] | str]:
    """Return what both clients make of an answer: the response, or the error."""
    found: list[Mapping[str, Any] | str] = []
    for s3 in clients():
        s3.meta.events.register("before-send.s3.ListObjectsV2", answer)
        try:
            found.append(s3.list_objects_v2(Bucket="b"))
        except (ClientError, BotoCoreError, ResponseParserError, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")


@pytest.mark.parametrize(
    "body",
    [
        page(*map(entry, KEYS)),
        page(*map(entry, KEYS), namespace=""),
        page(),
        page(entry("a", when="2026-11-30T18:00:10Z")),
        page(entry("a", when="Mon, 30 Nov 2026 18:00:10 GMT")),
        page(entry("a", more="<Owner><ID>x</ID><DisplayName>Key</DisplayName></Owner>")),
        page(entry("a"), around="<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>"),
        page(entry("a"), "<!-- <Contents> -->", entry("b")),
        page(entry("a").replace("<Key>a</Key>", "<Key><![CDATA[a<b]]></Key>")),
        page(entry("a")).replace("\n", "\r\n").replace("><", ">\n  <"),
    ],
)
def test_a_page_is_as_botocore_parses_it(body: str) -> None:
    quick, own = both(listing(body=body))

    assert isinstance(quick, Mapping)
    assert isinstance(own, Mapping)
    assert {**quick, "Contents": read(quick), "ResponseMetadata": 0} == {
        **own,
        "Contents": read(own),
        "ResponseMetadata": 0,
    }


@given(st.lists(st.tuples(st.text(min_size=1, max_size=20), st.integers(0, 2**40)), max_size=5))
def test_any_key_and_size_is_as_botocore_parses_it(entries: list[tuple[str, int]]) -> None:
    found = [entry(key.encode(errors="replace").decode(), size) for key, size in entries]
    quick, own = both(listing(body=page(*found)))

    assert isinstance(quick, Mapping)
    assert isinstance(own, Mapping)
    assert read(quick) == read(own)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (403, f"{HEAD}<Error><Code>AccessDenied</Code><Message>No</Message></Error>"),
        (404, f"{HEAD}<Error><Code>NoSuchBucket</Code><Message>No</Message></Error>"),
        (200, page(entry("a"))[:-40]),
        (200, "no XML at all"),
        (200, page(entry("a").replace("<Size>3", "<Size>three"))),
    ],
)
def test_an_error_is_botocores(status: int, body: str) -> None:
    quick, own = both(listing(status=status, body=body))

    assert type(quick) is type(own)
    if isinstance(own, str):
        assert quick == own


def test_a_page_takes_a_fraction_of_botocores_time() -> None:
    body = page(*(entry(f"photos/{number // 100}/image {number}.jpg") for number in range(1000)))
    spent = []
    for s3 in clients():
        s3.meta.events.register("before-send.s3.ListObjectsV2", listing(body=body))
        rounds = []
        for _ in range(ROUNDS):
            began = time.process_time()
            assert len(s3.list_objects_v2(Bucket="b")["Contents"]) == 1000
            rounds.append(time.process_time() - began)
        spent.append(min(rounds))

    quick, own = spent
    assert quick * RATIO < own


def read(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the members of the entries that the commands read."""
    return [
        {name: each[name] for name in READERS if name in each}
        for each in response.get("Contents", [])
    ]
