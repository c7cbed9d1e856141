"""Opens libvips the way this project uses it, and translates what it complains of.

Importing this module loads libvips: only the render child and benchmarks do.
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

# Words in libvips' messages, as its loaders write them; the first match decides.
_COMPLAINTS: tuple[tuple[str, type[Failure]], ...] = (
    ("out of memory", TooCostly),
    ("insufficient memory", TooCostly),
    ("memory allocation", TooCostly),
    ("failed to allocate", TooCostly),
    ("picture memory error", TooCostly),
    ("wbuffer_write: write failed", TooCostly),  # libvips' own buffer, which could not grow
    ("av1_create_context_and_bufferpool", TooCostly),
    # Not the image's fault: a process may have only so many threads, and so much for their stacks.
    ("error creating thread", Unknown),
    ("premature end", Truncated),
    ("libpng read error", Truncated),
    ("unexpected end", Truncated),
    ("end of file", Truncated),
    ("truncated", Truncated),
    ("not enough data", Truncated),
    ("not in a known format", NotAnImage),
    # Well-made, and of a kind that nobody shows: JPEG of 12 bits, HEIF of other codecs.
    ("unsupported jpeg", UnsupportedFormat),
    ("unsupported color conversion", UnsupportedFormat),
    ("unsupported bmp", UnsupportedFormat),
    ("unsupported feature", UnsupportedFormat),
    ("has not been built in", UnsupportedFormat),
)

# What a call of libvips may raise. pyvips takes names and messages for UTF-8, and a broken file
# can put any bytes into either.
FAILURES = (pyvips.Error, UnicodeDecodeError)


def harden() -> None:
    """Block untrusted loaders, and the cache: it has served one file's pixels as another's."""
    pyvips.block_untrusted_set(True)  # noqa: FBT003 - the library's own signature
    pyvips.cache_set_max(0)
    pyvips.cache_set_max_mem(0)


def translated(error: Exception, stage: str) -> Failure:
    """Return the failure that one of `FAILURES` means; what only fails to decode is `Corrupt`."""
    # libvips puts "unable to …" on top, which says what we asked for and not what was wrong.
    lines = [line.strip() for line in _message(error).splitlines() if line.strip()]
    said = [line for line in lines if not line.startswith("unable to ")] or lines
    detail = " ".join(said) or "The decoder failed and did not say why."
    lowered = detail.lower()
    kind = next((kind for words, kind in _COMPLAINTS if words in lowered), Corrupt)
    return kind(detail, stage=stage)


def _message(error: Exception) -> str:
    if not isinstance(error, UnicodeDecodeError):
        return str(error)
    # pyvips stumbled before it emptied libvips' buffer: the next image would get this message too.
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode(errors="replace")
    pyvips.vips_lib.vips_error_clear()
    return said or "The file holds text that is not UTF-8."
