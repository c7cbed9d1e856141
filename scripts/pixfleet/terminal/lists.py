"""Prints lists of thousands of rows: a table for a person, CSV or JSON Lines for a program."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Generic, TypeVar

import typer

from scripts.pixfleet.terminal.console import Console, Part
from scripts.pixfleet.terminal.tables import table
from scripts.pixfleet.terminal.text import printable
from shared.model.errors import Misconfigured

# With one of these at its beginning, a spreadsheet reads a cell as a formula.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# So many rows of a table are read by a person; the other forms have all of them.
SHOWN_ROWS = 40
# On narrower terminals the last column of a table would leave too little for the first.
WIDE_COLUMNS = 100

CSV = Annotated[bool, typer.Option("--csv", help="Print CSV for a spreadsheet.")]
JSON_LINES = Annotated[bool, typer.Option("--jsonl", help="Print a JSON document a line.")]
Document = Mapping[str, object]
Item = TypeVar("Item")


class Form(Enum):
    """The form of a list on standard output."""

    TABLE = "table"
    JSON = "--json"
    CSV = "--csv"
    JSON_LINES = "--jsonl"


@dataclass(frozen=True, slots=True)
class Listed(Generic[Item]):
    """A list to print.

    `document_of` returns the JSON document of an item, whose fields are the `columns` of CSV, and
    `cells_of` a row of the table under `headings`, of which the last is shown only on wide
    terminals. `document` is the JSON document of the list without its items, which are its field
    `items_name`.
    """

    items: Sequence[Item]
    document_of: Callable[[Item], Document]
    columns: Sequence[str]
    headings: Sequence[str]
    cells_of: Callable[[Item], Sequence[object]]
    document: Document
    items_name: str


def form_of(*, as_json: bool, as_csv: bool, as_json_lines: bool) -> Form:
    """Return the form that the options ask for; `Misconfigured` if they ask for two."""
    given = {Form.JSON: as_json, Form.CSV: as_csv, Form.JSON_LINES: as_json_lines}
    asked = [form for form, is_asked in given.items() if is_asked]
    if len(asked) > 1:
        names = " and ".join(form.value for form in asked)
        raise Misconfigured("The list has one form", [f"expected one of them, got {names}"])
    return asked[0] if asked else Form.TABLE


def print_list(console: Console, form: Form, listed: Listed[Item], *notes: Part) -> None:
    """Print a list; `notes` are printed after a table, and to standard error beside CSV."""
    documents = map(listed.document_of, listed.items)
    match form:
        case Form.JSON:
            console.result({**listed.document, listed.items_name: list(documents)})
        case Form.TABLE:
            console.result({}, *_table(console, listed), *_more(len(listed.items)), *notes)
        case Form.CSV:
            console.raw(csv_lines(listed.columns, documents))
            console.note(*notes)
        case Form.JSON_LINES:
            console.documents(documents)
            console.note(*notes)


def _table(console: Console, listed: Listed[Item]) -> Sequence[Part]:
    items, headings = listed.items[:SHOWN_ROWS], listed.headings
    if not items:
        return ()
    if console.columns >= WIDE_COLUMNS:
        return (table(*headings, rows=[listed.cells_of(item) for item in items]),)
    rows = [listed.cells_of(item)[:-1] for item in items]
    left_out = f"Column {headings[-1]}: in a terminal of {WIDE_COLUMNS} columns, or --csv."
    return table(*headings[:-1], rows=rows), left_out


def csv_lines(columns: Sequence[str], rows: Iterable[Document]) -> Iterator[str]:
    """Yield the lines of a CSV file (RFC 4180) that a spreadsheet opens without running anything.

    Keys come from strangers: an apostrophe is put before text that would be a formula, and what
    cannot be seen becomes an escape sequence. Every cell is in quotes, whatever the separator.
    """
    yield _line(columns)
    for row in rows:
        yield _line([_cell(row.get(column)) for column in columns])


def _line(cells: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return str(value)
    return printable(f"'{value}" if value.lstrip(" ").startswith(FORMULA) else value)


def _more(count: int) -> Sequence[str]:
    if count <= SHOWN_ROWS:
        return ()
    return (f"{count - SHOWN_ROWS:,} more of {count:,}: --csv, --json or --jsonl has all.",)
