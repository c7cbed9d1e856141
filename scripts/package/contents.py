"""Reads the files of wheels, source archives and this repository, by their path in the package."""

import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from scripts.package.problem import BadPackage
from scripts.package.wheels import Pin

Files = Mapping[str, bytes]

OWN = ("shared", "worker")
# Folders of a wheel's `.data` that are installed beside its packages; scripts and headers are left
# out.
LIBRARIES = ("purelib", "platlib")
# Scanners such as Amazon Inspector and `importlib.metadata` read it; the other files of a
# `.dist-info` are for installers.
KEPT_METADATA = ("METADATA",)
LICENCES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "AUTHORS")


def distribution_files(pin: Pin, path: Path) -> Files:
    """Return the files of a pin's wheel or source archive."""
    files = _wheel(path) if path.suffix == ".whl" else _source(pin, path)
    return {name: data for name, data in files.items() if _is_wanted(name)}


def own_files(root: Path) -> Files:
    """Return this repository's code and licence."""
    paths = [path for folder in OWN for path in sorted((root / folder).rglob("*.py"))]
    files = {path.relative_to(root).as_posix(): path.read_bytes() for path in paths}
    return files | {"LICENSE": (root / "LICENSE").read_bytes()}


def _wheel(path: Path) -> Files:
    """Return a wheel's files, with the paths that an installer gives them.

    https://packaging.python.org/en/latest/specifications/binary-distribution-format/
    """
    files = {}
    with ZipFile(path) as archive:
        for name in archive.namelist():
            top, _, rest = name.partition("/")
            kind, _, inner = rest.partition("/")
            if name.endswith("/") or (top.endswith(".data") and kind not in LIBRARIES):
                continue
            files[inner if top.endswith(".data") else name] = archive.read(name)
    return files


def _source(pin: Pin, path: Path) -> Files:
    """Return the package in a source archive, with its metadata where a wheel has it."""
    top, metadata = f"{pin.name}-{pin.version}", f"{pin.name}-{pin.version}.dist-info"
    files = {}
    with tarfile.open(fileobj=BytesIO(path.read_bytes())) as archive:
        for member in archive.getmembers():
            read = archive.extractfile(member)
            inner = member.name.removeprefix(f"{top}/")
            if read is None:
                continue
            if inner.startswith(f"{pin.name}/"):
                files[inner] = read.read()
            elif inner == "PKG-INFO":
                files[f"{metadata}/METADATA"] = read.read()
            elif "/" not in inner and inner.startswith(LICENCES):
                files[f"{metadata}/licenses/{inner}"] = read.read()
    if f"{pin.name}/__init__.py" not in files:
        raise BadPackage(f"Expected a package {pin.name} in {path.name}, got none.")
    return files


def _is_wanted(name: str) -> bool:
    top, _, inner = name.partition("/")
    if not top.endswith(".dist-info"):
        return True
    is_licence = Path(inner).name.upper().startswith(LICENCES) or inner.startswith("licenses/")
    return inner in KEPT_METADATA or is_licence
