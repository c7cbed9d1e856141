"""A Starlette route under uvicorn that reads JSON and answers JSON: what every API pays."""

import os
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

FILLER = "x" * 1_200  # an answer as long as that of a signed form


async def answer(request: Request) -> JSONResponse:
    """Return the key of the body."""
    body = await request.json()
    return JSONResponse({"key": body["key"], "filler": FILLER}, 201)


def main() -> int:
    """Serve until SIGTERM."""
    app = Starlette(routes=[Route("/v1/uploads", answer, methods=["POST"])])
    uvicorn.run(
        app, host="127.0.0.1", port=int(os.environ["PIXFLEET_BARE_PORT"]), access_log=False
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
