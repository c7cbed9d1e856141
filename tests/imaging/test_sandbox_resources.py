"""A machine without descriptors, processes, threads or a disk is not the fault of an image."""

import errno
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.imaging.render_pool import RenderPool
from shared.model.errors import RenderUnavailable
from shared.model.limits import Limits
from tests.imaging.children import files
from tests.support import images

pytestmark = pytest.mark.imaging

# Leaves this many descriptors to a worker whose child has exited, and prints what happens. Then
# closes the others, and prints whether an image is rendered and how many descriptors are open.
SHORT_OF_DESCRIPTORS = """
import os, resource, sys
from pathlib import Path
from shared.imaging.render_pool import RenderPool
from shared.model.errors import RenderUnavailable
from shared.model.limits import Limits
from tests.imaging.children import files
from tests.support import images

def fill(left):
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 4096))
    held = []
    while True:
        try:
            held.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            break
    for _ in range(left):
        os.close(held.pop())
    return held

def descriptors():
    return len(os.listdir("/proc/self/fd"))

source, pool = images.jpeg(), RenderPool(1, Limits())
with pool.child(wait_seconds=0) as child:
    files(child, source)
    before = descriptors()
for left in range(12):
    with pool.child(wait_seconds=0) as child:
        child.stop()
    held = fill(left)
    try:
        with pool.child(wait_seconds=0) as child:
            said = "rendered" if files(child, source) else "nothing"
    except RenderUnavailable as failure:
        said = f"{failure.cause} at {failure.stage}"
    for each in held:
        os.close(each)
    with pool.child(wait_seconds=0) as child:
        again = "rendered" if files(child, source) else "nothing"
        print(left, said, again, descriptors() - before, sep=", ")
"""


def test_a_worker_without_descriptors_has_no_child_until_it_has_some_again() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SHORT_OF_DESCRIPTORS],
        env={"PYTHONPATH": os.pathsep.join(["", *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    rows = [line.split(", ") for line in ended.stdout.splitlines()]
    said = {int(row[0]): row[1] for row in rows}
    assert ended.returncode == 0, ended.stderr
    assert set(said.values()) == {"render_unavailable at start", "rendered"}
    assert said[0] == "render_unavailable at start"
    assert said[11] == "rendered"
    assert {tuple(row[2:]) for row in rows} == {("rendered", "0")}


def test_a_child_needs_no_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))

    render_pool = RenderPool(1, Limits())

    with render_pool.child(wait_seconds=0) as child:
        assert files(child, images.jpeg())
    render_pool.close()


def no_memory(*_arguments: object, **_options: object) -> None:
    raise OSError(errno.ENOMEM, "Cannot allocate memory")


def no_process(*_arguments: object, **_options: object) -> None:
    raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")


def no_descriptor(*_arguments: object, **_options: object) -> None:
    raise OSError(errno.ENFILE, "Too many open files in system")


def no_bytes(*_arguments: object, **_options: object) -> None:
    raise MemoryError


STARTS: dict[str, tuple[str, Callable[..., None]]] = {
    "no memory": ("subprocess.Popen", no_memory),
    "no memory in Python": ("subprocess.Popen", no_bytes),
    "no process": ("subprocess.Popen", no_process),
    "no descriptor in the system": ("os.pipe", no_descriptor),
    "no file in memory": ("os.memfd_create", no_memory),
}


@pytest.mark.parametrize(("name", "fails"), STARTS.values(), ids=STARTS.keys())
def test_a_pool_that_cannot_start_a_child_can_once_the_machine_has_recovered(
    name: str, fails: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as short:
        short.setattr(name, fails)
        render_pool = RenderPool(1, Limits())
        for _ in range(3):
            with (
                pytest.raises(RenderUnavailable) as caught,
                render_pool.child(wait_seconds=0),
            ):
                pass
            assert caught.value.stage == "start"

    with render_pool.child(wait_seconds=0) as child:
        assert files(child, images.jpeg())
    render_pool.close()


def test_a_render_needs_no_thread_of_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    render_pool = RenderPool(1, Limits())

    with render_pool.child(wait_seconds=0) as child:
        assert files(child, images.jpeg())
    render_pool.close()
