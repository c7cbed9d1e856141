"""The walk in C stays within its buffers, whatever it walks: under sanitisers of a C compiler."""

import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.package.native import FOLDER, ROOT
from shared.imaging.native.jpeg_walk import Finding, walk
from tests.imaging.test_jpeg_walk import HOSTILE, SEEDS, mutated
from tests.support.hand.jpeg_scans import COEFFICIENTS, Block, Layout, generator, packed
from tests.support.size import SIZE

pytestmark = [pytest.mark.imaging, pytest.mark.timeout(600)]

SOURCE = Path(__file__).with_name("walk_files.c")
COUNT = 50 * SIZE.damaged_jpegs
UNDEFINED = ("-std=c11", "-O1", "-g", "-fsanitize=undefined", "-fno-sanitize-recover=all")
# Zig has no address sanitiser; its undefined behaviour sanitiser knows the bounds of arrays.
ZIG = (sys.executable, "-m", "ziglang", "cc", *UNDEFINED, "-fsanitize-trap=undefined")


def compilers() -> dict[str, Sequence[str]]:
    """Return the commands of the compilers that are here; Zig's is always.

    A push takes one of them: Zig also compiles the start of a program, for half a minute.
    """
    system = shutil.which("cc")
    if not system or not has_address_sanitiser(system):
        return {"zig": ZIG}
    found: dict[str, Sequence[str]] = {"cc": (system, *UNDEFINED, "-fsanitize=address")}
    return {**found, "zig": ZIG} if SIZE.is_long else found


def has_address_sanitiser(compiler: str) -> bool:
    command = (compiler, "-x", "c", "-fsanitize=address", "-", "-o", os.devnull)
    program = "int main(void) { return 0; }"
    return not subprocess.run(
        command, input=program, text=True, capture_output=True, check=False
    ).returncode


@pytest.fixture(scope="module", params=compilers().items(), ids=lambda item: item[0])
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sanitised")
    # Kept, because it holds the compiled start of a program.
    cache = str(ROOT / "build" / "zig-cache")
    caches = {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    out = folder / "walk_files"
    command = [*request.param[1], "-I", str(ROOT / FOLDER), "-o", str(out), str(SOURCE)]
    subprocess.run(command, check=True, env={**os.environ, **caches})
    return out


def findings(program: Path, files: Sequence[bytes]) -> list[int]:
    """Return what a sanitised program finds; it ends early if it leaves its buffers."""
    framed = b"".join(struct.pack("<I", len(data)) + data for data in files)
    ended = subprocess.run([program], input=framed, capture_output=True, check=False)
    assert ended.returncode == 0, ended.stderr.decode()[:3000]
    return [int(line) for line in ended.stdout.split()]


def test_mutated_files_are_walked_within_their_bytes(program: Path) -> None:
    files = [mutated(generator(SIZE.seed + number)) for number in range(COUNT)]

    assert findings(program, files) == [walk(data).finding for data in files]


def test_every_end_of_a_file_is_walked_within_its_bytes(program: Path) -> None:
    files = [data[:end] for data in SEEDS for end in range(len(data))]
    files += [data[:end] for data in HOSTILE.values() for end in range(len(data))]

    assert len(findings(program, files)) == len(files)


def test_brightness_without_a_quantisation_step_does_not_overflow(program: Path) -> None:
    """A step of 0 makes every sum of differences 0, so that none is too bright."""
    layout = Layout(8192, 8400)
    head = layout.head().replace(bytes([1] * COEFFICIENTS), bytes(COEFFICIENTS))
    brightest = Block((1 << 11) - 1).bits  # ends on a byte: 8 blocks need no padding
    data = packed(brightest * 8) * (layout.mcus // 8)
    assert layout.mcus * ((1 << 11) - 1) > 1 << 31

    assert findings(program, [head + layout.scan(data) + b"\xff\xd9"]) == [Finding.INTACT]


def test_the_sanitiser_would_tell(program: Path) -> None:
    ended = subprocess.run([program, "write-beyond"], capture_output=True, check=False)

    assert ended.returncode != 0
