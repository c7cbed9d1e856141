"""Compiles `shared/imaging/native` with Zig's C compiler, for any platform from any platform.

Zig is a wheel in the lock file, so that the same commit makes the same bytes on every machine.
`python -m scripts.package.native` makes the library of this machine, which `make setup` does.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from scripts.package.contents import Files
from scripts.package.problem import BadPackage, CannotPackage
from scripts.package.target import TARGETS

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path("shared", "imaging", "native")
SOURCE, LIBRARY = "jpeg_walk.c", "libjpeg_walk.so"
TIMEOUT_SECONDS = 300
OPTIONS = (
    "-std=c11",
    "-O3",
    "-g0",
    *("-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Werror"),
    *("-fPIC", "-shared", "-fvisibility=hidden"),
)
# It needs no library, so it loads beside any version of glibc, and beside musl. memset, the only
# function that compilers call for it, is in every process.
ELF_OPTIONS = ("-nostdlib", "-s", "-Wl,--build-id=none")


def native_files(triple: str, root: Path = ROOT) -> Files:
    """Return the library for a platform, by its path in the package.

    `triple` is Zig's name of the platform. `BadPackage` if it cannot be compiled.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, LIBRARY)
        options = OPTIONS if triple.endswith("-macos") else (*OPTIONS, *ELF_OPTIONS)
        _compile("-target", triple, *options, "-o", str(out), SOURCE, cwd=root / FOLDER)
        return {(FOLDER / LIBRARY).as_posix(): out.read_bytes()}


def _compile(*words: str, cwd: Path) -> None:
    with tempfile.TemporaryDirectory() as cache:
        folders = {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
        try:
            result = subprocess.run(
                [sys.executable, "-m", "ziglang", "cc", *words],
                cwd=cwd,
                env={**os.environ, **folders},
                capture_output=True,
                text=True,
                timeout=TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise BadPackage("Expected Zig to compile in time, got no library.") from error
    if result.returncode:
        raise BadPackage(f"Expected Zig to compile {SOURCE}, got: {result.stderr.strip()[-2000:]}")


def main() -> int:
    """Write the library of this machine beside its source, and return the exit code."""
    try:
        files = native_files(TARGETS["here"].triple)
    except CannotPackage as problem:
        sys.stderr.write(f"{problem}\n")
        return problem.exit_code
    for name, data in files.items():
        partial = (ROOT / name).with_suffix(f".{os.getpid()}")
        partial.write_bytes(data)
        partial.replace(ROOT / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
