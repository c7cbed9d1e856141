"""Makes the page that shows one source and its variants side by side."""

from dataclasses import dataclass
from html import escape
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from scripts.pixfleet.image.variants import Shelf
from scripts.pixfleet.page.card import card, dead_card
from scripts.pixfleet.page.files import PageFiles, SourceFile
from scripts.pixfleet.page.page import Heading, page
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.terminal.text import counted, human_bytes
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.errors import PixfleetError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LEAD = (
    "The source stands beside the variant that your browser picked for this window, as a "
    "reader&rsquo;s would; it is framed in the table. Drag the handle to compare."
)
FOOTER = "Made by <code>pixfleet show</code>. Everything it needs lies in the folder beside it."


class NothingToShow(PixfleetError):
    """A source of which there is neither a variant nor a reason for having none."""


@dataclass(frozen=True, slots=True)
class Exhibit:
    """One source, what the ledger says of it, and the folder that the page is written to."""

    key: str
    entry: Entry
    folder: Path


def write_page(s3: "S3Client", shelf: Shelf, sources_bucket: str, exhibit: Exhibit) -> Path:
    """Write the page and its files; `NothingToShow` if the key was never made."""
    key, entry = exhibit.key, exhibit.entry
    if entry.status not in (PUBLISHED, REJECTED):
        raise NothingToShow(
            f"There is nothing to show of {key}: `pixfleet why {quote(key)}` says why."
        )
    exhibit.folder.mkdir(parents=True, exist_ok=True)
    source = _download(s3, sources_bucket, exhibit)
    files = PageFiles(exhibit.folder, shelf, {key: source} if source else {})
    html = (
        _rejected(files, exhibit)
        if entry.status == REJECTED
        else _published(files, shelf, exhibit)
    )
    made = exhibit.folder / "index.html"
    made.write_text(html, encoding="utf-8")
    return made


def _published(files: PageFiles, shelf: Shelf, exhibit: Exhibit) -> str:
    entry = exhibit.entry
    row = ImageRow(shelf.manifest(exhibit.key), entry.cpu_seconds, entry.total_seconds)
    shown, problems = files.show([row])
    note = " ".join(problems) or f"Recipe {entry.recipe}, version {entry.version}."
    totals = [
        ("Variants", str(len(row.variants))),
        ("Source", human_bytes(row.source.bytes)),
        ("All variants", human_bytes(row.total_bytes)),
        ("Rendered in", f"{entry.cpu_seconds:.2f} <small>s</small>"),
    ]
    title = f"{exhibit.key}: {counted(len(row.variants), 'variant')}"
    return page(Heading(title, LEAD, note, FOOTER), totals, [card(one, 0) for one in shown])


def _rejected(files: PageFiles, exhibit: Exhibit) -> str:
    entry = exhibit.entry
    letter = DeadLetterRow(exhibit.key, entry.cause, entry.stage, entry.detail, entry.source_bytes)
    command = escape(f"pixfleet why {quote(exhibit.key)}")
    lead = f"Nothing of this source is served. <code>{command}</code> says more."
    heading = Heading(f"{exhibit.key}: rejected", lead, "", FOOTER)
    return page(heading, [], [dead_card(dead) for dead in files.show_dead([letter])])


def _download(s3: "S3Client", bucket: str, exhibit: Exhibit) -> SourceFile | None:
    """Return the source as a file, named by what its bytes are; none if it is gone."""
    path = exhibit.folder / "source"
    try:
        s3.download_file(bucket, exhibit.key, str(path))
    except s3.exceptions.ClientError as refused:
        if refused.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        return None
    with path.open("rb") as file:
        found = sniff(file.read(HEADER_BYTES))
    return SourceFile(path, str(found or ""))
