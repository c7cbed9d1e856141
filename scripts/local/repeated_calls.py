"""Tells MiniStack's log which calls a client repeated, and what became of the first attempt.

An SDK repeats a call whose answer it did not get. If the first attempt took effect, the second is
a conflict, and the error alone does not show why.
"""

import logging
from collections import OrderedDict
from collections.abc import Mapping
from time import monotonic
from typing import Any

from scripts.local.edge.server import App, Receive, Scope, Send

# Headers of every SDK: one id for all attempts at a call, and the number of the attempt.
CALL, ATTEMPT = b"amz-sdk-invocation-id", b"amz-sdk-request"
FIRST_ATTEMPT = "attempt=1"
CALLS_KEPT = 1000

log = logging.getLogger("pixfleet.local")


def with_repeats_logged(app: App) -> App:
    """Return the ASGI application, with a warning for each repeated call."""
    outcomes: OrderedDict[bytes, str] = OrderedDict()

    async def answered(scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope.get("headers", ()))
        call = headers.get(CALL)
        if call is None:
            await app(scope, receive, send)
            return
        attempt = headers.get(ATTEMPT, b"").decode("latin-1").partition(";")[0]
        if attempt not in ("", FIRST_ATTEMPT):
            former = outcomes.get(call, "never arrived here")
            log.warning(
                "%s %s, %s: the one before %s", scope["method"], scope["path"], attempt, former
            )
        begun, outcomes[call] = monotonic(), "has not ended"

        async def sent(message: Mapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                seconds = monotonic() - begun
                outcomes[call] = f"was answered with {message['status']} after {seconds:.1f} s"
            await send(message)

        if len(outcomes) > CALLS_KEPT:
            outcomes.popitem(last=False)
        await app(scope, receive, sent)

    return answered
