import pytest
from structlog.testing import capture_logs

from shared.imaging.child_protocol import ReadyFrame
from shared.imaging.sandbox.lock import Lock
from worker.ready_children import log_ready

pytestmark = pytest.mark.unit


def test_a_worker_whose_children_take_every_lock_logs_them() -> None:
    with capture_logs() as logged:
        log_ready(ReadyFrame(tuple(Lock), walks_jpegs=True))

    assert logged == [
        {
            "event": "render children locked",
            "log_level": "info",
            "locks": [lock.value for lock in Lock],
            "locks_missing": [],
        }
    ]


def test_locks_that_the_kernel_refused_are_a_warning() -> None:
    locks = (Lock.NOT_DUMPABLE, Lock.NO_NEW_PRIVILEGES, Lock.NO_NEW_DESCRIPTORS)

    with capture_logs() as logged:
        log_ready(ReadyFrame(locks, walks_jpegs=True))

    assert [line["log_level"] for line in logged] == ["warning"]
    assert logged[0]["locks_missing"] == ["landlock", "seccomp"]


def test_children_that_cannot_walk_jpegs_are_a_warning() -> None:
    with capture_logs() as logged:
        log_ready(ReadyFrame(tuple(Lock), walks_jpegs=False))

    assert [(line["event"], line["log_level"]) for line in logged] == [
        ("render children locked", "info"),
        ("damaged JPEGs not found", "warning"),
    ]
