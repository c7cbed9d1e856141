"""Boots Debian's arm64 kernel in an emulated machine, with an initial ramdisk as its only disk.

An emulator of programs, such as qemu-user, passes system calls on to the kernel of the host and
has no seccomp of its own. So what a kernel does for arm64 shows only under a kernel for arm64.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.packages import skip_on_laptops
from tests.e2e.trixie import trixie

EMULATOR, CPIO = "qemu-system-aarch64", "/usr/bin/cpio"
SECONDS = 500
# With 2 GB the ramdisk, which the kernel holds twice while it unpacks it, leaves enough.
MACHINE = ("-machine", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "3072")
# The machine ends when /init does: the kernel panics, restarts at once, and the emulator exits.
KERNEL_ARGUMENTS = "console=ttyAMA0 quiet panic=-1"
DEBIAN_FOLDERS = ("bin", "lib", "sbin", "tmp", "usr/bin", "usr/lib")
LEFT_OUT = {"modules", "locale", "systemd", "gconv", "perl-base"}


def boot(files: Path) -> str:
    """Boot with Debian's files and those of a folder, run its `init`, and return the console."""
    missing = [name for name in (EMULATOR, CPIO) if not shutil.which(name)]
    if missing:
        skip_on_laptops(f"No arm64 kernel can be run here: install {' and '.join(missing)}.")
    debian = trixie("arm64")
    (kernel,) = (debian / "boot").glob("vmlinuz-*")
    ramdisk = files.with_suffix(".cpio")
    # The kernel unpacks one archive after the other.
    ramdisk.write_bytes(_archive(debian, _names(debian)) + _archive(files, _all_names(files)))
    ended = subprocess.run(
        [
            *(EMULATOR, *MACHINE, "-nographic", "-no-reboot", "-nic", "none"),
            *("-kernel", str(kernel), "-initrd", str(ramdisk), "-append", KERNEL_ARGUMENTS),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=SECONDS,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _archive(folder: Path, names: Iterator[str]) -> bytes:
    return subprocess.run(
        [CPIO, "--create", "--format=newc", "--quiet"],
        cwd=folder,
        input="\n".join(names).encode(),
        capture_output=True,
        check=True,
    ).stdout


def _all_names(folder: Path) -> Iterator[str]:
    """Yield the paths of all files below a folder, a folder before its files."""
    return (str(path.relative_to(folder)) for path in sorted(folder.rglob("*")))


def _names(debian: Path) -> Iterator[str]:
    """Yield the paths of what a Python interpreter and a shell need of Debian."""
    yield "usr"
    for top in DEBIAN_FOLDERS:
        yield top
        for name in () if (debian / top).is_symlink() else _all_names(debian / top):
            first = name.split("/")[0]
            is_left_out = first in LEFT_OUT or first.startswith("linux-image")
            if not is_left_out:
                yield f"{top}/{name}"
