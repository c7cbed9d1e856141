"""Turns whatever goes wrong while a source is read into a failure of that source.

A stranger's file may bring any reader to any exception. The exception does no harm to the process,
so it becomes the answer about this file.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from shared.imaging import decoder_log
from shared.imaging.heic_and_bmp import DECODER_ERRORS, READ_BY_PILLOW
from shared.imaging.intake.ends import reaches_end
from shared.imaging.vips import FAILURES, translated
from shared.model.errors import MAX_DETAIL_CHARS, Corrupt, Failure, Truncated
from shared.text import printable_line


@contextmanager
def reading(name: str, data: bytes, stage: str) -> Iterator[None]:
    """Raise a `Failure` for any exception but `MemoryError`; `data` is a file of the named format.

    A decoder's error is `Truncated` if the file does not reach its end, and otherwise `Corrupt`:
    decoders call both the same. What libvips logged before belongs to another picture.
    """
    decoder_log.clear()
    try:
        yield
    except Corrupt as failure:
        if reaches_end(name, data) is False:
            raise Truncated(failure.detail, stage=failure.stage) from failure
        raise
    except (Failure, MemoryError):
        raise
    except Exception as error:
        decoder_errors = (*FAILURES, *DECODER_ERRORS) if name in READ_BY_PILLOW else FAILURES
        if isinstance(error, decoder_errors):
            raise _by_end(translated(error, stage), name, data) from error
        raise Corrupt(
            f"Expected a file that can be read, got {described(error)}", stage=stage
        ) from error
    finally:
        decoder_log.clear()


def described(error: Exception) -> str:
    """Return an unforeseen exception as one bounded line: its class and its message."""
    text = str(error).strip()
    found = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return printable_line(found, MAX_DETAIL_CHARS)


def _by_end(failure: Failure, name: str, data: bytes) -> Failure:
    kind = type(failure)
    if issubclass(kind, Corrupt | Truncated):
        ends = reaches_end(name, data)
        kind = kind if ends is None else (Corrupt if ends else Truncated)
    return kind(f"The {name.upper()} decoder reports: {failure.detail}", stage=failure.stage)
