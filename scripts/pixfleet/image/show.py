"""Writes the page that shows one source and its variants side by side."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from scripts.pixfleet.image.variants import VariantsReader
from scripts.pixfleet.page.environment import fill_template
from scripts.pixfleet.page.files import PageFiles, SourceFile
from scripts.pixfleet.page.page import Page, Total
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.private_files import make_private_folder, replacing, write_private
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import counted, human_bytes, quoted
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.entry import PUBLISHED, REJECTED, Entry
from shared.model.errors import PixfleetError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


class NothingToShow(PixfleetError):
    """A source that is neither published nor rejected."""


@dataclass(frozen=True, slots=True)
class PageInput:
    """One source, its ledger entry, and the folder to write the page to."""

    key: str
    entry: Entry
    folder: Path


def write_page(
    s3: "S3Client", variants: VariantsReader, sources_bucket: str, page_input: PageInput
) -> Path:
    """Write the page and its files; `NothingToShow` if the source was never published."""
    key, entry = page_input.key, page_input.entry
    if entry.status not in (PUBLISHED, REJECTED):
        raise NothingToShow(
            f"There is nothing to show of {quoted(key)}: `{suggest('why', key)}` says why."
        )
    make_private_folder(page_input.folder)
    source = _download(s3, sources_bucket, page_input)
    files = PageFiles(page_input.folder, variants, {key: source} if source else {})
    html = (
        _rejected(files, page_input)
        if entry.status == REJECTED
        else _published(files, variants, page_input)
    )
    index = page_input.folder / "index.html"
    write_private(index, html.encode())
    return index


def _published(files: PageFiles, variants: VariantsReader, page_input: PageInput) -> str:
    entry = page_input.entry
    row = ImageRow(variants.manifest(page_input.key), entry.cpu_seconds, entry.total_seconds)
    cards, problems = files.show([row])
    note = " ".join(problems) or f"Recipe {entry.recipe}, version {entry.version}."
    totals = [
        Total("Variants", str(len(row.variants))),
        Total("Source", human_bytes(row.source.bytes)),
        Total("All variants", human_bytes(row.total_bytes)),
        Total("Rendered in", f"{entry.cpu_seconds:.2f}", "s"),
        *_on_demand(entry),
    ]
    title = f"{page_input.key}: {counted(len(row.variants), 'variant')}"
    return fill_template("show.html", page=Page(title, note, totals, cards))


def _on_demand(entry: Entry) -> tuple[Total, ...]:
    """Return how many names are copies, and how many objects requests have added, if any."""
    counts = {"Copies on demand": len(entry.equal), "Added by requests": len(entry.lazy)}
    return tuple(Total(label, str(count)) for label, count in counts.items() if count)


def _rejected(files: PageFiles, page_input: PageInput) -> str:
    entry = page_input.entry
    dead_letter = DeadLetterRow(
        page_input.key, entry.cause, entry.stage, entry.detail, entry.source_bytes
    )
    page = Page(f"{page_input.key}: rejected", dead_cards=files.show_dead([dead_letter]))
    command = suggest("why", page_input.key)
    return fill_template("rejected.html", page=page, command=command)


def _download(s3: "S3Client", bucket: str, page_input: PageInput) -> SourceFile | None:
    """Return the source as a file with its sniffed type; None if it does not exist."""
    path = page_input.folder / "source"
    try:
        with replacing(path) as file:
            s3.download_fileobj(bucket, page_input.key, file)
    except s3.exceptions.ClientError as refused:
        if refused.response["Error"]["Code"] not in ("404", "NoSuchKey"):
            raise
        return None
    with path.open("rb") as file:
        found = sniff(file.read(HEADER_BYTES))
    return SourceFile(path, str(found or ""))
