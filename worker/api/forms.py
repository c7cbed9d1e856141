"""Reads a form of files into a type: fields of text, and files in the field `files`."""

from collections.abc import AsyncGenerator
from typing import TypeVar

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartParser
from starlette.requests import Request

from worker.api.problems import BadRequest, UnsupportedType
from worker.api.requests import read_body

Wanted = TypeVar("Wanted", bound=msgspec.Struct)

# Lambda's request has at most 6 MB, and API Gateway encodes a body in Base64.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_FORM_BYTES = 4_500_000
MAX_FILES = 20
MAX_FIELDS = 10
FORM = "multipart/form-data"
FILES = "files"


class FormFile:
    """One file of a form."""

    def __init__(self, name: str, content_type: str, data: bytes) -> None:
        self.name = name
        self.content_type = content_type
        self.data = data


async def read_form(request: Request, kind: type[Wanted]) -> Wanted:
    """Return the form as this type; `UnsupportedType`, `TooLarge` or `BadRequest` if not one."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared != FORM:
        raise UnsupportedType(f"Send the files as {FORM}.")
    body = await read_body(request, MAX_FORM_BYTES)

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(request.headers, stream(), max_files=MAX_FILES, max_fields=MAX_FIELDS)
    form = await parser.parse()
    try:
        return await _as_type(form, kind)
    finally:
        await form.close()


async def _as_type(form: FormData, kind: type[Wanted]) -> Wanted:
    known = {each.name for each in msgspec.structs.fields(kind)}
    fields: dict[str, object] = {FILES: []}
    files: list[FormFile] = []
    for name, value in form.multi_items():
        if name not in known or isinstance(value, UploadFile) != (name == FILES):
            raise BadRequest(f"Send only the fields {', '.join(sorted(known))}.")
        if isinstance(value, UploadFile):
            content_type = (value.content_type or "").partition(";")[0].strip().lower()
            files.append(FormFile(value.filename or "", content_type, await value.read()))
        elif name in fields:
            raise BadRequest(f"Send the field {name} once.")
        else:
            fields[name] = value
    fields[FILES] = files
    return msgspec.convert(fields, kind, strict=False)
