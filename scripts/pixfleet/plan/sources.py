"""Where sources come from: a stack's bucket, or a folder that stands for one."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.document import Stack
from shared.clock import SystemClock
from shared.cloud.watermarks import Resolved, Watermarks
from shared.deadline import Deadline
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.errors import Failure, Misconfigured, SourceChanged, TooManyBytes
from shared.model.recipe import Recipe
from shared.model.source import Overrides, Source

FETCH_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Opened:
    """One source with its bytes."""

    source: Source
    data: bytes


class Sources(Protocol):
    """What can be listed and opened."""

    def listing(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in order, page by page."""
        ...

    def open(self, key: str, *, max_bytes: int) -> Opened:
        """Return one source; a `Failure` where the worker would have one, too."""
        ...

    def resolve(self, recipe: Recipe) -> Resolved:
        """Return a recipe with its watermark; `WatermarkUnusable` if there is none."""
        ...


class BucketSources:
    """The sources bucket of a stack. Thread-safe."""

    def __init__(self, clients: AwsClients, stack: Stack) -> None:
        self._s3 = clients.s3
        self._bucket = stack.sources_bucket
        self._objects = objects_of(stack, clients)
        self._marks = Watermarks(self._objects)

    def listing(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in order, page by page."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            yield from (each["Key"] for each in page.get("Contents", ()))

    def head(self, key: str) -> Source | None:
        """Return a source as it is now; none if there is none."""
        return self._objects.head(key)

    def open(self, key: str, *, max_bytes: int) -> Opened:
        """Return one source; a `Failure` where the worker would have one, too."""
        source = self._objects.head(key)
        if source is None:
            raise SourceChanged("Expected a source, got none: it is gone.", stage="head")
        _refuse_large(source.size_bytes, max_bytes)
        return Opened(source, self._objects.fetch(source, _soon()))

    def resolve(self, recipe: Recipe) -> Resolved:
        """Return a recipe with its watermark; `WatermarkUnusable` if there is none."""
        return self._marks.resolve(recipe, _soon())


class FolderSources:
    """The images under a folder; a key is the path from there. Other files are no sources."""

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise Misconfigured(
                f"{folder} cannot be used", ["expected a folder of images as --images"]
            )
        self._folder = folder

    def listing(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix, in order."""
        for at, folders, files in os.walk(self._folder):
            folders.sort()
            for name in sorted(files):
                path = Path(at, name)
                key = path.relative_to(self._folder).as_posix()
                if key.startswith(prefix) and _is_image(path):
                    yield key

    def open(self, key: str, *, max_bytes: int) -> Opened:
        """Return one source; a `Failure` where the worker would have one, too."""
        path = self._folder / key
        size = path.stat().st_size
        _refuse_large(size, max_bytes)
        return Opened(Source(key, "", size, Overrides()), path.read_bytes())

    def resolve(self, recipe: Recipe) -> Resolved:
        """Return a recipe with its watermark, which is a file of the folder, too."""
        mark = recipe.watermark
        if mark is None:
            return Resolved(recipe)
        try:
            return Resolved(recipe, (self._folder / mark.key).read_bytes())
        except OSError as error:
            raise Misconfigured(
                f"Recipe {recipe.name} cannot be tried",
                [f"expected its watermark {mark.key} in {self._folder}: {error.strerror}"],
            ) from error


def _soon() -> Deadline:
    return Deadline.after(FETCH_SECONDS, SystemClock())


def _refuse_large(size: int, most: int) -> None:
    if size > most:
        raise TooManyBytes(f"Expected at most {most} bytes, got {size}.", stage="head")


def _is_image(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return sniff(file.read(HEADER_BYTES)) is not None
    except (Failure, OSError):
        return False
