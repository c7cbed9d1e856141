"""Lists for a spreadsheet run nothing, whatever a stranger has called a file."""

import csv
import io
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.pixfleet.failed_list import listed
from scripts.pixfleet.stack.causes import FixedBy
from scripts.pixfleet.stack.failed_images import FailedImage
from scripts.pixfleet.terminal.console import Console, SafeConsole
from scripts.pixfleet.terminal.lists import (
    FORMULA,
    WIDE_COLUMNS,
    Form,
    csv_lines,
    form_of,
    print_list,
)
from shared.model.errors import Misconfigured
from shared.text import is_visible

pytestmark = pytest.mark.unit


def cells(*values: object) -> list[str]:
    """Return the cells of a row as a spreadsheet reads them."""
    columns = [f"c{at}" for at in range(len(values))]
    lines = list(csv_lines(columns, [dict(zip(columns, values, strict=True))]))
    header, row = csv.reader(io.StringIO("\n".join(lines)))
    assert header == columns
    return row


@pytest.mark.parametrize(
    "key",
    [
        "=cmd|' /C calc'!A0.jpg",
        "+1+1.jpg",
        "-2+3.jpg",
        "@SUM(A1:A9)",
        "\t=1",
        "\r=1",
        " =HYPERLINK()",
        "\uff1d1",
    ],
)
def test_a_key_never_becomes_a_formula(key: str) -> None:
    (cell,) = cells(key)

    assert cell.startswith("'")


@pytest.mark.parametrize("key", ["a;=1+1", 'a",=1+1', "a,=1+1", "a\n=1+1", "a\r\n=1+1"])
def test_a_key_never_begins_another_cell(key: str) -> None:
    lines = list(csv_lines(["key"], [{"key": key}]))

    assert len(lines) == 2
    assert lines[1].startswith('"a')
    assert len(next(csv.reader([lines[1]]))) == 1


@given(st.text())
def test_every_cell_is_one_visible_cell_that_is_no_formula(text: str) -> None:
    (line,) = list(csv_lines(["key"], [{"key": text}]))[1:]

    (cell,) = next(csv.reader([line]))
    assert is_visible(line)
    assert not cell.lstrip(" ").startswith(FORMULA)


def test_what_is_unknown_is_empty_and_numbers_are_numbers() -> None:
    assert cells("a.jpg", None, 1200) == ["a.jpg", "", "1200"]


def test_a_list_has_one_form() -> None:
    with pytest.raises(Misconfigured, match="got --json and --csv"):
        form_of(as_json=True, as_csv=True, as_json_lines=False)

    assert form_of(as_json=False, as_csv=False, as_json_lines=False) is Form.TABLE


@pytest.mark.parametrize("columns", [WIDE_COLUMNS - 20, WIDE_COLUMNS])
def test_in_a_narrow_terminal_the_key_has_the_room_of_the_owner(columns: int) -> None:
    image = FailedImage(
        "2024/november/a-long-name.jpg",
        "too_many_pixels",
        FixedBy.OWNER,
        datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        size_bytes=1200,
        owner="anna@example.org",
    )
    out = SafeConsole(file=io.StringIO(), width=columns)

    print_list(Console(out=out), Form.TABLE, listed([image], {}))

    shown = out.file.getvalue()  # type: ignore[attr-defined]
    assert "2024/november/a-long-name.jpg" in shown
    assert ("anna@example.org" in shown) == (columns == WIDE_COLUMNS)
    assert ("Column owner: in a terminal of 100 columns, or --csv." in shown) == (
        columns < WIDE_COLUMNS
    )
