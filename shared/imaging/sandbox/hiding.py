"""Hides this process's memory and environment from other processes of its user."""

from contextlib import suppress

from shared.imaging.sandbox.kernel import PR_SET_DUMPABLE, control_process


def hide_this_process() -> None:
    """Make this process not dumpable, so that no process of its user can read or trace it.

    Otherwise a process of the same user may read /proc/<pid>/environ and /proc/<pid>/mem, and
    attach with ptrace: man 2 PR_SET_DUMPABLE, man 5 proc. A program that this process starts is
    dumpable again, and root with CAP_SYS_PTRACE may read every process. Linux only.
    """
    with suppress(OSError):
        control_process(PR_SET_DUMPABLE, 0)
