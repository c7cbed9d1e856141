"""Starts MiniStack with the edge and its port for browsers."""

import os
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any

from scripts.local.edge.edge import Edge
from scripts.local.edge.ministack_invalidations import use_invalidations
from scripts.local.edge.ministack_requests import use_edge
from scripts.local.edge.server import App, listen, with_browser_port
from scripts.local.repeated_calls import with_repeats_logged

# `scripts/local/ministack.py` sets it: the port that is used unless it is taken.
PORT_VARIABLE = "PIXFLEET_EDGE_PORT"
# A server that closes idle connections before its clients do can close one on which a request is
# on its way. The client repeats the call, which may have taken effect. Go's clients close after
# 90 seconds, MiniStack after 75: https://pkg.go.dev/net/http#DefaultTransport
IDLE_SECONDS = 600

Serve = Callable[[App, Any], Awaitable[None]]


def add_edge(cloudfront: Any) -> None:  # noqa: ANN401 - MiniStack's module
    """Put an edge into MiniStack, which is about to start."""
    edge = Edge()
    use_edge(cloudfront, import_module("ministack.services.lambda_svc"), edge)
    use_invalidations(cloudfront, edge)
    listener = listen(int(os.environ.get(PORT_VARIABLE, "0")))
    hypercorn: Any = import_module("hypercorn.asyncio")

    async def served(serve: Serve, app: App, config: Any) -> None:  # noqa: ANN401 - Hypercorn's
        port = listener.getsockname()[1]
        # Hypercorn owns the socket from here on.
        config.bind = [*config.bind, f"fd://{listener.detach()}"]
        config.keep_alive_timeout = IDLE_SECONDS
        answering = with_browser_port(app, edge, port, lambda: domain_name(cloudfront))
        await serve(with_repeats_logged(answering), config)

    original: Serve = hypercorn.serve
    hypercorn.serve = lambda app, config: served(original, app, config)


def domain_name(cloudfront: Any) -> str | None:  # noqa: ANN401 - MiniStack's module
    """Return the host name of the first distribution."""
    found = next(iter(cloudfront._distributions.values()), None)  # noqa: SLF001
    return None if found is None else str(found["DomainName"])
