"""Numbers of the system calls that the sandbox uses, by architecture.

From Linux's headers: asm/unistd_64.h for x86-64, asm-generic/unistd.h for arm64. Newer versions of
Linux never change a number.
"""

from typing import NamedTuple


class Architecture(NamedTuple):
    """How Linux names an architecture to a seccomp filter (linux/audit.h), and its numbers."""

    audit_number: int
    numbers: dict[str, int]


# By the name of the machine in uname(2).
ARCHITECTURES = {
    "x86_64": Architecture(
        audit_number=0xC000003E,
        numbers={
            "brk": 12,
            "clock_getres": 229,
            "clock_gettime": 228,
            "clock_nanosleep": 230,
            "clone": 56,
            "close": 3,
            "exit": 60,
            "exit_group": 231,
            "futex": 202,
            "getpid": 39,
            "getppid": 110,
            "getrandom": 318,
            "gettid": 186,
            "gettimeofday": 96,
            "landlock_create_ruleset": 444,
            "landlock_restrict_self": 446,
            "lseek": 8,
            "madvise": 28,
            "mmap": 9,
            "mprotect": 10,
            "mremap": 25,
            "munmap": 11,
            "nanosleep": 35,
            "prctl": 157,
            "pread64": 17,
            "read": 0,
            "restart_syscall": 219,
            "rseq": 334,
            "rt_sigaction": 13,
            "rt_sigprocmask": 14,
            "rt_sigreturn": 15,
            "sched_getaffinity": 204,
            "sched_yield": 24,
            "seccomp": 317,
            "set_robust_list": 273,
            "sigaltstack": 131,
            "sysinfo": 99,
            "tgkill": 234,
            "write": 1,
            "writev": 20,
        },
    ),
    "aarch64": Architecture(
        audit_number=0xC00000B7,
        numbers={
            "brk": 214,
            "clock_getres": 114,
            "clock_gettime": 113,
            "clock_nanosleep": 115,
            "clone": 220,
            "close": 57,
            "exit": 93,
            "exit_group": 94,
            "futex": 98,
            "getpid": 172,
            "getppid": 173,
            "getrandom": 278,
            "gettid": 178,
            "gettimeofday": 169,
            "landlock_create_ruleset": 444,
            "landlock_restrict_self": 446,
            "lseek": 62,
            "madvise": 233,
            "mmap": 222,
            "mprotect": 226,
            "mremap": 216,
            "munmap": 215,
            "nanosleep": 101,
            "prctl": 167,
            "pread64": 67,
            "read": 63,
            "restart_syscall": 128,
            "rseq": 293,
            "rt_sigaction": 134,
            "rt_sigprocmask": 135,
            "rt_sigreturn": 139,
            "sched_getaffinity": 123,
            "sched_yield": 124,
            "seccomp": 277,
            "set_robust_list": 99,
            "sigaltstack": 132,
            "sysinfo": 179,
            "tgkill": 131,
            "write": 64,
            "writev": 66,
        },
    ),
}
