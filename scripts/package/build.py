"""Builds one package, and a JSON document about it."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path

from scripts.package.archive import contents_digest, zipped
from scripts.package.compiled import compiled
from scripts.package.contents import Files, distribution_files, own_files
from scripts.package.heif import without_encoder
from scripts.package.models import without_documentation
from scripts.package.native import native_files
from scripts.package.problem import BadPackage
from scripts.package.pruning import SERVICES, pruned
from scripts.package.target import Target
from scripts.package.wheels import Pin, fetch

ROOT = Path(__file__).resolve().parents[2]
LOCK = Path("scripts", "locks", "worker.txt")
# A cold start takes longer the larger the package is.
MAX_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was built; sizes in bytes."""

    file: str
    target: str
    size_bytes: int
    unpacked_bytes: int
    sha256: str
    contents_sha256: str
    distributions: Mapping[str, str]
    is_compiled: bool


def build(target: Target, *, root: Path = ROOT, out: Path, compiler: str = "") -> Package:
    """Write `pixfleet-<target>.zip` and a JSON document about it into `out`.

    Downloaded wheels are kept in `out`, too. A `compiler`, the command of a Python of the target's
    version, adds compiled files.

    `CannotPackage` if the wheels cannot be downloaded, our C does not compile, the compiler is of
    another version, or the package is larger than `MAX_BYTES`.
    """
    found = fetch(root / LOCK, target, out / "wheels" / target.name)
    files = {**package_files(found, root), **native_files(target.triple, root)}
    if compiler:
        files = {**files, **compiled(files, compiler, target.python)}
    data = zipped(files)
    package = Package(
        file=f"pixfleet-{target.name}.zip",
        target=target.name,
        size_bytes=len(data),
        unpacked_bytes=sum(map(len, files.values())),
        sha256=sha256(data).hexdigest(),
        contents_sha256=contents_digest(files),
        distributions={pin.name: pin.version for pin in found},
        is_compiled=bool(compiler),
    )
    if package.size_bytes > MAX_BYTES:
        raise BadPackage(f"Expected at most {MAX_BYTES} bytes, got {package.size_bytes}.")
    _write(out / package.file, data)
    document = json.dumps(asdict(package), indent=2, sort_keys=True) + "\n"
    _write((out / package.file).with_suffix(".json"), document.encode())
    return package


def package_files(found: Mapping[Pin, Path], root: Path) -> Files:
    """Return the files of a package; `BadPackage` if two distributions have the same file."""
    files = dict(own_files(root))
    for pin, path in found.items():
        added = pruned(without_encoder(distribution_files(pin, path)))
        added = without_documentation(added, SERVICES)
        if twice := sorted(files.keys() & added.keys()):
            raise BadPackage(f"Expected new files from {pin.name}, got {twice[0]} again.")
        files |= added
    return files


def _write(path: Path, data: bytes) -> None:
    """Replace a file atomically, so that a deployment never reads half of it."""
    partial = path.with_suffix(f"{path.suffix}.{os.getpid()}")
    partial.write_bytes(data)
    partial.replace(path)
