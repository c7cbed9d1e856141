"""The filter of a render child, interpreted for both architectures and every system call."""

import errno
import mmap
import signal

import pytest

from shared.imaging.sandbox.bpf import assembled
from shared.imaging.sandbox.seccomp import (
    ALLOW,
    ALLOWED,
    FAIL_WITH,
    KILL_PROCESS,
    conditions,
    program,
)
from shared.imaging.sandbox.syscalls import ARCHITECTURES, Architecture
from tests.support.seccomp import run, system_calls

pytestmark = pytest.mark.unit

PROCESS_ID = 4711
CONDITIONAL = {each.call for each in conditions(PROCESS_ID)}
NO_SUCH_CALL, NOT_PERMITTED = FAIL_WITH | errno.ENOSYS, FAIL_WITH | errno.EPERM
X32_BIT = 0x40000000
I386 = 0x40000003
# What pthread_create passes: glibc, sysdeps/unix/sysv/linux/createthread.c; musl, src/thread.
GLIBC_THREAD, MUSL_THREAD = 0x3D0F00, 0x7D0F00
READ, WRITE, EXECUTE = mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC

machines = pytest.mark.parametrize("machine", ARCHITECTURES)


def answer(machine: str, call: str, *arguments: int) -> int:
    number = system_calls(machine)[call]
    architecture = ARCHITECTURES[machine]
    return run(program(architecture, PROCESS_ID), architecture.audit_number, number, *arguments)


@machines
def test_the_numbers_are_those_of_linuxs_headers(machine: str) -> None:
    table = system_calls(machine)
    numbers = ARCHITECTURES[machine].numbers

    assert numbers == {name: table[name] for name in numbers}
    assert numbers.keys() >= {*ALLOWED, *CONDITIONAL}


@machines
def test_every_call_that_is_not_on_the_list_does_not_exist(machine: str) -> None:
    refused = system_calls(machine).keys() - {*ALLOWED, *CONDITIONAL}

    assert {answer(machine, call) for call in refused} == {NO_SUCH_CALL}
    assert {answer(machine, call) for call in ALLOWED} == {ALLOW}


@machines
@pytest.mark.parametrize(
    "call",
    [
        *("openat", "openat2", "socket", "socketpair", "connect", "bind", "clone3", "execve"),
        *("execveat", "kill", "tkill", "ptrace", "process_vm_readv", "process_vm_writev"),
        *("pidfd_open", "pidfd_getfd", "pidfd_send_signal", "rt_sigqueueinfo", "prlimit64"),
        *("rt_tgsigqueueinfo", "setrlimit", "io_uring_setup", "io_uring_enter", "bpf"),
        *("io_uring_register", "perf_event_open", "userfaultfd", "memfd_create", "mount"),
        *("unshare", "setns", "keyctl", "add_key", "request_key", "mknodat", "renameat2"),
        *("mkdirat", "linkat", "symlinkat", "unlinkat", "fchmodat", "fchmodat2", "truncate"),
        *("sched_setaffinity", "sched_setscheduler", "seccomp", "landlock_create_ruleset"),
        *("landlock_restrict_self", "pkey_mprotect", "remap_file_pages", "ioctl", "dup"),
        *("shmget", "msgget", "semget", "mq_open", "setpriority", "personality", "chroot"),
    ],
)
def test_a_call_that_an_attacker_would_make_does_not_exist(machine: str, call: str) -> None:
    assert answer(machine, call) == NO_SUCH_CALL


@machines
def test_numbers_that_no_header_names_yet_do_not_exist(machine: str) -> None:
    architecture = ARCHITECTURES[machine]
    filtering = program(architecture, PROCESS_ID)
    named = set(system_calls(machine).values())

    answers = {
        run(filtering, architecture.audit_number, number)
        for number in range(1024)
        if number not in named
    }

    assert answers == {NO_SUCH_CALL}


def test_calls_of_the_x32_abi_do_not_exist() -> None:
    architecture = ARCHITECTURES["x86_64"]
    filtering = program(architecture, PROCESS_ID)

    answers = {
        run(filtering, architecture.audit_number, X32_BIT | number) for number in range(1024)
    }

    assert answers == {NO_SUCH_CALL}


@machines
def test_a_call_of_another_architecture_kills_the_process(machine: str) -> None:
    filtering = program(ARCHITECTURES[machine], PROCESS_ID)
    others = {each.audit_number for name, each in ARCHITECTURES.items() if name != machine}

    for other in (*others, I386, 0):
        assert run(filtering, other, ARCHITECTURES[machine].numbers["read"]) == KILL_PROCESS


@machines
@pytest.mark.parametrize(
    ("call", "arguments", "is_allowed"),
    [
        ("clone", (GLIBC_THREAD,), True),
        ("clone", (MUSL_THREAD,), True),
        ("clone", (signal.SIGCHLD,), False),
        ("clone", (0x4100 | signal.SIGCHLD,), False),  # CLONE_VM | CLONE_VFORK
        ("clone", (GLIBC_THREAD | 0x10000000,), False),  # CLONE_NEWUSER
        ("clone", (GLIBC_THREAD | 0x00020000,), False),  # CLONE_NEWNS
        ("clone", (signal.SIGCHLD | (GLIBC_THREAD << 32),), False),  # the upper half is ignored
        ("mmap", (0, 4096, READ | WRITE), True),
        ("mmap", (0, 4096, 0), True),
        ("mmap", (0, 4096, READ | EXECUTE), False),
        ("mprotect", (0, 4096, READ), True),
        ("mprotect", (0, 4096, EXECUTE), False),
        ("prctl", (15,), True),
        ("prctl", (4, 1), False),  # PR_SET_DUMPABLE
        ("prctl", (22,), False),  # PR_SET_SECCOMP
        ("tgkill", (PROCESS_ID, PROCESS_ID, signal.SIGABRT), True),
        ("tgkill", (1, 1, signal.SIGKILL), False),
    ],
)
def test_some_calls_are_allowed_with_some_arguments(
    machine: str, call: str, arguments: tuple[int, ...], *, is_allowed: bool
) -> None:
    expected = ALLOW if is_allowed else NOT_PERMITTED

    assert answer(machine, call, *arguments) == expected


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES)
def test_a_filter_is_shorter_than_the_kernels_limit(architecture: Architecture) -> None:
    filtering = program(architecture, PROCESS_ID)

    assert len(filtering) < 4096  # BPF_MAXINSNS of linux/bpf_common.h
    assert len(assembled(filtering)) == 8 * len(filtering)
    assert all(each.if_true < 256 and each.if_false < 256 for each in filtering)
