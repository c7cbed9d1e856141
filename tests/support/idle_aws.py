"""An AWS on loopback with one idle stack, for commands that run as processes."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from scripts.pixfleet.stack.ssm_parameter import Lane, Stack

STACK = Stack(
    schema=1,
    prefix="pixfleet",
    region="eu-west-1",
    sources_bucket="s",
    variants_bucket="v",
    ledger_table="t",
    status_index="status",
    lanes={"live": Lane("pixfleet-live"), "bulk": Lane("pixfleet-bulk")},
    dead_letter_queue="pixfleet-dead",
    recipes="s3://v/recipes.json",
    environment={},
)
# CloudWatch speaks CBOR (RFC 8949): {"MetricDataResults": []}.
NO_METRICS = b"\xa1\x71MetricDataResults\x80"


@dataclass
class IdleAws:
    """Answers like services that have nothing; `called` names the operations."""

    stack: Stack = STACK
    called: list[str] = field(default_factory=list)
    url: str = ""

    def answer(self, operation: str) -> Mapping[str, Any]:
        """Return the JSON answer of an operation."""
        answers: Mapping[str, Mapping[str, Any]] = {
            "GetParameter": {"Parameter": {"Value": self.stack.document()}},
            "GetQueueUrl": {"QueueUrl": f"{self.url}/queue"},
            "GetQueueAttributes": {
                "Attributes": {
                    "ApproximateNumberOfMessages": "0",
                    "ApproximateNumberOfMessagesNotVisible": "0",
                    "ApproximateNumberOfMessagesDelayed": "0",
                }
            },
            "GetMetricData": {"MetricDataResults": []},
            "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
        }
        return answers.get(operation, {})

    @contextmanager
    def served(self) -> Iterator["IdleAws"]:
        """Serve while the block runs; `url` is the endpoint."""
        with ThreadingHTTPServer(("127.0.0.1", 0), _handler(self)) as server:
            self.url = f"http://127.0.0.1:{server.server_port}"
            Thread(target=server.serve_forever, daemon=True).start()
            try:
                yield self
            finally:
                server.shutdown()


def _handler(aws: IdleAws) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body in one packet: a second one would wait 40 ms for the first one's ACK.
        wbufsize = -1

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            # CloudWatch has the operation in the path, the others in a header.
            target = self.headers.get("X-Amz-Target", self.path)
            operation = target.replace("/", ".").rpartition(".")[2]
            aws.called.append(operation)
            is_cbor = "cbor" in self.headers.get("Content-Type", "")
            body = NO_METRICS if is_cbor else json.dumps(aws.answer(operation)).encode()
            self.send_response(200)
            if is_cbor:
                self.send_header("smithy-protocol", "rpc-v2-cbor")
            kind = "application/cbor" if is_cbor else "application/x-amz-json-1.0"
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    return Handler
