"""Hardens libvips, and translates its errors into failures.

Importing this module loads libvips. Only the render child and benchmarks may do that.
"""

import pyvips

from shared.model.errors import (
    Corrupt,
    Failure,
    NotAnImage,
    TooCostly,
    Truncated,
    Unknown,
    UnsupportedFormat,
)

# Parts of libvips' error messages in lower case; the first match decides.
_MESSAGES: tuple[tuple[str, type[Failure]], ...] = (
    ("out of memory", TooCostly),
    ("insufficient memory", TooCostly),
    ("memory allocation", TooCostly),
    ("failed to allocate", TooCostly),
    ("picture memory error", TooCostly),
    ("wbuffer_write: write failed", TooCostly),  # libvips' own buffer, which could not grow
    ("av1_create_context_and_bufferpool", TooCostly),
    # Not the image's fault: the process has too many threads, or no memory for another stack.
    ("error creating thread", Unknown),
    ("premature end", Truncated),
    ("libpng read error", Truncated),
    ("unexpected end", Truncated),
    ("end of file", Truncated),
    ("truncated", Truncated),
    ("not enough data", Truncated),
    ("not in a known format", NotAnImage),
    # Valid files that browsers cannot show either: JPEG of 12 bits, HEIF with other codecs.
    ("unsupported jpeg", UnsupportedFormat),
    ("unsupported color conversion", UnsupportedFormat),
    ("unsupported bmp", UnsupportedFormat),
    ("unsupported feature", UnsupportedFormat),
    ("has not been built in", UnsupportedFormat),
)

# What a call of libvips may raise. pyvips decodes names and messages as UTF-8, and a broken file
# can put any bytes into them.
FAILURES = (pyvips.Error, UnicodeDecodeError)


def harden() -> None:
    """Block untrusted loaders and turn off the cache, which returned pixels of another file."""
    pyvips.block_untrusted_set(True)  # noqa: FBT003 - the library's own signature
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)


def translated(error: Exception, stage: str) -> Failure:
    """Return the failure for one of `FAILURES`: `Corrupt` if no known message matches."""
    # libvips' first line, "unable to …", repeats the call and not the problem.
    lines = [line.strip() for line in _message(error).splitlines() if line.strip()]
    problems = [line for line in lines if not line.startswith("unable to ")] or lines
    detail = " ".join(problems) or "The decoder failed without a message."
    lowered = detail.lower()
    kind = next((kind for part, kind in _MESSAGES if part in lowered), Corrupt)
    return kind(detail, stage=stage)


def _message(error: Exception) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return str(error)
    # pyvips failed before it cleared libvips' error buffer: the next image would get its content.
    message = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode(errors="replace")
    pyvips.vips_lib.vips_error_clear()
    return message or "The file holds text that is not UTF-8."
