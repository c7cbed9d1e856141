"""Brings the gallery's files beside the page: variants from their bucket, sources from disk."""

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.pixfleet.page.folder import Drop
from scripts.pixfleet.page.gallery_picture import Shown, ShownDead
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from shared.model.recipe import Slot

FOLDER = "variants"
# A page with more pictures than this is no pleasure to open.
MOST_SHOWN = 200
# What browsers show; another source's picture is left out, and its variants are shown alone.
SHOWN_BY_BROWSERS = frozenset({"avif", "bmp", "gif", "jpeg", "png", "webp"})
SUFFIXES = {
    "image/avif": ".avif",
    "image/gif": ".gif",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
}
NAME_CHARS = 40


class Bucket(Protocol):
    """Where variants are read from."""

    def variant(self, key: str, name: str, slot: Slot) -> tuple[str, bytes]:
        """Return a variant's Content-Type and its bytes."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The folder beside the page; every name in it is ours, whatever the keys are."""

    page_folder: Path
    bucket: Bucket
    drops: Mapping[str, Drop]

    def show(self, rows: Sequence[ImageRow]) -> tuple[tuple[Shown, ...], tuple[str, ...]]:
        """Return what the page shows, and every difference between manifest and bucket."""
        problems: list[str] = []
        shown = tuple(
            self._show(row, number, problems) for number, row in enumerate(rows[:MOST_SHOWN], 1)
        )
        return shown, tuple(problems)

    def show_dead(self, letters: Sequence[DeadLetterRow]) -> tuple[ShownDead, ...]:
        """Return the dead letters with a link to their source."""
        return tuple(
            ShownDead(letter, self._source(letter.key, self._folder(f"dead-{number:04}")))
            for number, letter in enumerate(letters[:MOST_SHOWN], 1)
        )

    def _show(self, row: ImageRow, number: int, problems: list[str]) -> Shown:
        key = row.source.key
        folder = self._folder(f"{number:04}-{safe_name(key)}")
        links = {}
        for variant in row.variants:
            content_type, data = self.bucket.variant(key, variant.name, variant.slot)
            said = (variant.type, variant.bytes)
            if said != (content_type, len(data)):
                problems.append(
                    f"{key}: the manifest says {said} of {variant.label}, "
                    f"the bucket holds {(content_type, len(data))}."
                )
            suffix = SUFFIXES.get(content_type, ".bin")
            path = folder / f"{variant.name}-{variant.slot}{suffix}"
            path.write_bytes(data)
            links[variant.name, variant.slot] = self._link(path)
        return Shown(row, self._source(key, folder), links)

    def _source(self, key: str, folder: Path) -> str | None:
        drop = self.drops.get(key)
        if drop is None or drop.format not in SHOWN_BY_BROWSERS:
            return None
        path = folder / f"source{SUFFIXES.get(f'image/{drop.format}', '.' + drop.format)}"
        shutil.copyfile(drop.path, path)
        return self._link(path)

    def _folder(self, name: str) -> Path:
        folder = self.page_folder / FOLDER / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _link(self, path: Path) -> str:
        return path.relative_to(self.page_folder).as_posix()


def safe_name(key: str) -> str:
    """Return the plain part of a key's last segment; not unique, and possibly empty."""
    stem = key.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return re.sub(r"[^a-z0-9]+", "-", stem.lower())[:NAME_CHARS].strip("-")
