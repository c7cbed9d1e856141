"""Refuses every system call that decoding and encoding do not need: man 2 seccomp.

The filter is an allow list: Linux gets new calls with each version, and a list of refused calls
would miss them. Any other call fails with ENOSYS, as on a kernel that does not have it. Libraries
then do what they do on an old kernel: glibc starts threads by `clone` instead of `clone3`, whose
flags are behind a pointer, where a filter cannot see them.
"""

import ctypes
import errno
import os
from typing import NamedTuple

from shared.imaging.sandbox import bpf
from shared.imaging.sandbox.kernel import machine, system_call
from shared.imaging.sandbox.syscalls import ARCHITECTURES, Architecture

# linux/seccomp.h
SECCOMP_SET_MODE_FILTER = 1
# The filter applies to all threads of the process, should a library have started one.
SECCOMP_FILTER_FLAG_TSYNC = 1
# Without this flag, kernels before 5.16 switch off speculative store bypass, which makes all code
# of the process slower: https://docs.kernel.org/admin-guide/hw-vuln/spectre.html
SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4
FLAGS = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW
ALLOW, KILL_PROCESS, FAIL_WITH = 0x7FFF0000, 0x80000000, 0x00050000

# The most frequent first: the filter compares in this order.
ALLOWED = (
    # threads
    "futex",
    "sched_yield",
    "sched_getaffinity",
    "set_robust_list",
    "rseq",
    "gettid",
    "exit",
    # the pipes and the file that are open already
    "read",
    "write",
    "writev",
    "pread64",
    "lseek",
    "close",
    # memory
    "madvise",
    "munmap",
    "mremap",
    "brk",
    # signals: an abort is SIGABRT from the process to itself
    "rt_sigprocmask",
    "rt_sigaction",
    "rt_sigreturn",
    "sigaltstack",
    # time: calls of the kernel on machines whose clock is not readable without one
    "clock_gettime",
    "clock_getres",
    "clock_nanosleep",
    "gettimeofday",
    "nanosleep",
    "restart_syscall",
    # itself
    "getpid",
    "getppid",
    "getrandom",
    "sysinfo",  # glibc's qsort asks for the memory of the machine
    "exit_group",
)

ALL_BITS = 0xFFFFFFFF
PROT_EXEC = 4
PR_SET_NAME = 15  # GLib names its threads
CLONE_THREAD = 0x00010000
# CLONE_NEWNS, and CLONE_NEWCGROUP, _NEWUTS, _NEWIPC, _NEWUSER, _NEWPID, _NEWNET of linux/sched.h
CLONE_NAMESPACES = 0x00020000 | 0x7E000000


class Condition(NamedTuple):
    """Allows a call if the bits of one argument that are in the mask equal `bits`.

    The kernel reads only the lower 32 bits of each of these arguments, and so does the filter.
    """

    call: str
    argument: int
    mask: int
    bits: int


def conditions(process_id: int) -> tuple[Condition, ...]:
    """Return the calls that are allowed with some arguments only; with others they fail: EPERM."""
    return (
        # Threads, and no processes.
        Condition("clone", 0, CLONE_THREAD | CLONE_NAMESPACES, CLONE_THREAD),
        # No machine code but that of the loaded libraries.
        Condition("mmap", 2, PROT_EXEC, 0),
        Condition("mprotect", 2, PROT_EXEC, 0),
        Condition("prctl", 0, ALL_BITS, PR_SET_NAME),
        Condition("tgkill", 0, ALL_BITS, process_id),
    )


def program(architecture: Architecture, process_id: int) -> bpf.Program:
    """Return the filter.

    A call of another architecture, such as a 32-bit one, kills the process: its numbers have other
    meanings. Calls of the x32 ABI have numbers of their own, which are not allowed.
    """
    numbers = architecture.numbers
    allowed = [each for name in ALLOWED for each in _allow(numbers[name])]
    conditional = [
        each
        for condition in conditions(process_id)
        for each in _allow_if(numbers[condition.call], condition)
    ]
    return (
        bpf.load(bpf.ARCHITECTURE),
        bpf.if_equal_skip(architecture.audit_number, 1),
        bpf.give(KILL_PROCESS),
        bpf.load(bpf.NUMBER),
        *allowed,
        *conditional,
        bpf.give(FAIL_WITH | errno.ENOSYS),
    )


def _allow(number: int) -> bpf.Program:
    return (bpf.unless_equal_skip(number, 1), bpf.give(ALLOW))


def _allow_if(number: int, condition: Condition) -> bpf.Program:
    check = (
        bpf.load_argument(condition.argument),
        bpf.keep_bits(condition.mask),
        bpf.unless_equal_skip(condition.bits, 1),
        bpf.give(ALLOW),
        bpf.give(FAIL_WITH | errno.EPERM),
    )
    return (bpf.unless_equal_skip(number, len(check)), *check)


class _Filter(ctypes.Structure):
    """`struct sock_fprog` of linux/filter.h."""

    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p))


def refuse_calls() -> None:
    """Install the filter for this process, for good.

    Raises `OSError` if the kernel refuses it or the architecture is not known. Needs
    no_new_privs or CAP_SYS_ADMIN.
    """
    architecture = ARCHITECTURES.get(machine())
    if architecture is None:
        raise OSError(errno.ENOSYS, f"There is no filter for the machine {machine()!r}.")
    install(program(architecture, os.getpid()), architecture)


def install(filter_program: bpf.Program, architecture: Architecture) -> None:
    """Install a filter beside those that the process has. Raises `OSError`."""
    filtered = _Filter(len(filter_program), bpf.assembled(filter_program))
    unsynchronised = system_call(
        architecture.numbers["seccomp"],
        SECCOMP_SET_MODE_FILTER,
        FLAGS,
        ctypes.addressof(filtered),
    )
    if unsynchronised:
        raise OSError(errno.EBUSY, f"Thread {unsynchronised} has a filter of its own.")
