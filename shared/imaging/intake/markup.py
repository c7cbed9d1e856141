"""Reads text: vector drawings, and pages, messages and pointers that come instead of an image."""

import codecs
import re
import zlib

GZIP = b"\x1f\x8b\x08"
_GZIP_WBITS = 31
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_UTF_8 = b"\xef\xbb\xbf"
# Looked up now: Python loads a codec's module at its first use, and a locked process loads none.
_DECODERS = {name: codecs.getincrementaldecoder(name) for name in ("utf-8", "utf-16")}
# Tabs, line ends, page ends and the escapes of coloured logs; no other control byte is text.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
# The error codes of S3 are words such as AccessDenied:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_STORAGE_ERROR = re.compile(r"<error\b[^>]*>.*?<code>([a-z0-9.]{1,60})</code>", re.DOTALL)
# What may stand before the root is passed without going back: there are many ways to split it.
_HTML = re.compile(
    r"(?>(?:<\?.*?\?>|<!--.*?-->|\s+)*)"
    r"<(?:!doctype\s+html|html|head|body|title|meta|script|style|div|center|p|h1|table)\b",
    re.DOTALL,
)
HTTP_RESPONSE = "an HTTP response with its header"
FORM = "an upload form with its parts (multipart/form-data)"
_JSON = re.compile(r'(?:\{\s*(?:"|\}|\Z)|\[\s*(?:["\[{\]\-0-9tfn]|\Z))')
_WORDS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (words, re.compile(pattern, re.DOTALL))
    for words, pattern in (
        # https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
        ("a Git LFS pointer in place of the picture", r"version https://(?:git-lfs|hawser)\."),
        ("a picture as text (a data URL)", r"data:image/"),
        (
            "a picture as Base64 text",
            # JPEG, PNG, GIF, WebP, AVIF and HEIC, TIFF, BMP.
            r"(?:/9j/|ivbor|r0lgod|uklgr|aaaa.{2}z0exb|sukqa|tu0ak|qk[0-3])[a-z0-9+/=\s]*\Z",
        ),
        (HTTP_RESPONSE, r"http/[0-9.]+ [0-9]{3}"),
        (FORM, r"--[^\r\n]+\r?\ncontent-disp"),
        ("an XMP sidecar file", r"(?:<\?xml[^>]*>\s*)?(?:<\?xpacket|<x:xmpmeta)"),
        ("a formatted text document (RTF)", r"\{\\rtf"),
    )
)


def is_svg(header: bytes) -> bool:
    """Return whether a file is an SVG, packed or not; also if its root is beyond the header."""
    if header.startswith(GZIP):
        header = _unpacked(header)
    if header.startswith(_UTF_16):
        header = _DECODERS["utf-16"](errors="ignore").decode(header).encode(errors="replace")
    text = header.removeprefix(_UTF_8).lstrip().lower()
    is_xml = text.startswith(b"<?xml")
    while text.startswith((b"<?", b"<!--")):
        _, closed, rest = text.partition(b"-->" if text.startswith(b"<!--") else b"?>")
        if not closed:
            return is_xml  # the root element is beyond the header bytes
        text = rest.lstrip()
    return text.startswith((b"<svg", b"<!doctype svg")) or (is_xml and not text.strip(b"\0"))


def text_in_words(header: bytes) -> str | None:
    """Return what a text is, for a refusal; `None` if the header is no text."""
    text = _text(header)
    if text is None:
        return None
    text = text.lstrip().lower()
    for words, pattern in _WORDS:
        if pattern.match(text):
            return words
    if error := _STORAGE_ERROR.search(text):
        # The code in its own capitals.
        at = header.lower().find(error[1].encode())
        code = header[at : at + len(error[1])].decode(errors="replace")
        return f"an error message of a storage service in XML ({code})"
    if _HTML.match(text):
        return "an HTML page"
    if text.startswith("<"):
        return "an XML document"
    return "a JSON document" if _JSON.match(text) else "a text file"


def _text(header: bytes) -> str | None:
    """Return a header as text; `None` if it has bytes that no text has."""
    encoding = "utf-16" if header.startswith(_UTF_16) else "utf-8"
    try:
        # Incrementally: a character may be cut at the end of the header.
        text = _DECODERS[encoding]().decode(header.removeprefix(_UTF_8))
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text) else text


def _unpacked(header: bytes) -> bytes:
    """Return the beginning of a gzip file's content, to recognise svgz; empty if it is broken."""
    try:
        return zlib.decompressobj(_GZIP_WBITS).decompress(header, len(header))
    except zlib.error:
        return b""
