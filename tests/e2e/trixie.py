"""Folders with Debian trixie, whose Python is Lambda's 3.13, for both of Lambda's architectures.

The Debian packages are unpacked but not configured, which is enough for an interpreter and needs
no emulator. Python's compiled files do not depend on the architecture, so the native Python
compiles for both; an emulated one would take minutes. The folders stay in `build/` until
`make clean`.
"""

import os
import platform
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

from tests.e2e.packages import BUILD, skip_on_laptops

DEBIAN = {"arm64": "arm64", "x86_64": "amd64"}
# arm64 is also run with its kernel, in a virtual machine (tests/e2e/virtual_machine.py).
KERNEL = {"arm64": ("linux-image-arm64",), "x86_64": ()}
NATIVE = "x86_64"
PYTHON = "python3.13"
CHROOT = "/usr/sbin/chroot"
LIBRARY = Path("usr", "lib", PYTHON)
MIRROR = "http://deb.debian.org/debian"
SECONDS = 240
EMULATOR = "qemu-aarch64-static"


def trixie(architecture: str) -> Path:
    """Return the folder; skip the test on a laptop that cannot create it."""
    if missing := _missing():
        skip_on_laptops(f"The {architecture} package cannot be run here: {missing}.")
    return _folders()[architecture]


def compile_natively(folder: Path) -> None:
    """Compile a folder inside the native Debian folder, as imports from it would."""
    _compile(_folders()[NATIVE], folder)


def emulator() -> str:
    """Return the path of the arm64 emulator."""
    found = shutil.which(EMULATOR)
    if not found:
        skip_on_laptops(f"The arm64 package cannot be run here: install {EMULATOR}.")
    return str(found)


def outside(folder: Path) -> tuple[str, ...]:
    """Return a command that starts the native folder's Python without a chroot."""
    libraries = folder / "usr" / "lib" / "x86_64-linux-gnu"
    loader = (str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries))
    return (*loader, str(folder / "usr" / "bin" / PYTHON))


@cache
def _folders() -> dict[str, Path]:
    """Create missing folders concurrently: downloads take most of the time."""
    folders = {name: BUILD / f"trixie-{name}" for name in DEBIAN}
    ready = BUILD / "trixie-with-kernel.ready"
    if not ready.exists():
        with ThreadPoolExecutor(len(folders)) as threads:
            list(threads.map(_make, folders.items()))
        compiled = _compiled_library(folders[NATIVE])
        for folder in folders.values():
            shutil.copytree(compiled, folder / LIBRARY, dirs_exist_ok=True)
        ready.touch()
    return folders


def _make(wanted: tuple[str, Path]) -> None:
    architecture, folder = wanted
    shutil.rmtree(folder, ignore_errors=True)
    _debootstrap(architecture, folder)
    _unpack(folder)
    (folder / "srv").mkdir(exist_ok=True)


def _debootstrap(architecture: str, folder: Path) -> None:
    mirror = os.environ.get("DEBIAN_MIRROR", MIRROR)
    packages = ",".join((PYTHON, *KERNEL[architecture]))
    options = ("--foreign", "--variant=minbase", f"--include={packages}")
    _run("debootstrap", f"--arch={DEBIAN[architecture]}", *options, "trixie", str(folder), mirror)


def _unpack(folder: Path) -> None:
    """Unpack the packages that debootstrap leaves to its second stage."""
    archives = folder / "var" / "cache" / "apt" / "archives"
    for name in (folder / "debootstrap" / "base").read_text().split():
        for archive in archives.glob(f"{name}_*.deb"):
            _run("dpkg-deb", "--extract", str(archive), str(folder))
    shutil.rmtree(archives)


def _compiled_library(folder: Path) -> Path:
    """Return a folder with the standard library's compiled files only."""
    copy = folder / "srv" / "library"
    shutil.copytree(
        folder / LIBRARY,
        copy,
        ignore=shutil.ignore_patterns("idlelib", "sitecustomize.py", "*.so"),
    )
    _compile(folder, copy)
    for path in copy.rglob("*.py"):
        path.unlink()
    return copy


def _compile(top: Path, folder: Path) -> None:
    python = (CHROOT, str(top), f"/usr/bin/{PYTHON}", "-m", "compileall", "-qq")
    # Unchecked: the other folder has equal sources with other times.
    _run(*python, "--invalidation-mode=unchecked-hash", f"/{folder.relative_to(top)}")


def _run(*command: str) -> None:
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    assert ended.returncode == 0, "\n".join((ended.stdout + ended.stderr).splitlines()[-5:])


def _missing() -> str:
    if os.geteuid() != 0 or platform.machine() != NATIVE:
        return f"it needs root, and a machine with {NATIVE}"
    return "" if shutil.which("debootstrap") else "install debootstrap"
