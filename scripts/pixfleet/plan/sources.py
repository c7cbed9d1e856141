"""Lists and reads the sources of a plan: from a stack's bucket, or from a local folder."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.ssm_parameter import Stack
from shared.clock import SystemClock
from shared.cloud.watermarks import Resolved, Watermarks
from shared.deadline import Deadline
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.errors import Failure, Misconfigured, SourceChanged, TooManyBytes
from shared.model.recipe import Recipe
from shared.model.source import Overrides, Source

FETCH_SECONDS = 120.0  # for one source or watermark


@dataclass(frozen=True, slots=True)
class LoadedSource:
    """One source and its bytes."""

    source: Source
    data: bytes


class Sources(Protocol):
    """Where a plan gets its sources and watermarks."""

    def listing(self, prefix: str) -> Iterator[str]:
        """Yield the keys with a prefix, in the order of S3."""
        ...

    def load(self, key: str, *, max_bytes: int) -> LoadedSource:
        """Return one source; raise the same `Failure` as the worker would."""
        ...

    def resolve(self, recipe: Recipe) -> Resolved:
        """Return a recipe with its watermark; `WatermarkUnusable` if it cannot be read."""
        ...


class BucketSources:
    """The sources bucket of a stack. Thread-safe."""

    def __init__(self, clients: AwsClients, stack: Stack) -> None:
        self._s3 = clients.s3
        self._bucket = stack.sources_bucket
        self._objects = objects_of(stack, clients)
        self._watermarks = Watermarks()

    def listing(self, prefix: str) -> Iterator[str]:
        """Yield the keys with a prefix, in the order of S3."""
        pages = self._s3.get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=self._bucket, Prefix=prefix):
            yield from (each["Key"] for each in page.get("Contents", ()))

    def head(self, key: str) -> Source | None:
        """Return a source as it is now; None if it does not exist."""
        return self._objects.head(key)

    def load(self, key: str, *, max_bytes: int) -> LoadedSource:
        """Return one source; raise the same `Failure` as the worker would."""
        source = self._objects.head(key)
        if source is None:
            raise SourceChanged("Expected a source, but it does not exist any more.", stage="head")
        _refuse_large(source.size_bytes, max_bytes)
        return LoadedSource(source, self._objects.fetch(source, _fetch_deadline()))

    def resolve(self, recipe: Recipe) -> Resolved:
        """Return a recipe with its watermark; `WatermarkUnusable` if it cannot be read."""
        return self._watermarks.resolve(recipe, self._objects)


class FolderSources:
    """The images under a local folder; a key is the path from the folder.

    Files that are not images are ignored.
    """

    def __init__(self, folder: Path) -> None:
        if not folder.is_dir():
            raise Misconfigured(
                f"{folder} cannot be used", ["expected a folder of images as --images"]
            )
        self._folder = folder

    def listing(self, prefix: str) -> Iterator[str]:
        """Yield the keys of images with a prefix, in order."""
        for at, folders, files in os.walk(self._folder):
            folders.sort()
            for name in sorted(files):
                path = Path(at, name)
                key = path.relative_to(self._folder).as_posix()
                if key.startswith(prefix) and _is_image(path):
                    yield key

    def load(self, key: str, *, max_bytes: int) -> LoadedSource:
        """Return one source; raise the same `Failure` as the worker would."""
        path = self._folder / key
        size = path.stat().st_size
        _refuse_large(size, max_bytes)
        return LoadedSource(Source(key, "", size, Overrides()), path.read_bytes())

    def resolve(self, recipe: Recipe) -> Resolved:
        """Return a recipe with its watermark; `Misconfigured` if the folder does not have it."""
        watermark = recipe.watermark
        if watermark is None:
            return Resolved(recipe)
        try:
            return Resolved(recipe, (self._folder / watermark.key).read_bytes())
        except OSError as error:
            raise Misconfigured(
                f"Recipe {recipe.name} cannot be tried",
                [f"expected its watermark {watermark.key} in {self._folder}: {error.strerror}"],
            ) from error


def _fetch_deadline() -> Deadline:
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
