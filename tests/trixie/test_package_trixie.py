"""The zips for Lambda under its version of Python: x86-64 natively, arm64 emulated."""

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
from shared.imaging.sandbox.lock import Lock
from tests.e2e.packages import (
    BUILD,
    RenderFolder,
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
    """Return a world-writable folder inside the native Debian folder."""
    made = Path(tempfile.mkdtemp(dir=trixie(NATIVE) / "srv"))
    made.chmod(0o777)
    yield made
    writable_again(made)
    shutil.rmtree(made)


def test_the_x86_64_package_renders_under_lambdas_python(place: Path) -> None:
    """As the user nobody, without /proc and /dev, and with one writable folder."""
    debian = trixie(NATIVE)
    render_folder = RenderFolder(place, top=debian)
    root = unpacked(built("x86_64"), place)
    environment = lambda_environment(render_folder.name(root), render_folder.name(place))
    chroot = (CHROOT, f"--userspec={NOBODY}:{NOBODY}", str(debian), f"/usr/bin/{PYTHON}")

    output = render_folder.run(chroot, environment, **KINDS)

    render_folder.check(*KINDS)
    assert "batch" in output["handlers"]
    assert output["locks"] == list(Lock)
    assert output["walks_jpegs"]


def test_a_compiled_package_compiles_nothing_when_it_starts(place: Path, tmp_path: Path) -> None:
    debian = trixie(NATIVE)
    compiler = tmp_path / PYTHON
    compiler.write_text(f'#!/bin/sh\nexec {shlex.join(outside(debian))} "$@"\n')
    compiler.chmod(0o755)
    wheels = BUILD / "wheels" / "x86_64"
    built("x86_64")  # downloads them
    shutil.copytree(wheels, tmp_path / "wheels" / "x86_64", copy_function=os.link)
    package = build(TARGETS["x86_64"], out=tmp_path, compiler=str(compiler))
    with ZipFile(tmp_path / package.file) as archive:
        archive.extractall(place / "task")
    render_folder = RenderFolder(place, top=debian)

    output = subprocess.run(
        [CHROOT, str(debian), f"/usr/bin/{PYTHON}", "-v", "-B", "-c", "import worker.batch"],
        env=lambda_environment(render_folder.name(place / "task"), "/"),
        capture_output=True,
        text=True,
        check=True,
    ).stderr

    loaded = [line for line in output.splitlines() if "code object from" in line]
    ours = [line for line in loaded if "/task/" in line]
    assert package.is_compiled
    assert len(ours) > 100
    assert [line for line in ours if ".pyc" not in line] == []


def test_the_arm64_package_renders_under_lambdas_python(place: Path) -> None:
    debian = trixie("arm64")
    root = unpacked(built("arm64"), place)
    compile_natively(root)
    python = (emulator(), "-L", str(debian), str(debian / "usr" / "bin" / PYTHON))
    # An emulated program can start another one only through the emulator.
    again = place / "python"
    again.write_text(f'#!/bin/sh\nexec {shlex.join(python)} "$@"\n')
    again.chmod(0o755)
    environment = {**lambda_environment(root, place), "INTERPRETER": str(again)}

    output = RenderFolder(place).run(python, environment, **KINDS)

    RenderFolder(place).check(*KINDS)
    assert "batch" in output["handlers"]
