"""Finds damage in the scans of a JPEG that libjpeg decodes without a warning.

The library is `jpeg_walk.c`, built by `make setup` and into each package. It is loaded at import,
before a render child gives up opening files. Without it nothing is found, and `IS_BUILT` says so.
"""

import ctypes
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

LIBRARY = Path(__file__).with_name("libjpeg_walk.so")
WORD_BYTES = 8


class Finding(IntEnum):
    """The first thing that an intact file cannot have; the numbers are those of `jpeg_walk.c`."""

    INTACT = 0
    # Not a kind of file that is walked, or one that libjpeg refuses.
    NOT_WALKED = 1
    NEEDS_WORKSPACE = 2
    INVALID_CODE = 3
    TOO_MANY_COEFFICIENTS = 4
    OUT_OF_RANGE = 5
    SHIFTED = 6
    MISSING = 7
    LEFT_OVER = 8
    BAD_RESTART = 9


class _Report(ctypes.Structure):
    _fields_ = (
        ("finding", ctypes.c_uint32),
        ("scan", ctypes.c_uint32),
        ("mcu", ctypes.c_uint32),
        ("mcus", ctypes.c_uint32),
        ("left_over", ctypes.c_uint32),
        ("is_end_of_data", ctypes.c_uint32),
        ("workspace_words", ctypes.c_uint64),
    )


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found, and where: in which scan, from 1 on, and before which of its MCUs."""

    finding: Finding
    scan: int
    mcu: int
    mcus: int
    left_over_bytes: int
    is_end_of_data: bool
    """Whether MCUs are missing because the file ends."""

    @property
    def detail(self) -> str:
        """Return the finding in words, in a sentence for the operator."""
        return f"Expected {_EXPECTED[self.finding]}".format(
            mcu=f"{self.mcu + 1:,}",
            mcus=f"{self.mcus:,}",
            missing=f"{self.mcus - self.mcu:,}",
            scan=self.scan,
            bytes=f"{self.left_over_bytes:,}",
        )


_AT = "at MCU {mcu} of {mcus} in scan {scan}"
_EXPECTED = {
    Finding.INTACT: "nothing else.",
    Finding.NOT_WALKED: "a sequential or progressive JPEG of 8 bits, got another kind.",
    Finding.NEEDS_WORKSPACE: "a workspace for the coefficients, got a smaller one.",
    Finding.INVALID_CODE: f"a Huffman code {_AT}, got other bits.",
    Finding.TOO_MANY_COEFFICIENTS: f"at most 64 coefficients in a block {_AT}, got more.",
    Finding.OUT_OF_RANGE: f"brightness and colour of 8 bits {_AT}, got more.",
    Finding.SHIFTED: f"the same brightness and colour {_AT} as before it, got others.",
    Finding.MISSING: "all {mcus} MCUs of scan {scan}: the last {missing} are missing.",
    Finding.LEFT_OVER: f"no further data {_AT}, got {{bytes}} bytes.",
    Finding.BAD_RESTART: f"the next restart marker {_AT}, got none or another.",
}


def _loaded() -> ctypes.CDLL | None:
    if not LIBRARY.exists():
        return None
    library = ctypes.CDLL(str(LIBRARY))
    library.jpeg_walk.restype = ctypes.c_uint32
    library.jpeg_walk.argtypes = (
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_void_p,
        ctypes.c_size_t,
        ctypes.POINTER(_Report),
    )
    return library


_library = _loaded()
IS_BUILT = _library is not None


def walk(data: bytes) -> Walk:
    """Return the first damage in the scans of a JPEG; `NOT_WALKED` if the library is not built.

    It takes time in proportion to the file, and to blocks times scans. A progressive file takes 8
    bytes of memory for each of its blocks, a sixteenth of what its decoder takes.
    """
    report = _Report(finding=Finding.NOT_WALKED)
    if _library is not None:
        finding = _library.jpeg_walk(data, len(data), None, 0, report)
        if finding == Finding.NEEDS_WORKSPACE:
            words = report.workspace_words
            workspace = ctypes.create_string_buffer(words * WORD_BYTES)
            _library.jpeg_walk(data, len(data), workspace, words, report)
    return Walk(
        finding=Finding(report.finding),
        scan=report.scan,
        mcu=report.mcu,
        mcus=report.mcus,
        left_over_bytes=report.left_over,
        is_end_of_data=bool(report.is_end_of_data),
    )
