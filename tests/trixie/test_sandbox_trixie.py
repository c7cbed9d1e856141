"""The locks of a render child on arm64, under an arm64 kernel: the package, booted."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.imaging.sandbox.lock import Lock
from shared.model.recipe import Slot
from tests.e2e.packages import built, unpacked, writable_again
from tests.e2e.trixie import NATIVE, PYTHON, compile_natively, trixie
from tests.e2e.virtual_machine import boot
from tests.imaging import fuzz_seeds
from tests.imaging.probes import DONE, PROBES
from tests.support import images
from tests.trixie.guest import REPORT, WATERMARK

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

TESTS = Path(__file__).parents[1]
GUEST = (
    *("__init__.py", "imaging/__init__.py", "imaging/children.py", "imaging/hosted_child.py"),
    *("imaging/probes.py", "imaging/sandbox_host.py", "trixie/__init__.py", "trixie/guest.py"),
)
INIT = f"""#!/bin/sh
mount -t proc proc /proc
mount -t devtmpfs devices /dev
exec </dev/console >/dev/console 2>&1
PYTHONPATH=/task:/guest PYTHONDONTWRITEBYTECODE=1 /usr/bin/{PYTHON} -m tests.trixie.guest /sources
"""


@pytest.fixture(name="report", scope="module")
def _report() -> Iterator[dict[str, Any]]:
    """Boot once for all tests of this file, and return what the guest printed."""
    # Inside the native Debian folder, whose Python compiles the package.
    made = Path(tempfile.mkdtemp(dir=trixie(NATIVE) / "srv"))
    files = made / "root"
    files.mkdir()
    _fill(files)
    console = boot(files)
    reports = [line for line in console.splitlines() if line.startswith(REPORT)]
    assert len(reports) == 1, console[-2000:]
    yield json.loads(reports[0].removeprefix(REPORT))
    writable_again(files)
    shutil.rmtree(made)


def _fill(files: Path) -> None:
    compile_natively(unpacked(built("arm64"), files))
    for name in GUEST:
        copy = files / "guest" / "tests" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(TESTS / name, copy)
    for folder in ("proc", "dev", "etc", "sources"):
        (files / folder).mkdir()
    (files / "etc" / "passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (files / "sources" / WATERMARK).write_bytes(images.alpha_png())
    for seed in fuzz_seeds.seeds():
        (files / "sources" / seed.name).write_bytes(seed.data)
    init = files / "init"
    init.write_text(INIT)
    init.chmod(0o755)


def test_a_child_takes_every_lock_on_arm64(report: dict[str, Any]) -> None:
    assert report["machine"] == "aarch64"
    assert report["locks"] == list(Lock)
    assert report["locks_hidden"] == []


def test_every_probe_is_refused_on_arm64(report: dict[str, Any]) -> None:
    assert report["unlocked"] == dict.fromkeys(PROBES, DONE)
    assert report["locked"].keys() == PROBES.keys()
    assert set(report["locked"].values()) <= {"ENOSYS", "EPERM"}
    assert report["calls"] == ""


def test_no_format_is_lost_to_the_locks_on_arm64(report: dict[str, Any]) -> None:
    slots = {name: sorted(made) for name, made in report["slots"].items()}

    assert slots == {seed.name: sorted(2 * tuple(Slot)) for seed in fuzz_seeds.seeds()}


def test_a_locked_child_that_aborts_ends_by_its_signal_on_arm64(report: dict[str, Any]) -> None:
    assert "exited with code -6" in report["aborted"]
