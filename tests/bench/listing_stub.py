"""S3 and DynamoDB for `tests.bench.listing`: a stack of any size that exists in no memory.

It answers ListObjectsV2, BatchGetItem and Scan in the formats of the wire, for sources that are
all published by one recipe:
https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

import json
from array import array
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from scripts.pixfleet.verify.listings import SHARDS
from shared.cloud.items import Value, to_item
from shared.cloud.status_shard import STATUS_SHARD, status_shard
from shared.model.entry import PUBLISHED
from shared.model.keys import shard

SOURCES, VARIANTS, TABLE = "sources", "variants", "ledger"
ETAG = f"{7:032x}"
LAST_MODIFIED = "2026-06-01T12:00:00+00:00"
PAGE_KEYS = 1000
# A page of Scan has 1 MB, and an entry about a kilobyte.
SCAN_ENTRIES = 1000
ENTRY = (
    "<Contents><Key>{key}</Key><LastModified>2026-06-01T12:00:00.000Z</LastModified>"
    f"<ETag>&quot;{ETAG}&quot;</ETag><Size>4000000</Size>"
    "<StorageClass>STANDARD</StorageClass></Contents>"
)
PAGE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name>'
    "<Prefix></Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>"
    "<KeyCount>{count}</KeyCount>{more}{entries}</ListBucketResult>"
)
MORE = "<IsTruncated>true</IsTruncated><NextContinuationToken>{next}</NextContinuationToken>"
LAST = "<IsTruncated>false</IsTruncated>"


def key_of(number: int) -> str:
    """Return the key of a source; the order of keys is that of the numbers."""
    return f"photos/{number // 1000:06d}/img {number:09d}.jpg"


class SyntheticStack:
    """The answers of a stack of `count` sources, each with the objects `names`.

    `fields` are those of each ledger entry, except the key and what depends on it.
    """

    def __init__(self, count: int, names: Sequence[str], fields: Mapping[str, Value]) -> None:
        self.count = count
        self._names = sorted(names)
        self._item = to_item(fields)
        # Four bytes a source; the process that is measured is another one.
        self._by_shard = {name: array("I") for name in SHARDS}
        for number in range(count):
            self._by_shard[shard(key_of(number))].append(number)

    def sources_page(self, query: Mapping[str, str]) -> str:
        """Return a page of the sources bucket, after a token or a key."""
        if after := query.get("start-after"):
            begin = int(after.rpartition(" ")[2].removesuffix(".jpg")) + 1
        else:
            begin = int(query.get("continuation-token", "0"))
        end = min(self.count, begin + int(query.get("max-keys", PAGE_KEYS)))
        return _page([key_of(number) for number in range(begin, end)], end, self.count)

    def variants_page(self, query: Mapping[str, str]) -> str:
        """Return a page of one shard of the variants bucket."""
        prefix, begin = query["prefix"], int(query.get("continuation-token", "0"))
        numbers, each = self._by_shard[prefix.partition("/")[0]], len(self._names)
        end = min(len(numbers) * each, begin + PAGE_KEYS)
        places = (divmod(place, each) for place in range(begin, end))
        keys = [f"{prefix}{key_of(numbers[at])}/{self._names[name]}" for at, name in places]
        return _page(keys, end, len(numbers) * each)

    def batch(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer of BatchGetItem."""
        keys = request["RequestItems"][TABLE]["Keys"]
        items = [self._entry(each["key"]["S"]) for each in keys]
        return {"Responses": {TABLE: items}, "UnprocessedKeys": {}}

    def scan(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a page of Scan."""
        begin = int(request.get("ExclusiveStartKey", {"key": {"S": "0"}})["key"]["S"])
        end = min(self.count, begin + SCAN_ENTRIES)
        items = [self._entry(key_of(number)) for number in range(begin, end)]
        more = {"LastEvaluatedKey": {"key": {"S": str(end)}}} if end < self.count else {}
        return {"Items": items, "Count": len(items), "ScannedCount": len(items)} | more

    def _entry(self, key: str) -> Mapping[str, Any]:
        return self._item | to_item({"key": key, STATUS_SHARD: status_shard(PUBLISHED, key)})


def _page(keys: Sequence[str], end: int, count: int) -> str:
    entries = "".join(ENTRY.format(key=quote(key, safe="/")) for key in keys)
    more = MORE.format(next=end) if end < count else LAST
    return PAGE.format(count=len(keys), more=more, entries=entries)


class _Handler(BaseHTTPRequestHandler):
    """Answers boto3; connections stay open, as those of AWS do."""

    protocol_version = "HTTP/1.1"
    # Head and body in one packet: the client would wait for the delayed acknowledgement of one.
    wbufsize = -1
    stack: SyntheticStack

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        of_bucket = {SOURCES: self.stack.sources_page, VARIANTS: self.stack.variants_page}
        self._send(of_bucket[parts.path.strip("/")](query).encode(), "application/xml")

    def do_POST(self) -> None:
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        answers = {"BatchGetItem": self.stack.batch, "Scan": self.stack.scan}
        self._send(json.dumps(answers[operation](request)).encode(), "application/x-amz-json-1.0")

    def _send(self, body: bytes, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing: there is a request for each thousand keys."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 300


def server(stack: SyntheticStack) -> ThreadingHTTPServer:
    """Return a server of a stack on a free port; the caller serves and closes it."""
    return _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"stack": stack}))
