"""Chooses what the demo drops: the images of a folder, by their bytes and not by their names."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.page.files import SourceFile
from scripts.pixfleet.terminal.text import counted
from shared.imaging.intake.sniff import HEADER_BYTES, sniff
from shared.model.errors import PixfleetError
from shared.model.keys import MAX_KEY_BYTES
from shared.model.recipe import RecipeSet

# What `sniff` knows so as to refuse it by name, and nobody would call a picture.
NOT_PICTURES = frozenset({"pdf"})
CORRUPT_NAME = "corrupt on purpose"


class DemoRefused(PixfleetError):
    """Something that the caller gave cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Drop:
    """One file on its way into the sources bucket; `format` is what its bytes say, or nothing."""

    key: str
    path: Path
    size_bytes: int
    format: str

    @property
    def file(self) -> SourceFile:
        """Return the file as a page shows it."""
        return SourceFile(self.path, self.format)


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds; `skipped` counts the rest by reason."""

    drops: tuple[Drop, ...]
    skipped: Mapping[str, int]


def find_images(folder: Path, recipe_set: RecipeSet, *, ours: Path) -> Found:
    """Return the images under a folder, sorted by key; a key is the path from the folder.

    `ours` is where the demo writes, and is left out. `DemoRefused` if there is nothing to drop.
    """
    _require_folder(folder, ours)
    drops: list[Drop] = []
    skipped = {"not_an_image": 0, "unreadable": 0, "unusable_name": 0, "no_recipe": 0}
    for path in _files(folder, ours):
        found = _look(path, folder, recipe_set)
        if isinstance(found, Drop):
            drops.append(found)
        else:
            skipped[found] += 1
    if not drops:
        raise DemoRefused(_nothing_in(folder, skipped))
    drops.sort(key=lambda drop: drop.key)
    return Found(tuple(drops), {reason: count for reason, count in skipped.items() if count})


def corrupt_drop(data: bytes, folder: Path, found: Found, recipe_set: RecipeSet) -> Drop:
    """Write the corrupt file and return it under a key that is free and has a recipe."""
    taken = {drop.key for drop in found.drops}
    endings = ("", *(f" {number}" for number in range(2, len(taken) + 3)))
    names = (
        f"{prefix}{CORRUPT_NAME}{end}{suffix}"
        for prefix, suffix in _homes(recipe_set)
        for end in endings
    )
    key = next(name for name in names if name not in taken and recipe_set.matching(name))
    path = folder / "corrupt.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Drop(key, path, len(data), "jpeg")


def _homes(recipe_set: RecipeSet) -> Iterator[tuple[str, str]]:
    """Return prefixes and suffixes for a key; those of each recipe come after the plain one."""
    yield "", ".jpg"
    for recipe in recipe_set.recipes:
        yield recipe.match.prefix, next(iter(recipe.match.suffixes), ".jpg")


def _require_folder(folder: Path, ours: Path) -> None:
    if not folder.exists():
        raise DemoRefused(
            f"There is no folder {folder}: name one that holds images, make demo IMAGES=folder"
        )
    if not folder.is_dir():
        raise DemoRefused(
            f"{folder} is a file: name the folder that holds it, make demo IMAGES={folder.parent}"
        )
    if folder.resolve().is_relative_to(ours.resolve()):
        raise DemoRefused(
            f"{folder} lies where the demo writes, so its images would be lost: "
            "copy it to another place and name that."
        )


def _files(folder: Path, ours: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if Path(place, name).resolve() != ours.resolve()]
        yield from (Path(place, name) for name in names)


def _look(path: Path, folder: Path, recipe_set: RecipeSet) -> Drop | str:
    """Return a file as a drop, or the word for why it is none."""
    key = path.relative_to(folder).as_posix()
    try:
        if not path.is_file():
            return "not_an_image"
        with path.open("rb") as file:
            name = sniff(file.read(HEADER_BYTES))
        size = path.stat().st_size
    except OSError:
        return "unreadable"
    if name is None or name in NOT_PICTURES:
        return "not_an_image"
    if not _can_be_a_key(key):
        return "unusable_name"
    return Drop(key, path, size, name) if recipe_set.matching(key) else "no_recipe"


def _can_be_a_key(name: str) -> bool:
    """Say whether S3 takes it: a file's name may be any bytes, a key is UTF-8."""
    try:
        return len(name.encode()) <= MAX_KEY_BYTES
    except UnicodeEncodeError:
        return False


def _nothing_in(folder: Path, skipped: Mapping[str, int]) -> str:
    if skipped["no_recipe"]:
        return f"No recipe is for any of the images in {folder}: add one without a match."
    files = sum(skipped.values())
    others = counted(files, "file")
    what = f"holds no image ({others} of another kind)" if files else "is empty"
    return f"The folder {folder} {what}: name one that holds images, make demo IMAGES=folder"
