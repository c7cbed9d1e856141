import pytest
from structlog.testing import capture_logs

from shared.imaging.sandbox.lock import Lock
from worker.locks import log_locks

pytestmark = pytest.mark.unit


def test_a_worker_whose_children_take_every_lock_logs_them() -> None:
    with capture_logs() as logged:
        log_locks(tuple(Lock))

    assert logged == [
        {
            "event": "render children locked",
            "log_level": "info",
            "locks": [lock.value for lock in Lock],
            "locks_missing": [],
        }
    ]


def test_locks_that_the_kernel_refused_are_a_warning() -> None:
    with capture_logs() as logged:
        log_locks((Lock.NOT_DUMPABLE, Lock.NO_NEW_PRIVILEGES, Lock.NO_NEW_DESCRIPTORS))

    assert [line["log_level"] for line in logged] == ["warning"]
    assert logged[0]["locks_missing"] == ["landlock", "seccomp"]
