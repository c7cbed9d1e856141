"""A child that an image has taken over can reach nothing: each probe runs inside a real child."""

import os
import signal
from collections.abc import Callable, Collection, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, ReadyFrame
from shared.imaging.render_pool import RenderPool
from shared.imaging.sandbox.lock import Lock
from shared.model.errors import DecoderCrash
from shared.model.limits import Limits
from shared.model.recipe import Slot
from tests.imaging import fuzz_seeds
from tests.imaging.children import EVERY_SLOT_JOB, PATIENCE_SECONDS
from tests.imaging.hosted_child import HostedChild
from tests.imaging.probes import ABORT, DONE, EVERY_CALL, NETWORK, PROBES, Targets
from tests.support import images

pytestmark = pytest.mark.imaging

ALL_LOCKS = tuple(Lock)
CAP_SYS_PTRACE = 19  # linux/capability.h

StartChild = Callable[..., HostedChild]


@pytest.fixture(name="start", scope="module")
def _start() -> Iterator[StartChild]:
    """Return a function that starts a child which has only these locks, once for each set."""
    started: dict[tuple[Lock, ...], HostedChild] = {}

    def start(*locks: Lock) -> HostedChild:
        if locks not in started or not started[locks].is_alive():
            started[locks] = HostedChild(*(lock for lock in Lock if lock not in locks))
        return started[locks]

    yield start
    for child in started.values():
        child.stop()


@pytest.fixture(name="sibling", scope="module")
def _sibling() -> Iterator[Callable[[], RenderChild]]:
    """Return a function that returns a running child, and replaces one that a probe has killed."""
    running = RenderChild(Limits().memory_bytes)

    def sibling() -> RenderChild:
        nonlocal running
        if not running.is_alive():
            running = RenderChild(Limits().memory_bytes)
        running.await_ready()
        return running

    yield sibling
    running.stop()


@pytest.fixture(name="targets")
def _targets(tmp_path: Path, sibling: Callable[[], RenderChild]) -> Targets:
    for name in ("credentials", "first", "second"):
        (tmp_path / name).write_text("aws_secret_access_key = EXAMPLE")
    return Targets(
        folder=str(tmp_path), parent=os.getpid(), grandparent=os.getppid(), sibling=sibling().pid
    )


def _may_trace_all() -> bool:
    """Return whether this user, as root does, may read processes that are not dumpable."""
    lines = Path("/proc/self/status").read_text().splitlines()
    capabilities = next(int(line.split()[1], 16) for line in lines if line.startswith("CapEff"))
    return bool(capabilities & 1 << CAP_SYS_PTRACE)


def check_every_slot(child: RenderChild, source: bytes) -> None:
    """Render a source and check that no slot is missing."""
    *made, done = child.render(
        source, EVERY_SLOT_JOB, time_limit_seconds=PATIENCE_SECONDS, watermark=images.alpha_png()
    )
    frames = [reply[0] for reply in made if not isinstance(reply, DoneFrame)]
    # Small sources have one file for both variants.
    slots = [frame.slot for frame in frames for _ in frame.variants]
    assert sorted(slots) == sorted(2 * tuple(Slot))
    assert isinstance(done, DoneFrame)
    assert done.placeholder
    assert done.peak_bytes > 0


def test_a_child_takes_every_lock(child: RenderChild) -> None:
    """Landlock needs Linux 5.13 or newer."""
    ready = child.await_ready()

    status = Path(f"/proc/{child.pid}/status").read_text()
    assert ready.locks == ALL_LOCKS
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


@pytest.mark.parametrize("probe", PROBES)
def test_a_child_is_refused(probe: str, start: StartChild, targets: Targets) -> None:
    assert start(*ALL_LOCKS).outcome(probe, targets) in {"ENOSYS", "EPERM"}


@pytest.mark.parametrize("probe", PROBES)
def test_without_locks_nothing_but_its_user_keeps_a_child_from(
    probe: str, start: StartChild, targets: Targets
) -> None:
    """The control of the test above: without the locks the probe works."""
    outcome = start().outcome(probe, targets)

    is_refused_by_its_user = outcome in {"EACCES", "EPERM"} and not _may_trace_all()
    assert outcome == DONE or is_refused_by_its_user


def test_every_call_that_is_not_on_the_list_is_refused_by_the_kernel(
    start: StartChild, targets: Targets
) -> None:
    """Among them the numbers of x32, which have the architecture of x86-64."""
    assert start(*ALL_LOCKS).outcome(EVERY_CALL, targets) == ""


def test_a_locked_child_that_aborts_ends_by_its_signal(targets: Targets) -> None:
    child = HostedChild()

    with pytest.raises(DecoderCrash, match=f"exited with code -{signal.SIGABRT.value}"):
        child.send(ABORT, targets)


# What each lock refuses by itself. Signals and TCP ports are left out: Landlock refuses them in
# newer kernels only.
ALONE: dict[Lock, Collection[str]] = {
    Lock.LANDLOCK: {
        *("read credentials", "read a file of the system", "list a folder", "write a file"),
        *("make a folder", "rename a file", "delete a file", "make a link"),
        *("read the environment of the grandparent", "open the memory of the sibling"),
        *("read the environment of the parent", "trace the sibling"),
    },
    Lock.NO_NEW_DESCRIPTORS: {
        *("read credentials", "read a file of the system", "list a folder", "write a file"),
        *("read the environment of the grandparent", "open the memory of the sibling"),
        *NETWORK,
    },
    Lock.SECCOMP: PROBES,
}


@pytest.mark.parametrize(
    ("lock", "probe"),
    [(lock, probe) for lock, probes in ALONE.items() for probe in sorted(probes)],
)
def test_each_lock_alone_refuses(
    lock: Lock, probe: str, start: StartChild, targets: Targets
) -> None:
    assert start(lock).outcome(probe, targets) in {"ENOSYS", "EPERM", "EACCES", "EMFILE"}


@pytest.mark.parametrize(
    "hidden",
    [
        (Lock.SECCOMP,),
        (Lock.LANDLOCK,),
        (Lock.SECCOMP, Lock.LANDLOCK),
        (Lock.NO_NEW_DESCRIPTORS,),
        ALL_LOCKS,
    ],
    ids=", ".join,
)
def test_a_child_renders_without_the_locks_that_a_kernel_refuses(
    hidden: tuple[Lock, ...], start: StartChild
) -> None:
    locks = tuple(lock for lock in Lock if lock not in hidden)
    child = start(*locks)

    for seed in fuzz_seeds.seeds():
        check_every_slot(child, seed.data)

    assert child.await_ready().locks == locks


@pytest.mark.parametrize("seed", fuzz_seeds.seeds(), ids=lambda seed: seed.name)
def test_no_format_is_lost_to_the_locks(seed: fuzz_seeds.SeedFile, start: StartChild) -> None:
    """Every format that is read, in every slot, cropped and with a watermark."""
    check_every_slot(start(*ALL_LOCKS), seed.data)


def test_a_pool_reports_the_locks_once() -> None:
    reported: list[ReadyFrame] = []
    render_pool = RenderPool(2, Limits(), reported.append)

    with closing(render_pool):
        for _ in range(2):
            with render_pool.child(wait_seconds=0), render_pool.child(wait_seconds=0):
                pass

    assert reported == [ReadyFrame(ALL_LOCKS, walks_jpegs=True)]
