"""The log of the local AWS says which calls were repeated."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

import pytest

from scripts.local.edge.server import App, Receive, Scope, Send
from scripts.local.repeated_calls import with_repeats_logged


async def _answer(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def _call(app: App, *, attempt: str, call: str) -> list[Mapping[str, Any]]:
    """Return the messages that the application sends for one request."""
    messages: list[Mapping[str, Any]] = []

    async def receive() -> Mapping[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Mapping[str, Any]) -> None:
        messages.append(message)

    headers = [
        (b"amz-sdk-invocation-id", call.encode()),
        (b"amz-sdk-request", f"attempt={attempt}; max=25".encode()),
    ]
    scope = {"type": "http", "method": "POST", "path": "/aliases", "headers": headers}

    async def run() -> None:
        await app(scope, receive, send)

    asyncio.run(run())
    return messages


def test_a_repeated_call_is_logged_with_what_became_of_the_first_attempt(
    caplog: pytest.LogCaptureFixture,
) -> None:
    app = with_repeats_logged(_answer)
    with caplog.at_level(logging.WARNING, logger="pixfleet.local"):
        _call(app, attempt="1", call="a")
        assert not caplog.messages
        answer = _call(app, attempt="2", call="a")
        _call(app, attempt="2", call="b")
    assert answer[0]["status"] == 201
    first, second = caplog.messages
    assert first.startswith("POST /aliases, attempt=2: the one before was answered with 201 after")
    assert second == "POST /aliases, attempt=2: the one before never arrived here"
