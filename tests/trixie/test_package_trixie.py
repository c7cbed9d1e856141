"""The very zips that Lambda gets, under its Python: x86-64 as it is, arm64 emulated."""

import shlex
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import images
from tests.e2e.packages import (
    Studio,
    built,
    lambda_environment,
    unpacked,
    writable_again,
)
from tests.e2e.trixie import CHROOT, NATIVE, PYTHON, compile_natively, emulator, trixie
from tests.images_heic import heic

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
