"""The folders with Terraform files, and the blocks of the files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import hcl2

ROOT = Path(__file__).parents[2]
STACK = ROOT / "terraform"
# Files that Terraform or a person who applied the stack leaves behind.
LEFT_BEHIND = (".terraform", ".terraform.lock.hcl", "*.tfstate*", "*.tfvars", "*.tfplan")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of a file: its type, its labels, and what is in it.

    `body` is python-hcl2's result: expressions in `${}`, strings in their quotes.
    """

    file: Path
    kind: str
    labels: tuple[str, ...]
    body: Mapping[str, Any]  # python-hcl2 returns JSON's types only

    @property
    def name(self) -> str:
        """Return the last label."""
        return self.labels[-1]

    @property
    def address(self) -> str:
        """Return the address by which other blocks refer to it."""
        words = {"resource": (), "variable": ("var",)}.get(self.kind, (self.kind,))
        return ".".join((*words, *self.labels))


def folders() -> tuple[Path, ...]:
    """Return every folder that Terraform can be started in, the root first."""
    return tuple(sorted(file.parent for file in STACK.rglob("versions.tf") if _is_ours(file)))


def modules() -> tuple[Path, ...]:
    """Return the folders of the modules."""
    return tuple(folder for folder in folders() if folder.parent.name == "modules")


def has_tests(folder: Path) -> bool:
    """Return whether the folder has tests for `terraform test`."""
    return any(folder.glob("tests/*.tftest.hcl"))


def title(folder: Path) -> str:
    """Return the folder's name in test ids."""
    return folder.relative_to(ROOT).as_posix()


def blocks(folder: Path, kind: str = "", pattern: str = "*.tf") -> tuple[Block, ...]:
    """Return the blocks of a folder's files, in the order of the files' names."""
    files = sorted(folder.glob(pattern))
    return tuple(block for file in files for block in _read(file) if kind in ("", block.kind))


def plain(text: object) -> str:
    """Return a string of python-hcl2's without its quotes, an expression without its braces."""
    words = str(text)
    if words.startswith('"') and words.endswith('"'):
        return words[1:-1].replace('\\"', '"')
    return words.removeprefix("${").removesuffix("}") if words.startswith("${") else words


@cache
def _read(file: Path) -> tuple[Block, ...]:
    try:
        parsed = hcl2.loads(file.read_text())
    except Exception as trouble:
        raise ValueError(f"python-hcl2 cannot read {title(file)}.") from trouble
    return tuple(
        block
        for kind, bodies in parsed.items()
        if not kind.startswith("__")
        for body in bodies
        for block in _open(file, kind, (), body)
    )


def _open(
    file: Path, kind: str, labels: tuple[str, ...], body: Mapping[str, Any]
) -> Iterator[Block]:
    """Follow the labels down to the block itself."""
    if body.get("__is_block__"):
        yield Block(file, kind, labels, body)
        return
    for label, inner in body.items():
        yield from _open(file, kind, (*labels, plain(label)), inner)


def _is_ours(file: Path) -> bool:
    return ".terraform" not in file.parts
