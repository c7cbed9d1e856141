"""Fax lines of 64 pixels as TIFFs: ITU-T T.4 and T.6."""

from collections.abc import Sequence

from tests.support.hand.tiff_entries import longs, shorts, with_entries

WIDTH = 64
ROWS_ALONE, GROUP_3, GROUP_4 = 2, 3, 4
HALF_WHITE, HALF_BLACK = "00011011", "000001101010"
GOOD = HALF_WHITE + HALF_BLACK
SHORT = HALF_WHITE
LONG = HALF_WHITE + "0000001111" + "0000110111"  # black for all of a line
EMPTY = ""
UNKNOWN = HALF_WHITE + "00000000"
END_OF_LINE = "000000000001"
# Group 4: the first line has the same runs, all others are like the line above.
FIRST, SAME = "001" + GOOD, "11"
END_OF_BLOCK = 2 * END_OF_LINE
LOW_BIT_FIRST = 2


def group_3(lines: Sequence[str], rows: int, *, end: str = "", options: int = 0) -> bytes:
    """Return a TIFF of lines after an end of line each; it declares `rows`."""
    return _tiff(GROUP_3, "".join(END_OF_LINE + line for line in lines) + end, rows, options)


def rows_alone(lines: Sequence[str], rows: int) -> bytes:
    """Return a TIFF whose lines have no ends, and begin with a byte each."""
    return _tiff(ROWS_ALONE, "".join(line + "0" * (-len(line) % 8) for line in lines), rows)


def group_4(lines: Sequence[str], rows: int, *, end: str = END_OF_BLOCK, order: int = 1) -> bytes:
    """Return a TIFF whose lines depend on the line above."""
    return _tiff(GROUP_4, "".join(lines) + end, rows, order=order)


def _tiff(compression: int, bits: str, rows: int, options: int = 0, order: int = 1) -> bytes:
    step = -1 if order == LOW_BIT_FIRST else 1
    padded = bits + "0" * (-len(bits) % 8)
    body = bytes(int(padded[at : at + 8][::step], 2) for at in range(0, len(padded), 8))
    return with_entries(
        longs(256, WIDTH),
        longs(257, rows),
        shorts(258, 1),
        shorts(259, compression),
        shorts(262, 0),
        shorts(266, order),
        shorts(277, 1),
        longs(278, rows),
        longs(279, len(body)),
        longs(292, options),
        body=body,
    )
