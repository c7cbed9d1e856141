"""A fax with bad lines is rendered, one with missing lines is not."""

import pytest

from shared.model.errors import Cause
from tests.imaging.rendering import near, refused, shown
from tests.support.hand import fax
from tests.support.hand.fax import END_OF_LINE, FIRST, GOOD, SAME, group_3, group_4, rows_alone

pytestmark = pytest.mark.imaging

ROWS, BAD_AT = 100, 40
WHITE, BLACK = (255, 255, 255), (0, 0, 0)
RETURN_TO_CONTROL = 6 * END_OF_LINE


def with_bad(line: str, *, every: int = ROWS) -> list[str]:
    """Return good lines, and one bad line in `every`."""
    return [line if at % every == BAD_AT % every else GOOD for at in range(ROWS)]


SAME_ROWS = [FIRST, *[SAME] * (ROWS - 1)]
WHOLE: dict[str, bytes] = {
    "group 3": group_3([GOOD] * ROWS, ROWS),
    "group 3 with its end": group_3([GOOD] * ROWS, ROWS, end=RETURN_TO_CONTROL),
    "group 3 with more lines": group_3([GOOD] * (ROWS + 9), ROWS),
    "group 3 with a short line": group_3(with_bad(fax.SHORT), ROWS),
    "group 3 with a long line": group_3(with_bad(fax.LONG), ROWS),
    "group 3 with an unknown code": group_3(with_bad(fax.UNKNOWN), ROWS),
    "group 3 with many short lines": group_3(with_bad(fax.SHORT, every=3), ROWS),
    "rows alone": rows_alone([GOOD] * ROWS, ROWS),
    "rows alone with a long line": rows_alone(with_bad(fax.LONG), ROWS),
    "group 4": group_4(SAME_ROWS, ROWS),
    "group 4 without its end": group_4(SAME_ROWS, ROWS, end=""),
    "group 4 with half its end": group_4(SAME_ROWS, ROWS, end=END_OF_LINE),
    "group 4, low bit first": group_4(SAME_ROWS, ROWS, order=2),
    "group 4 with more lines": group_4([*SAME_ROWS, SAME], ROWS),
}


@pytest.mark.parametrize("data", WHOLE.values(), ids=WHOLE.keys())
def test_a_fax_of_all_lines_is_rendered(data: bytes) -> None:
    picture = shown(data)

    for row in (0, ROWS - 1):
        assert near(_pixel(picture.getpixel((8, row))), WHITE, 8)
        assert near(_pixel(picture.getpixel((56, row))), BLACK, 8)


FEW = 60
LOST: dict[str, bytes] = {
    "group 3": group_3([GOOD] * FEW, ROWS),
    "group 3 with its end": group_3([GOOD] * FEW, ROWS, end=RETURN_TO_CONTROL),
    "group 3 of too few lines by one": group_3([GOOD] * (ROWS - 1), ROWS, end=RETURN_TO_CONTROL),
    "group 3 with an empty line": group_3(with_bad(fax.EMPTY), ROWS),
    "rows alone": rows_alone([GOOD] * FEW, ROWS),
    "group 4": group_4(SAME_ROWS[:FEW], ROWS),
    "group 4 without its end": group_4(SAME_ROWS[:FEW], ROWS, end=""),
    "group 4 of one line": group_4(SAME_ROWS[:1], ROWS),
    "group 4, low bit first": group_4(SAME_ROWS[:FEW], ROWS, order=2),
    "group 4 with its end and stray bytes": group_4(
        SAME_ROWS[:FEW], ROWS, end=fax.END_OF_BLOCK + "1" * 1600
    ),
}


@pytest.mark.parametrize("data", LOST.values(), ids=LOST.keys())
def test_a_fax_of_fewer_lines_is_refused(data: bytes) -> None:
    failure = refused(data)

    assert failure.cause is Cause.TRUNCATED
    assert "line" in failure.detail


@pytest.mark.parametrize("lines", range(1, 9))
def test_the_end_of_a_fax_is_found_at_every_bit(lines: int) -> None:
    whole, cut = (group_4(["1"] * lines, rows) for rows in (lines, lines + 1))

    assert near(_pixel(shown(whole).getpixel((8, 0))), WHITE)
    assert refused(cut).cause is Cause.TRUNCATED


SPOILT: dict[str, bytes] = {
    "rows alone": rows_alone(with_bad(fax.LONG, every=4), ROWS),
    "group 4": group_4([FIRST, *["001" + fax.LONG] * (ROWS - 1)], ROWS),
}


@pytest.mark.parametrize("data", SPOILT.values(), ids=SPOILT.keys())
def test_bad_lines_without_an_end_of_line_are_refused_if_they_are_many(data: bytes) -> None:
    assert refused(data).cause is Cause.CORRUPT


def _pixel(found: object) -> tuple[int, ...]:
    assert isinstance(found, tuple)
    return found
