"""Collects what libvips and its decoders report about the current picture.

libvips reports through GLib's log, which pyvips hands to Python's logging. A process renders one
picture at a time, so what was said since `clear` is about this picture.
https://libvips.github.io/pyvips/intro.html#logging-and-warnings
"""

import logging

import pyvips

MAX_MESSAGES = 100
_PREFIX = "VIPS: "
# libvips says so of each part of a picture that it could not read.
_CONSEQUENCE = "error in tile "


class _Log(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.add(record.getMessage().removeprefix(_PREFIX))

    def add(self, text: str) -> None:
        for line in filter(None, map(str.strip, text.splitlines())):
            is_news = line not in self.messages and not line.startswith(_CONSEQUENCE)
            if is_news and len(self.messages) < MAX_MESSAGES:
                self.messages.append(line)


_log = _Log()
_logger = logging.getLogger("pyvips")
_logger.addHandler(_log)
# Otherwise Python prints each warning, and a picture could fill the log.
_logger.propagate = False


def clear() -> None:
    """Remove the messages about other pictures."""
    _log.messages.clear()
    pyvips.vips_lib.vips_error_clear()


def keep_errors() -> None:
    """Keep what is in libvips' error buffer. The next call of any method of pyvips empties it."""
    _log.add(pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()).decode(errors="replace"))


def messages() -> tuple[str, ...]:
    """Return the first different lines since `clear`, at most `MAX_MESSAGES`."""
    return tuple(_log.messages)
