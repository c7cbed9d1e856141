"""Reads a form of files into a type: fields of text, and files in the field `files`."""

import re
from collections.abc import AsyncGenerator
from typing import TypeVar
from urllib.parse import unquote

import msgspec
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from worker.api.problems import BadRequest, UnsupportedType
from worker.api.requests import media_type, read_body

Wanted = TypeVar("Wanted", bound=msgspec.Struct)

# Lambda's request has at most 6 MB, and API Gateway encodes a body in Base64.
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
MAX_FORM_BYTES = 4_500_000
MAX_FILES = 20
MAX_FIELDS = 10
# https://www.rfc-editor.org/rfc/rfc2046.html#section-5.1.1
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")
QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
# The name once more, in another encoding: .NET's HttpClient writes both for every file.
# https://www.rfc-editor.org/rfc/rfc8187.html#section-3.2
EXTENDED = re.compile(r"; *filename\*=utf-8'[^']*'([^\s;]*)", re.IGNORECASE)
FORM = "multipart/form-data"
FILES = "files"


class FormFile:
    """One file of a form."""

    def __init__(self, name: str, content_type: str, data: bytes) -> None:
        self.name = name
        self.content_type = content_type
        self.data = data


class WholeForm(MultiPartParser):
    """Parses a form, and refuses one that ends before its last boundary: a file may be missing.

    Its texts are in Latin-1, see `_headers`.
    """

    def __init__(self, headers: Headers, body: bytes) -> None:
        super().__init__(headers, self._parts(body), max_files=MAX_FILES, max_fields=MAX_FIELDS)
        self._has_ended = False

    def on_end(self) -> None:
        """Note that the last boundary was read."""
        self._has_ended = True

    async def _parts(self, body: bytes) -> AsyncGenerator[bytes, None]:
        yield body
        if not self._has_ended:
            raise MultiPartException("It ends before its last boundary.")


async def read_form(request: Request, kind: type[Wanted]) -> Wanted:
    """Return the form as this type; `UnsupportedType`, `TooLarge` or `BadRequest` if not one."""
    if media_type(request) != FORM:
        raise UnsupportedType(f"Send the files as {FORM}.")
    body = await read_body(request, MAX_FORM_BYTES)

    form = await WholeForm(_headers(request), body).parse()
    try:
        return await _as_type(form, kind)
    finally:
        await form.close()


def _headers(request: Request) -> Headers:
    """Return headers by which the parser reads all texts as Latin-1, which loses no byte.

    It would read texts that are not UTF-8 as Latin-1 without an error, and others by the charset
    that the client names. https://www.rfc-editor.org/rfc/rfc7578.html#section-5.1
    """
    _, options = parse_options_header(request.headers["content-type"])
    boundary = options.get(b"boundary", b"").decode("latin-1")
    if not BOUNDARY.fullmatch(boundary):
        raise BadRequest("Send the files with a boundary, as RFC 2046 describes it.")
    if options.get(b"charset", b"utf-8").lower() != b"utf-8":
        raise BadRequest("Send the names of files and fields in UTF-8.")
    return Headers({"content-type": f'{FORM}; charset=latin-1; boundary="{boundary}"'})


def _text(latin: str) -> str:
    try:
        return latin.encode("latin-1").decode()
    except UnicodeDecodeError:
        raise BadRequest("Send the names of files and fields in UTF-8.") from None


def _refuse_ambiguous(file: UploadFile) -> None:
    """Raise `BadRequest` for a file whose headers name it twice, or that a line break has cut.

    Parsers differ in which name they take.
    """
    dispositions, types = (
        file.headers.getlist(name) for name in ("content-disposition", "content-type")
    )
    unquoted = QUOTED.sub("", dispositions[0])
    extended = EXTENDED.search(unquoted)
    if extended and unquote(extended[1]) == _text(file.filename or ""):
        unquoted = unquoted.replace(extended[0], "", 1)
    if len(dispositions) > 1 or len(types) > 1 or unquoted.count("filename") > 1:
        raise BadRequest(
            "Send one Content-Disposition with one filename for each file, and one type."
        )
    if '"' in unquoted:
        raise BadRequest("Send file names without line breaks, and each in one pair of quotes.")


async def _as_type(form: FormData, kind: type[Wanted]) -> Wanted:
    known = {each.name for each in msgspec.structs.fields(kind)}
    fields: dict[str, object] = {FILES: []}
    files: list[FormFile] = []
    for latin_name, value in form.multi_items():
        name = _text(latin_name)
        if name not in known or isinstance(value, UploadFile) != (name == FILES):
            raise BadRequest(f"Send only the fields {', '.join(sorted(known))}.")
        if isinstance(value, UploadFile):
            _refuse_ambiguous(value)
            content_type = (value.content_type or "").partition(";")[0].strip().lower()
            data = await value.read()
            files.append(FormFile(_text(value.filename or ""), content_type, data))
        elif name in fields:
            raise BadRequest(f"Send the field {name} once.")
        else:
            fields[name] = _text(value)
    fields[FILES] = files
    return msgspec.convert(fields, kind, strict=False)
