"""The very zips that Lambda gets, under its Python: x86-64 as it is, arm64 emulated."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts.package.build import build
from scripts.package.target import TARGETS
from tests.e2e.packages import (
    BUILD,
    Studio,
    built,
    lambda_environment,
    unpacked,
    writable_again,
)
from tests.e2e.trixie import (
    CHROOT,
    NATIVE,
    PYTHON,
    compile_natively,
    emulator,
    outside,
    trixie,
)
from tests.support import images
from tests.support.images_heic import heic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

NOBODY = 65534
KINDS = {"heic": heic(), "jpeg": images.jpeg()}


@pytest.fixture(name="place")
def _place() -> Iterator[Path]:
    """Return a folder inside the native Debian folder, in which anybody may write."""
    made = Path(tempfile.mkdtemp(dir=trixie(NATIVE) / "srv"))
    made.chmod(0o777)
    yield made
    writable_again(made)
    shutil.rmtree(made)


def test_the_x86_64_package_renders_under_lambdas_python(place: Path) -> None:
    """As nobody, without /proc, /dev or a folder to write in but its own."""
    debian = trixie(NATIVE)
    studio = Studio(place, top=debian)
    root = unpacked(built("x86_64"), place)
    environment = lambda_environment(studio.name(root), studio.name(place))
    chroot = (CHROOT, f"--userspec={NOBODY}:{NOBODY}", str(debian), f"/usr/bin/{PYTHON}")

    told = studio.run(chroot, environment, **KINDS)

    studio.check(*KINDS)
    assert "batch" in told["handlers"]


def test_a_compiled_package_compiles_nothing_when_it_starts(place: Path, tmp_path: Path) -> None:
    debian = trixie(NATIVE)
    compiler = tmp_path / PYTHON
    compiler.write_text(f'#!/bin/sh\nexec {shlex.join(outside(debian))} "$@"\n')
    compiler.chmod(0o755)
    wheels = BUILD / "wheels" / "x86_64"
    built("x86_64")  # fetches them
    shutil.copytree(wheels, tmp_path / "wheels" / "x86_64", copy_function=os.link)
    package = build(TARGETS["x86_64"], out=tmp_path, compiler=str(compiler))
    with ZipFile(tmp_path / package.file) as archive:
        archive.extractall(place / "task")
    studio = Studio(place, top=debian)

    told = subprocess.run(
        [CHROOT, str(debian), f"/usr/bin/{PYTHON}", "-v", "-B", "-c", "import worker.batch"],
        env=lambda_environment(studio.name(place / "task"), "/"),
        capture_output=True,
        text=True,
        check=True,
    ).stderr

    ours = [line for line in told.splitlines() if "code object from" in line and "/task/" in line]
    assert package.is_compiled
    assert len(ours) > 100
    assert [line for line in ours if ".pyc" not in line] == []


def test_the_arm64_package_renders_under_lambdas_python(place: Path) -> None:
    debian = trixie("arm64")
    root = unpacked(built("arm64"), place)
    compile_natively(root)
    python = (emulator(), "-L", str(debian), str(debian / "usr" / "bin" / PYTHON))
    # An emulated program cannot start another: the kernel would have to know the emulator.
    again = place / "python"
    again.write_text(f'#!/bin/sh\nexec {shlex.join(python)} "$@"\n')
    again.chmod(0o755)
    environment = {**lambda_environment(root, place), "INTERPRETER": str(again)}

    told = Studio(place).run(python, environment, **KINDS)

    Studio(place).check(*KINDS)
    assert "batch" in told["handlers"]
