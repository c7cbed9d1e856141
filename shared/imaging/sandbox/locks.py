"""Locks this process in, as far as the kernel allows it."""

import resource
import sys
from collections.abc import Callable

from shared.imaging.sandbox.kernel import PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, control_process
from shared.imaging.sandbox.landlock import leave_all_paths
from shared.imaging.sandbox.lock import Lock
from shared.imaging.sandbox.seccomp import refuse_calls


def lock_in() -> tuple[Lock, ...]:
    """Take every lock, and return those that are in force.

    A kernel may lack or refuse any of them: then the others hold. No module can be imported and
    no file opened afterwards, so all that a decoder needs must be loaded before.
    """
    _refuse_imports()
    return tuple(lock for lock, take in _LOCKS.items() if _is_taken(take))


def _is_taken(take: Callable[[], None]) -> bool:
    try:
        take()
    except (OSError, ValueError):  # ValueError: `resource` does not know the limit
        return False
    return True


def _refuse_imports() -> None:
    """Let an import of a module that is not loaded fail with `ImportError`.

    Which error it would be otherwise depends on the locks that are in force, and code that tries a
    module, such as the lookup of a codec, expects `ImportError` only.
    """
    sys.meta_path.clear()


def _refuse_descriptors() -> None:
    # For what is opened from now on; the pipes stay open: man 2 getrlimit.
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, 0))


# In this order: no_new_privs is what the kernel demands before Landlock and seccomp, Landlock
# needs a descriptor, and seccomp refuses the calls that take the other locks.
_LOCKS: dict[Lock, Callable[[], None]] = {
    Lock.NOT_DUMPABLE: lambda: control_process(PR_SET_DUMPABLE, 0),
    Lock.NO_NEW_PRIVILEGES: lambda: control_process(PR_SET_NO_NEW_PRIVS, 1),
    Lock.LANDLOCK: leave_all_paths,
    Lock.NO_NEW_DESCRIPTORS: _refuse_descriptors,
    Lock.SECCOMP: refuse_calls,
}
