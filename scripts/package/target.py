"""The platforms that a package can be built for."""

import platform
import sys
from dataclasses import dataclass

# Lambda's newest Python: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
LAMBDA_PYTHON = "3.13"
# Amazon Linux 2023 has glibc 2.34; nothing in the lock file needs more than 2.28.
NEWEST_GLIBC, OLDEST_GLIBC = 28, 17


@dataclass(frozen=True, slots=True)
class Target:
    """A platform: its name for `make package`, pip's options for its wheels, and its Python.

    `triple` is its name for Zig's C compiler: https://ziglang.org/documentation/master/#Targets
    """

    name: str
    pip_options: tuple[str, ...]
    triple: str
    python: str = LAMBDA_PYTHON


def _on_lambda(name: str, machine: str) -> Target:
    # pip accepts exactly the named platforms: wheels for older versions of glibc have to be named.
    glibcs = range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in glibcs]
    platforms.append(f"--platform=manylinux2014_{machine}")
    python = (f"--python-version={LAMBDA_PYTHON}", "--implementation=cp")
    return Target(name, (*python, *platforms), _linux(machine))


def _linux(machine: str) -> str:
    return f"{machine}-linux-gnu.2.{OLDEST_GLIBC}"


def _triple_of_this_machine() -> str:
    machine = {"arm64": "aarch64"}.get(platform.machine(), platform.machine())
    return f"{machine}-macos" if sys.platform == "darwin" else _linux(machine)


TARGETS = {
    target.name: target
    for target in (
        _on_lambda("arm64", "aarch64"),
        _on_lambda("x86_64", "x86_64"),
        # This machine and this interpreter, with which the local AWS runs functions.
        Target(
            "here",
            (),
            _triple_of_this_machine(),
            f"{sys.version_info.major}.{sys.version_info.minor}",
        ),
    )
}
