"""The program of a render child that also runs probes, inside the locks of a real one."""

import errno
import os
import sys
from typing import Any

import msgspec

from shared.imaging import child, render
from shared.imaging.reading import reading
from shared.imaging.sandbox import bpf, seccomp
from shared.imaging.sandbox.kernel import (
    PR_SET_NO_NEW_PRIVS,
    control_process,
    machine,
    system_call,
)
from shared.imaging.sandbox.lock import Lock
from shared.imaging.sandbox.seccomp import ALL_BITS, Condition
from shared.imaging.sandbox.syscalls import ARCHITECTURES
from shared.model.errors import Corrupt
from tests.imaging.probes import (
    ABORT,
    DONE,
    EVERY_CALL,
    PROBES,
    RAISE,
    RAISE_IN_A_READER,
    RAISED,
    Request,
)

# uretprobe and uprobe of x86-64, which no filter sees since Linux 6.14. They return from the
# kernel's own probes, and end any other caller: kernel/seccomp.c, arch/x86/kernel/uprobes.c.
UNFILTERED = {335, 336}
# Beyond the newest number, and the numbers of the x32 ABI.
NUMBERS = sorted({*range(600)} - UNFILTERED) + [0x40000000 + number for number in range(600)]
RLIMIT_NOFILE = 7
PRLIMIT64 = {"x86_64": 302, "aarch64": 261}
# Read early: a locked child cannot ask for its machine.
MACHINE = machine()


def main() -> None:
    """Serve jobs like `shared.imaging.child`, after hiding the locks that the arguments name."""
    if hidden := {Lock(each) for each in sys.argv[2:]}:
        _hide(hidden)
    child.accept = _accept  # type: ignore[attr-defined, assignment] # answers probes by failures
    child.main()


def _accept(source: bytes, *arguments: Any, **options: Any) -> render.Accepted:  # noqa: ANN401 - passed through
    if not source.startswith(b"{"):
        return render.accept(source, *arguments, **options)
    request = msgspec.json.decode(source, type=Request)
    raise Corrupt(_outcome(request), stage="probe")


def _outcome(request: Request) -> str:
    """Return `DONE`, or the name of the error by which the kernel refused the probe."""
    if request.probe == ABORT:
        os.abort()
    if request.probe.startswith(RAISE_IN_A_READER):
        with reading("jpeg", b"", "probe"):
            RAISED[request.probe.removeprefix(RAISE_IN_A_READER)]()
    if request.probe.startswith(RAISE):
        RAISED[request.probe.removeprefix(RAISE)]()
    if request.probe == EVERY_CALL:
        return " ".join(map(str, filter(_exists, NUMBERS)))
    try:
        PROBES[request.probe](request.targets)
    except OSError as refused:
        return errno.errorcode[refused.errno or 0]
    return DONE


def _exists(number: int) -> bool:
    """Return whether a call exists for this process; calls on the filter's list are not tried."""
    numbers = ARCHITECTURES[MACHINE].numbers
    conditional = [each.call for each in seccomp.conditions(os.getpid())]
    if number in {numbers[call] for call in (*seccomp.ALLOWED, *conditional)}:
        return False
    try:
        system_call(number, *6 * [0])
    except OSError as refused:
        return refused.errno != errno.ENOSYS
    return True


def _hide(locks: set[Lock]) -> None:
    """Let the system calls that take these locks fail, as a kernel without them does."""
    control_process(PR_SET_NO_NEW_PRIVS, 1)
    architecture = ARCHITECTURES[MACHINE]
    numbers = {**architecture.numbers, "prlimit64": PRLIMIT64[MACHINE]}
    refused = {
        Lock.NOT_DUMPABLE: Condition("prctl", 0, ALL_BITS, 4),
        Lock.NO_NEW_PRIVILEGES: Condition("prctl", 0, ALL_BITS, PR_SET_NO_NEW_PRIVS),
        Lock.LANDLOCK: Condition("landlock_create_ruleset", 0, 0, 0),
        Lock.NO_NEW_DESCRIPTORS: Condition("prlimit64", 1, ALL_BITS, RLIMIT_NOFILE),
        Lock.SECCOMP: Condition("seccomp", 0, 0, 0),
    }
    checks = [
        each for lock in locks for each in _refuse(numbers[refused[lock].call], refused[lock])
    ]
    program = (bpf.load(bpf.NUMBER), *checks, bpf.give(seccomp.ALLOW))
    seccomp.install(program, architecture)


def _refuse(number: int, condition: Condition) -> bpf.Program:
    check = (
        bpf.load_argument(condition.argument),
        bpf.keep_bits(condition.mask),
        bpf.unless_equal_skip(condition.bits, 1),
        bpf.give(seccomp.FAIL_WITH | errno.EINVAL),
        bpf.load(bpf.NUMBER),
    )
    return (bpf.unless_equal_skip(number, len(check)), *check)


if __name__ == "__main__":
    main()
