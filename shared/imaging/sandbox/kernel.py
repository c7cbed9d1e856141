"""Calls of Linux that Python has no function for."""

import ctypes
import errno
import os
import sys

# linux/prctl.h
PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38


def control_process(option: int, value: int) -> None:
    """Call prctl(2) with one argument. Raises `OSError`, also on systems other than Linux."""
    arguments = (ctypes.c_ulong(each) for each in (value, 0, 0, 0))
    _checked(_libc().prctl(option, *arguments))


def system_call(number: int, *arguments: int) -> int:
    """Call syscall(2) and return its result. Pointers are addresses. Raises `OSError` likewise."""
    wide = (ctypes.c_long(each) for each in (number, *arguments))
    return _checked(_libc().syscall(*wide))


def machine() -> str:
    """Return the architecture of this process as uname(2) names it; empty on 32 bits."""
    is_64_bit = ctypes.sizeof(ctypes.c_void_p) == 8  # noqa: PLR2004 - bytes
    return os.uname().machine if is_64_bit else ""


def _libc() -> ctypes.CDLL:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, f"Expected Linux, got {sys.platform}.")
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
