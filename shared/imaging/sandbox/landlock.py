"""Takes all paths away from this process, by Landlock: https://docs.kernel.org/userspace-api/landlock.html.

Linux has it since 5.13, unless it is left out or switched off. A later version of its interface
(ABI) restricts more: TCP ports since 4, signals and abstract sockets since 6.
"""

import ctypes
import os

from shared.imaging.sandbox.kernel import system_call

# The same on all architectures.
LANDLOCK_CREATE_RULESET, LANDLOCK_RESTRICT_SELF = 444, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
# How many LANDLOCK_ACCESS_FS_… rights of linux/landlock.h an ABI knows: from it on, the newest
# first.
FILE_RIGHTS = ((5, 16), (3, 15), (2, 14), (1, 13))
NETWORK_ABI, TCP_RIGHTS = 4, 0b11  # bind, connect
SCOPE_ABI, SCOPES = 6, 0b11  # abstract sockets, signals


class _Ruleset(ctypes.Structure):
    """`struct landlock_ruleset_attr` of linux/landlock.h: what only rules could allow."""

    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def leave_all_paths() -> None:
    """Deny this thread, and threads that it starts later, every path; there are no exceptions.

    Descriptors that are open already stay usable. Raises `OSError` if the kernel has no Landlock.
    Needs no_new_privs or CAP_SYS_ADMIN, and one free descriptor.
    """
    abi = system_call(LANDLOCK_CREATE_RULESET, 0, 0, LANDLOCK_CREATE_RULESET_VERSION)
    handled = _Ruleset(*_handled(abi))
    # An older kernel accepts the longer structure, as the fields that it does not know are zero.
    ruleset = system_call(
        LANDLOCK_CREATE_RULESET, ctypes.addressof(handled), ctypes.sizeof(handled), 0
    )
    try:
        system_call(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    finally:
        os.close(ruleset)


def _handled(abi: int) -> tuple[int, int, int]:
    file_rights = next(count for since, count in FILE_RIGHTS if abi >= since)
    return (
        (1 << file_rights) - 1,
        TCP_RIGHTS if abi >= NETWORK_ABI else 0,
        SCOPES if abi >= SCOPE_ABI else 0,
    )
