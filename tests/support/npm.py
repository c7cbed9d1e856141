"""Installs the packages of a lock file from npm, once, into a folder of `build/`."""

import re
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

LOCKED = ("package.json", "package-lock.json")


class NpmFailed(Exception):
    """npm is missing or refused; the message says what to do."""


def install_packages(lock_folder: Path, folder: Path) -> None:
    """Install what the lock file in a folder names, unless `folder` has it; raises `NpmFailed`."""
    for program in ("node", "npm"):
        if not shutil.which(program):
            raise NpmFailed(
                f"Expected {program} on the PATH, got none: install Node.js 20.9 or newer."
            )
    folder.mkdir(parents=True, exist_ok=True)
    ready = folder / ".ready"
    wanted = sha256(b"".join((lock_folder / name).read_bytes() for name in LOCKED)).hexdigest()
    if ready.exists() and ready.read_text() == wanted:
        return
    for name in LOCKED:
        shutil.copy(lock_folder / name, folder)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund"],  # noqa: S607 - found on PATH, as CI's is
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        code = re.search(r"npm error code (\S+)", done.stderr)
        raise NpmFailed(
            f"Expected npm ci to install packages into {folder}, got "
            f"{code[1] if code else f'exit code {done.returncode}'}: "
            "the first run needs the npm registry."
        )
    ready.write_text(wanted)
