"""Compares 200 clients who sign uploads through the API with 200 at a bare Starlette route.

`python -m tests.bench.api_load` starts MiniStack, the API as `python -m worker.api.local` and the
bare route, each a process with one event loop. It loads one after the other, in turns, so that a
busy machine disturbs both. The API verifies a token, checks the key and signs a form; no call of
it needs AWS, except the first. `tests/e2e/test_api.py` runs it for a second.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from urllib.parse import urlsplit

from scripts.local.clients import local_clients
from scripts.local.ministack import running_ministack
from scripts.local.stack import create_serving, create_stack
from scripts.pixfleet.stack.recipe_file import recipes_document
from tests.e2e.api_server import BareRoute, api_server
from tests.e2e.processes import free_port
from tests.support.issuer import Issuer

CONNECTIONS = 200
SECONDS = 60.0
ROUNDS = 6
FOLDER = "ann"


@dataclass
class Load:
    """What clients saw of one server: seconds of each answer, and what was wrong with others."""

    seconds: list[float] = field(default_factory=list)
    wrong: Counter[str] = field(default_factory=Counter)
    duration: float = 0.0

    @property
    def p95(self) -> float:
        """Return the 95th percentile of the seconds."""
        return quantiles(self.seconds, n=20)[-1]

    @property
    def rate(self) -> float:
        """Return answers a second."""
        return len(self.seconds) / self.duration


@dataclass(frozen=True)
class Client:
    """Sends POST after POST over one connection; `problem` says what is wrong with an answer."""

    url: str
    token: str
    problem: Callable[[str, Mapping[str, object]], str]

    async def run(self, load: Load, name: str, until: float) -> None:
        """Send requests until a time; each has a key of its own, which the answer must have."""
        host, port = urlsplit(self.url).hostname, urlsplit(self.url).port
        reader, writer = await asyncio.open_connection(host, port)
        number = 0
        while time.monotonic() < until:
            key = f"{FOLDER}/{name}-{number}.jpg"
            began = time.monotonic()
            writer.write(self._request(key))
            status, body = await _answer(reader)
            load.seconds.append(time.monotonic() - began)
            problem = str(status) if status != 201 else self.problem(key, json.loads(body))
            if problem:
                load.wrong[problem] += 1
            number += 1
        writer.close()

    def _request(self, key: str) -> bytes:
        body = json.dumps({"key": key, "bytes": 1_000, "type": "image/jpeg"}).encode()
        head = (
            "POST /v1/uploads HTTP/1.1\r\nHost: api\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {self.token}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    status, *headers = head.split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in headers if line)
    return int(status.split()[1]), await reader.readexactly(int(fields["content-length"]))


def other_key(key: str, signed: Mapping[str, object]) -> str:
    """Return what is wrong if another upload was signed than the one that was asked for."""
    fields = signed["fields"]
    is_right = isinstance(fields, dict) and fields["key"] == key and fields["policy"]
    return "" if is_right else "an answer to another request"


def compare(
    api: str, bare: str, token: str, *, connections: int, seconds: float, rounds: int
) -> Mapping[str, Load]:
    """Load both servers in turns; return what their clients saw."""
    clients = {
        "api": Client(api, token, other_key),
        "bare": Client(bare, token, lambda key, answer: "" if answer["key"] == key else "other"),
    }
    loads = {name: Load() for name in clients}
    for turn in range(rounds):
        for name, client in clients.items():
            asyncio.run(_round(client, loads[name], connections, seconds / rounds, turn))
    return loads


async def _round(client: Client, load: Load, connections: int, seconds: float, turn: int) -> None:
    began = time.monotonic()
    await asyncio.gather(
        *(client.run(load, f"{turn}-{each}", began + seconds) for each in range(connections))
    )
    load.duration += time.monotonic() - began


def report(loads: Mapping[str, Load]) -> str:
    """Return the figures as text."""
    lines = [
        f"{name:5} {len(load.seconds):7} answers {load.rate:7.0f}/s "
        f"p95 {1000 * load.p95:6.0f} ms, errors {dict(load.wrong) or 'none'}"
        for name, load in loads.items()
    ]
    api, bare = loads["api"], loads["bare"]
    ratio = f"p95 of the API over the bare route: {api.p95 / bare.p95:.1f}"
    return "\n".join([*lines, f"{ratio}; answers a second: {api.rate / bare.rate:.2f}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the comparison; return 1 if an answer was wrong or missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each server")
    options = parser.parse_args(arguments)
    issuer = Issuer()
    with ExitStack() as opened:
        endpoint_url = opened.enter_context(running_ministack(free_port()))
        stack = create_stack(endpoint_url, recipes_document())
        create_serving(local_clients(endpoint_url).dynamodb, "bench-serving")
        folder = Path(opened.enter_context(tempfile.TemporaryDirectory()))
        api = opened.enter_context(
            api_server(stack, issuer, folder / "api.log", serving="bench-serving")
        )
        bare = opened.enter_context(BareRoute(stack, folder / "bare.log"))
        loads = compare(
            api,
            bare.url,
            issuer.token(folder=FOLDER),
            connections=CONNECTIONS,
            seconds=options.seconds,
            rounds=ROUNDS,
        )
    print(report(loads))
    return 1 if any(load.wrong for load in loads.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
