"""Hardens libvips, and translates its errors into failures.

Importing this module loads libvips. Only the render child and benchmarks may do that.
"""

import re

import pyvips

from shared.imaging import decoder_log
from shared.model.errors import (
    MAX_DETAIL_CHARS,
    Corrupt,
    Failure,
    NotAnImage,
    TooCostly,
    TooManyPixels,
    Truncated,
    Unknown,
    UnsupportedFormat,
)
from shared.text import printable_line

# Parts of libvips' messages in lower case; the first match decides.
_MESSAGES: tuple[tuple[str, type[Failure]], ...] = (
    # Limits of libheif, which it reports as memory: libheif/security_limits.cc
    ("exceeds the maximum image size", TooManyPixels),
    ("exceeds user limit", TooManyPixels),  # libpng's, a million pixels a side
    # libjpeg's, 65,500 pixels a side, although JPEG has 65,535.
    ("maximum supported image dimension", UnsupportedFormat),
    ("security limit", TooCostly),
    # An entry that points outside the file: the limits on tags bound what libtiff can need.
    ("to read tiff directory", Corrupt),
    ("out of memory", TooCostly),
    ("insufficient memory", TooCostly),
    ("memory allocation", TooCostly),
    ("failed to allocate", TooCostly),
    ("picture memory error", TooCostly),
    ("wbuffer_write: write failed", TooCostly),  # libvips' own buffer, which could not grow
    ("av1_create_context_and_bufferpool", TooCostly),
    # Not the image's fault: the process has too many threads, or no memory for another stack.
    ("error creating thread", Unknown),
    # `reading` corrects these for formats whose end can be found.
    ("premature end", Truncated),
    ("libpng read error", Truncated),
    ("unexpected end", Truncated),
    ("end of file", Truncated),
    ("truncated", Truncated),
    ("not enough data", Truncated),
    ("not in a known format", NotAnImage),
    # Valid files that browsers cannot show either: JPEG of 12 bits, HEIF with other codecs.
    ("unsupported jpeg", UnsupportedFormat),
    ("unsupported marker type 0xf7", UnsupportedFormat),  # JPEG-LS
    ("unsupported color conversion", UnsupportedFormat),
    ("unsupported bmp", UnsupportedFormat),
    ("unsupported feature", UnsupportedFormat),
    ("unsupported file-type", UnsupportedFormat),  # HEIF of brands that libheif does not know
    ("has not been built in", UnsupportedFormat),
)
# Lines that repeat the call, only say that it failed, or are about a colour profile: shown only if
# there is nothing else.
_VAGUE = re.compile(
    r"unable to |source: bad seek|.*: (?:libpng )?read error$|.*: load error$|vips__tiff_openin|"
    r"read gave \d+ warnings|fallback to |profile does not support|\(\d+\.\d+\)$"
)
_NO_REASON = "The decoder failed and gave no reason"
# libpng writes the bytes of a broken name as [4F], libtiff those of a stream as 0x4f.
_HEX = re.compile(r"(?:\[[0-9A-F]{2}\])+|:? starts with(?: 0x[0-9a-f]+)+")
_LIBHEIF_NUMBERS = re.compile(r" \(\d+\.\d+\)$")
_LIBHEIF_LIMIT = re.compile(r"\w[\w ]*: security limit exceeded: ", re.IGNORECASE)

# What a call of libvips may raise. pyvips decodes names and messages as UTF-8, and a broken file
# can put any bytes into them.
FAILURES = (pyvips.Error, UnicodeDecodeError)


def harden() -> None:
    """Block untrusted loaders and turn off the cache, which returned pixels of another file."""
    pyvips.block_untrusted_set(True)  # noqa: FBT003 - the library's own signature
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)


def translated(error: Exception, stage: str) -> Failure:
    """Return the failure for one of `FAILURES`: `Corrupt` if no known message matches.

    Its detail is what the decoder reported: the error, and the warnings since `decoder_log.clear`.
    """
    lines = [each for line in _message(error).splitlines() if (each := line.strip())]
    found = list(dict.fromkeys([*lines, *decoder_log.messages()]))
    lowered = " ".join(found).lower()
    kind = next((kind for part, kind in _MESSAGES if part in lowered), Corrupt)
    clear = [_in_plain_words(line) for line in found if not _VAGUE.match(line)]
    if not clear:
        clear = [f"{_NO_REASON} ({', '.join(found)})." if found else f"{_NO_REASON}."]
    return kind(printable_line("; ".join(clear), MAX_DETAIL_CHARS), stage=stage)


def _in_plain_words(line: str) -> str:
    limited = _LIBHEIF_LIMIT.sub("over a limit of the decoder: ", line)
    return _LIBHEIF_NUMBERS.sub("", _HEX.sub("?", limited))


def _message(error: Exception) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return str(error)
    # pyvips failed before it cleared libvips' error buffer: the next image would get its content.
    message = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode(errors="replace")
    pyvips.vips_lib.vips_error_clear()
    return message or "The file holds text that is not UTF-8."
