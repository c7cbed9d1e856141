"""Writes a page's files: variants from their bucket, sources from disk."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.pixfleet.page.card import Card, DeadCard
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.private_files import make_private_folder, replacing, write_private
from scripts.pixfleet.terminal.text import quoted
from shared.model.recipe import Slot

FOLDER = "variants"
# A page with more pictures takes browsers too long to open.
MOST_SHOWN = 200
# The formats that browsers show; for others the page shows the variants without the source.
SHOWN_BY_BROWSERS = frozenset({"avif", "bmp", "gif", "jpeg", "png", "webp"})
SUFFIXES = {
    "image/avif": ".avif",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}
NAME_CHARS = 40
VARIANT_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Bucket(Protocol):
    """The variants bucket."""

    def variant(self, key: str, name: str, slot: Slot) -> tuple[str, bytes]:
        """Return a variant's Content-Type and its bytes."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source on disk; `format` is what its bytes are, or empty if that is unknown."""

    path: Path
    format: str


@dataclass(frozen=True, slots=True)
class PageFiles:
    """The folder of a page's files; file names are generated, since a key may be any text."""

    page_folder: Path
    bucket: Bucket
    sources: Mapping[str, SourceFile]

    def show(self, rows: Sequence[ImageRow]) -> tuple[tuple[Card, ...], tuple[str, ...]]:
        """Write the images' files; return their cards, and how manifests and files differ."""
        problems: list[str] = []
        cards = tuple(
            self._show(row, number, problems) for number, row in enumerate(rows[:MOST_SHOWN], 1)
        )
        return cards, tuple(problems)

    def show_dead(self, dead_letters: Sequence[DeadLetterRow]) -> tuple[DeadCard, ...]:
        """Write the sources of dead letters; return their cards."""
        return tuple(
            DeadCard(each, self._source(each.key, self._folder(f"dead-{number:04}")))
            for number, each in enumerate(dead_letters[:MOST_SHOWN], 1)
        )

    def _show(self, row: ImageRow, number: int, problems: list[str]) -> Card:
        key = row.source.key
        folder = self._folder(f"{number:04}-{safe_name(key)}")
        links = {}
        for at, variant in enumerate(row.variants, 1):
            content_type, data = self.bucket.variant(key, variant.name, variant.slot)
            said = (variant.type, variant.bytes)
            if said != (content_type, len(data)):
                problems.append(
                    f"{quoted(key)}: the manifest says {said} of {quoted(variant.label)}, "
                    f"the bucket holds {(content_type, len(data))}."
                )
            suffix = SUFFIXES.get(content_type, ".bin")
            # A manifest is read from a bucket: its names may be paths.
            name = variant.name if VARIANT_NAME.fullmatch(variant.name) else f"variant-{at}"
            path = folder / f"{name}-{variant.slot}{suffix}"
            write_private(path, data)
            links[variant.name, variant.slot] = self._link(path)
        return Card(row, self._source(key, folder), links)

    def _source(self, key: str, folder: Path) -> str | None:
        source = self.sources.get(key)
        if source is None or source.format not in SHOWN_BY_BROWSERS:
            return None
        path = folder / f"source{SUFFIXES.get(f'image/{source.format}', '.' + source.format)}"
        with source.path.open("rb") as original, replacing(path) as copy:
            shutil.copyfileobj(original, copy)
        return self._link(path)

    def _folder(self, name: str) -> Path:
        folder = self.page_folder / FOLDER / name
        make_private_folder(folder.parent)
        make_private_folder(folder)
        return folder

    def _link(self, path: Path) -> str:
        return path.relative_to(self.page_folder).as_posix()


def safe_name(key: str) -> str:
    """Return the plain characters of a key's last segment; not unique, and possibly empty."""
    stem = key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[^a-z0-9]+", "-", stem.lower())[:NAME_CHARS].strip("-")
