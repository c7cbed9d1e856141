"""Reads queries and bodies into types, never more of a body than is allowed."""

from typing import TypeVar

import msgspec
from starlette.requests import Request

from worker.api.problems import BadRequest, TooLarge, UnsupportedType

Wanted = TypeVar("Wanted", bound=msgspec.Struct)

# A hundred keys of 1,024 bytes, each byte written as a JSON escape of two characters.
MAX_JSON_BYTES = 256 * 1024
JSON = "application/json"


def read_query(request: Request, kind: type[Wanted]) -> Wanted:
    """Return the query; `BadRequest` if a parameter is repeated, unknown or of a wrong form."""
    pairs = request.query_params.multi_items()
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise BadRequest("Send each parameter of the query once.")
    try:
        return msgspec.convert(fields, kind, strict=False)
    except msgspec.ValidationError as error:
        text = str(error).replace("Object ", "The query ")
        raise BadRequest(f"Correct the query: {text.replace('`$.', '`')}.") from error


def refuse_query(request: Request) -> None:
    """Raise `BadRequest` if there is a query where none is read."""
    if request.query_params:
        raise BadRequest("Leave out the query: this route takes no parameters.")


def media_type(request: Request) -> str:
    """Return the media type of the body; `BadRequest` if the request declares two."""
    declared = request.headers.getlist("content-type") or [""]
    if len(declared) > 1:
        raise BadRequest("Send the header Content-Type once.")
    return declared[0].partition(";")[0].strip().lower()


async def read_json(request: Request, kind: type[Wanted]) -> Wanted:
    """Return the body as this type; `UnsupportedType` if it is not declared as JSON."""
    if media_type(request) != JSON:
        raise UnsupportedType(f"Send the body as {JSON}.")
    body = await read_body(request, MAX_JSON_BYTES)
    try:
        return msgspec.json.decode(body, type=kind)
    except UnicodeDecodeError:
        raise BadRequest("Send the body in UTF-8.") from None
    except RecursionError:
        raise BadRequest("Send a body that is not nested that deep.") from None


async def read_body(request: Request, most_bytes: int) -> bytes:
    """Return the body; `TooLarge` as soon as it is known to be over the limit."""
    too_large = TooLarge(f"Send at most {most_bytes} bytes.")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced[:20]) > most_bytes:
        raise too_large
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most_bytes:
            raise too_large
    return bytes(data)
