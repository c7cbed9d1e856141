"""Finds the images of a folder, by the files' bytes and not by their names."""

import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.backfill.selection import Skipped
from scripts.pixfleet.page.files import SourceFile
from scripts.pixfleet.terminal.text import counted
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.errors import PixfleetError
from shared.model.keys import MAX_KEY_BYTES
from shared.model.recipe import RecipeSet

# Formats that `sniff` recognises so that the worker can name them in a refusal.
NOT_IMAGES = frozenset({"pdf"})
CORRUPT_NAME = "corrupt on purpose"
# Why a file is left out, and the same reason in an upload by `pixfleet backfill`.
SKIPPED = {
    "not_an_image": "not_an_image",
    "unreadable": "unreadable",
    "unusable_name": "unsupported_key",
    "no_recipe": "no_recipe",
}
REASONS = tuple(SKIPPED)


class BadDemoInput(PixfleetError):
    """An argument that cannot be used; the message says what to type instead."""


@dataclass(frozen=True, slots=True)
class ImageFile:
    """A file to upload; `key` is its key in the sources bucket, `format` what its bytes are."""

    key: str
    path: Path
    size_bytes: int
    format: str

    @property
    def source_file(self) -> SourceFile:
        """Return what a page needs of the file."""
        return SourceFile(self.path, self.format)


@dataclass(frozen=True, slots=True)
class FolderContents:
    """The images of a folder; `left_out` has the other files by name, and why."""

    images: tuple[ImageFile, ...]
    left_out: Mapping[str, str]

    @property
    def skipped(self) -> Mapping[str, int]:
        """Return how many files were left out, by reason."""
        counts = Counter(self.left_out.values())
        return {reason: counts[reason] for reason in REASONS if counts[reason]}

    @property
    def refused(self) -> Sequence[str]:
        """Return the names of the files of which somebody would expect a picture."""
        return [
            name
            for name, reason in self.left_out.items()
            if Skipped(SKIPPED[reason]).is_refusal_of(name)
        ]


def find_images(folder: Path, recipe_set: RecipeSet, *, output: Path) -> FolderContents:
    """Return the images under a folder, sorted by key; a key is the path from the folder.

    The demo's `output` folder is left out. `BadDemoInput` if there is no image.
    """
    _require_folder(folder, output)
    images: list[ImageFile] = []
    left_out: dict[str, str] = {}
    for path in _files(folder, output):
        found = _read_image(path, folder, recipe_set)
        if isinstance(found, ImageFile):
            images.append(found)
        else:
            name = path.relative_to(folder).as_posix()
            # A file name may be any bytes, a report is UTF-8.
            left_out[name.encode(errors="backslashreplace").decode()] = found
    images.sort(key=lambda image: image.key)
    contents = FolderContents(tuple(images), dict(sorted(left_out.items())))
    if not images:
        raise BadDemoInput(_no_images(folder, contents.skipped))
    return contents


def write_corrupt_image(
    data: bytes, folder: Path, contents: FolderContents, recipe_set: RecipeSet
) -> ImageFile:
    """Write and return the corrupt image; its key is unique, and a recipe matches it."""
    taken = {image.key for image in contents.images}
    numbers = ("", *(f" {number}" for number in range(2, len(taken) + 3)))
    names = (
        f"{prefix}{CORRUPT_NAME}{number}{suffix}"
        for prefix, suffix in _prefixes_and_suffixes(recipe_set)
        for number in numbers
    )
    key = next(name for name in names if name not in taken and recipe_set.matching(name))
    path = folder / "corrupt.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return ImageFile(key, path, len(data), "jpeg")


def _prefixes_and_suffixes(recipe_set: RecipeSet) -> Iterator[tuple[str, str]]:
    """Yield `.jpg` without a prefix, then what each recipe matches."""
    yield "", ".jpg"
    for recipe in recipe_set.recipes:
        yield recipe.match.prefix, next(iter(recipe.match.suffixes), ".jpg")


def _require_folder(folder: Path, output: Path) -> None:
    if not folder.exists():
        raise BadDemoInput(
            f"There is no folder {folder}: name one that holds images, make demo IMAGES=folder"
        )
    if not folder.is_dir():
        raise BadDemoInput(
            f"{folder} is a file: name the folder that holds it, make demo IMAGES={folder.parent}"
        )
    if folder.resolve().is_relative_to(output.resolve()):
        raise BadDemoInput(
            f"{folder} is inside the demo's output folder, so its images would be lost: "
            "copy it to another place and name that."
        )


def _files(folder: Path, output: Path) -> Iterator[Path]:
    for path, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(path, name).resolve() != output.resolve()]
        yield from (Path(path, name) for name in names)


def _read_image(path: Path, folder: Path, recipe_set: RecipeSet) -> ImageFile | str:
    """Return a file as an image to upload, or the reason why it is skipped."""
    key = path.relative_to(folder).as_posix()
    try:
        if not path.is_file():
            return "not_an_image"
        with path.open("rb") as file:
            name = sniff(file.read(HEADER_BYTES))
        size = path.stat().st_size
    except OSError:
        return "unreadable"
    if name is None or name in NOT_IMAGES:
        return "not_an_image"
    if not _can_be_a_key(key):
        return "unusable_name"
    return ImageFile(key, path, size, name) if recipe_set.matching(key) else "no_recipe"


def _can_be_a_key(name: str) -> bool:
    """Return whether S3 accepts a name: file names can be any bytes, keys are UTF-8."""
    try:
        return len(name.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


def _no_images(folder: Path, skipped: Mapping[str, int]) -> str:
    if skipped.get("no_recipe"):
        return f"No recipe matches any of the images in {folder}: add one without a match."
    files = sum(skipped.values())
    others = counted(files, "file")
    what = f"holds no image ({others} of another kind)" if files else "is empty"
    return f"The folder {folder} {what}: name one that holds images, make demo IMAGES=folder"
