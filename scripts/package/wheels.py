"""Downloads the files of the lock file for one target, and checks their hashes."""

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from scripts.package.problem import NoWheels
from scripts.package.target import Target

# Published as source only. With pyvips-binary it is pure Python, so its files are copied without
# running its build.
SOURCE_ONLY = ("pyvips",)
PINNED = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>\S+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


@dataclass(frozen=True, slots=True)
class Pin:
    """One locked distribution with the hashes of its files."""

    name: str
    version: str
    hashes: frozenset[str]


def read_lock(text: str) -> tuple[Pin, ...]:
    """Return the pins of a lock file; `NoWheels` if one has no version or no hash."""
    pins = []
    for entry in re.split(r"\n(?=[a-z0-9])", text.strip()):
        named, hashes = PINNED.match(entry), frozenset(HASH.findall(entry))
        if not named or not hashes:
            raise NoWheels(f"Expected a version and its hashes, got {entry[:60]!r}: make lock")
        pins.append(Pin(named["name"], named["version"], hashes))
    return tuple(pins)


def fetch(lock: Path, target: Target, folder: Path) -> Mapping[Pin, Path]:
    """Return the file of each pin, after downloading all into `folder` if one is missing there.

    `NoWheels` if the index has no file for the target, or only files with other hashes.
    """
    pins = read_lock(lock.read_text(encoding="utf-8"))
    found = _found(pins, folder)
    if len(found) < len(pins):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _download(lock, target, folder)
        found = _found(pins, folder)
    missing = [pin.name for pin in pins if pin not in found]
    if missing:
        raise NoWheels(f"Expected a file with a locked hash of {', '.join(missing)}, got none.")
    return found


def _found(pins: tuple[Pin, ...], folder: Path) -> dict[Pin, Path]:
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    by_hash = {sha256(path.read_bytes()).hexdigest(): path for path in files}
    matches = {pin: pin.hashes & by_hash.keys() for pin in pins}
    return {pin: by_hash[min(hashes)] for pin, hashes in matches.items() if hashes}


def _download(lock: Path, target: Target, folder: Path) -> None:
    sources = [f"--no-binary={name}" for name in SOURCE_ONLY]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--quiet"]
    result = subprocess.run(
        [
            *(*pip, "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", *sources),
            *("--dest", str(folder), *target.pip_options),
            *("--require-hashes", "--requirement", str(lock)),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode:
        raise NoWheels(
            f"{result.stdout.strip()}\n"
            f"pip could not download the files of the lock file for {target.name}: connect this "
            "machine to a package index (PIP_INDEX_URL names another than PyPI), and try again."
        )
