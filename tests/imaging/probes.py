"""What an image that has taken over a decoder would try; each probe raises if it is refused.

Every probe gets `Targets` and must succeed in a child without locks, or it would prove nothing.
"""

import ctypes
import mmap
import os
import resource
import signal
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec
from PIL import Image

PTRACE_ATTACH, PTRACE_DETACH = 16, 17
WAIT_FOR_ANY_THREAD = 0x40000000  # __WALL of man 2 wait
PRIVATE, READ, WRITE, EXECUTE = mmap.MAP_PRIVATE, mmap.PROT_READ, mmap.PROT_WRITE, mmap.PROT_EXEC
# Its number; read early, as a locked child cannot ask for its machine.
CLONE = {"x86_64": 56, "aarch64": 220}.get(os.uname().machine, 0)


# Outcomes and requests that are not probes.
DONE = "done"
EVERY_CALL, ABORT = "every call", "abort"
# Before the name of an exception in `RAISED`, which the child then raises.
RAISE, RAISE_IN_A_READER = "fail by ", "fail in a reader by "


class Targets(msgspec.Struct, frozen=True):
    """A folder with files `credentials`, `first` and `second`, and ids of other processes."""

    folder: str
    parent: int
    grandparent: int
    sibling: int


class Request(msgspec.Struct, frozen=True):
    """What a job's source holds instead of an image: a probe, `EVERY_CALL`, or how to fail."""

    probe: str
    targets: Targets


Probe = Callable[[Targets], object]


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int) -> None:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _read(path: str) -> None:
    with Path(path).open("rb") as file:
        file.read(1)


def _write(path: str) -> None:
    Path(path).write_bytes(b"x")


def _tcp(_targets: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as opened:
        opened.bind(("127.0.0.1", 0))


def _udp(_targets: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.sendto(b"x", ("127.0.0.1", 9))


def _unix(_targets: Targets) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM):
        pass


def _socket_pair(_targets: Targets) -> None:
    for each in socket.socketpair():
        each.close()


def _fork(_targets: Targets) -> None:
    if (child := os.fork()) == 0:
        os._exit(0)
    os.waitpid(child, 0)


def _clone(_targets: Targets) -> None:
    """Start a process by the system call itself."""
    child = _libc().syscall(CLONE, signal.SIGCHLD, 0, 0, 0, 0)
    if child == 0:
        os._exit(0)
    _checked(child)
    os.waitpid(child, 0)


def _spawn(_targets: Targets) -> None:
    os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)


def _exec(_targets: Targets) -> None:
    """Execute a file that does not exist: the kernel is asked, and nothing is lost."""
    try:
        os.execv("/nowhere", ["nowhere"])
    except FileNotFoundError:
        return


def _attach(pid: int) -> None:
    """Trace a process, and let it go on."""
    _checked(_libc().ptrace(PTRACE_ATTACH, pid, None, None))
    os.waitpid(pid, WAIT_FOR_ANY_THREAD)
    _checked(_libc().ptrace(PTRACE_DETACH, pid, None, None))


def _read_memory(pid: int) -> None:
    """Ask for no bytes of another process: permissions are checked before."""
    _checked(_libc().process_vm_readv(pid, None, 0, None, 0, 0))


def _executable_memory(_targets: Targets) -> None:
    mmap.mmap(-1, mmap.PAGESIZE, PRIVATE | mmap.MAP_ANONYMOUS, READ | EXECUTE).close()


def _memory_made_executable(_targets: Targets) -> None:
    with mmap.mmap(-1, mmap.PAGESIZE, PRIVATE | mmap.MAP_ANONYMOUS, READ | WRITE) as page:
        held = ctypes.c_char.from_buffer(page)
        try:
            _checked(
                _libc().mprotect(
                    ctypes.c_void_p(ctypes.addressof(held)), mmap.PAGESIZE, READ | EXECUTE
                )
            )
        finally:
            del held


def _processes(name: str) -> dict[str, Probe]:
    """Return the probes of one other process; `name` is a field of `Targets`."""

    def pid(targets: Targets) -> int:
        return int(getattr(targets, name))

    return {
        f"read the environment of the {name}": lambda each: _read(f"/proc/{pid(each)}/environ"),
        f"open the memory of the {name}": lambda each: _read_nothing(f"/proc/{pid(each)}/mem"),
        f"copy the memory of the {name}": lambda each: _read_memory(pid(each)),
        f"signal the {name}": lambda each: os.kill(pid(each), 0),
        f"open a descriptor of the {name}": lambda each: os.close(os.pidfd_open(pid(each))),
        f"change a limit of the {name}": lambda each: _same_limit(pid(each)),
        f"set the priority of the {name}": lambda each: os.setpriority(
            os.PRIO_PROCESS, pid(each), os.getpriority(os.PRIO_PROCESS, pid(each))
        ),
    }


def _read_nothing(path: str) -> None:
    os.close(os.open(path, os.O_RDONLY))


def _same_limit(pid: int) -> None:
    held = resource.prlimit(pid, resource.RLIMIT_CORE)
    resource.prlimit(pid, resource.RLIMIT_CORE, held)


FILES: Mapping[str, Probe] = {
    "read credentials": lambda each: _read(f"{each.folder}/credentials"),
    "read a file of the system": lambda _: _read("/etc/passwd"),
    "read a library": lambda _: _read(msgspec.__file__),
    "read its own environment": lambda _: _read("/proc/self/environ"),
    "list a folder": lambda _: os.listdir("/"),
    "look at a file": lambda _: os.stat("/etc/passwd"),
    "write a file": lambda each: _write(f"{each.folder}/written"),
    "overwrite a file": lambda each: _write(f"{each.folder}/credentials"),
    "append to a file": lambda each: os.close(
        os.open(f"{each.folder}/credentials", os.O_WRONLY | os.O_APPEND)
    ),
    "make a folder": lambda each: os.mkdir(f"{each.folder}/made"),
    "make a link": lambda each: os.link(f"{each.folder}/credentials", f"{each.folder}/link"),
    "make a symbolic link": lambda each: os.symlink("/etc", f"{each.folder}/symlink"),
    "make a pipe with a name": lambda each: os.mkfifo(f"{each.folder}/fifo"),
    "truncate a file": lambda each: os.truncate(f"{each.folder}/credentials", 0),
    "rename a file": lambda each: os.rename(f"{each.folder}/first", f"{each.folder}/third"),
    "delete a file": lambda each: os.unlink(f"{each.folder}/second"),
    "change a mode": lambda each: os.chmod(f"{each.folder}/credentials", 0o777),
    "change a time": lambda each: os.utime(f"{each.folder}/credentials"),
    "change its folder": lambda _: os.chdir("/"),
    "make a file in memory": lambda _: os.close(os.memfd_create("x")),
    "make a pipe": lambda _: list(map(os.close, os.pipe())),
    "copy a descriptor": lambda _: os.close(os.dup(0)),
}
NETWORK: Mapping[str, Probe] = {
    "open a TCP socket": _tcp,
    "open a UDP socket": _udp,
    "open a Unix socket": _unix,
    "open a pair of sockets": _socket_pair,
}
PROCESSES: Mapping[str, Probe] = {
    "fork": _fork,
    "clone without CLONE_THREAD": _clone,
    "spawn": _spawn,
    "execute": _exec,
    "trace the sibling": lambda each: _attach(each.sibling),
    "get executable memory": _executable_memory,
    "make memory executable": _memory_made_executable,
    "raise its own limits": lambda _: _same_limit(0),
    "bind itself to a CPU": lambda _: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    **_processes("parent"),
    **_processes("grandparent"),
    **_processes("sibling"),
}
PROBES: Mapping[str, Probe] = {**FILES, **NETWORK, **PROCESSES}


def _recurse(depth: int = 0) -> int:
    return _recurse(depth + 1) + 1


def _raise(error: BaseException) -> None:
    raise error


# By the name of the class: what raises it.
RAISED: Mapping[str, Callable[[], object]] = {
    "ValueError": lambda: int("x"),
    "OverflowError": lambda: (1 << 64).to_bytes(4, "big"),
    "error": lambda: struct.unpack(">I", b""),
    "RecursionError": _recurse,
    "KeyError": lambda: dict[str, str]()["\x1b[31m\n"],
    "IndexError": lambda: b""[0],
    "ZeroDivisionError": lambda: 1 // len(b""),
    "TypeError": lambda: _raise(TypeError("of Pillow")),
    "AttributeError": lambda: _raise(AttributeError()),
    "AssertionError": lambda: _raise(AssertionError()),
    "SyntaxError": lambda: _raise(SyntaxError("broken PNG file")),
    "EOFError": lambda: _raise(EOFError("x" * 100_000)),
    "LookupError": lambda: "x".encode("cp037"),
    "FileNotFoundError": lambda: _raise(FileNotFoundError("no file")),
    "ImportError": lambda: _raise(ImportError("no module")),
    "UnicodeEncodeError": lambda: "ü".encode("ascii"),
    "DecompressionBombError": lambda: _raise(Image.DecompressionBombError("many pixels")),
    "ValidationError": lambda: msgspec.convert("x", type=int),
}
