"""The machines that a package can be for."""

import sys
from dataclasses import dataclass

# Lambda's newest Python: https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
LAMBDA_PYTHON = "3.13"
# Amazon Linux 2023 has glibc 2.34; nothing in the lock file asks for more than 2.28.
NEWEST_GLIBC, OLDEST_GLIBC = 28, 17


@dataclass(frozen=True, slots=True)
class Target:
    """A machine: its name for `make package`, what pip is told of its wheels, and its Python."""

    name: str
    pip_options: tuple[str, ...]
    python: str = LAMBDA_PYTHON


def _on_lambda(name: str, machine: str) -> Target:
    # pip takes each platform at its word and does not think of the older glibc by itself.
    glibcs = range(NEWEST_GLIBC, OLDEST_GLIBC - 1, -1)
    platforms = [f"--platform=manylinux_2_{minor}_{machine}" for minor in glibcs]
    platforms.append(f"--platform=manylinux2014_{machine}")
    python = (f"--python-version={LAMBDA_PYTHON}", "--implementation=cp")
    return Target(name, (*python, *platforms))


TARGETS = {
    target.name: target
    for target in (
        _on_lambda("arm64", "aarch64"),
        _on_lambda("x86_64", "x86_64"),
        # This interpreter on this machine: the local AWS runs its functions with it.
        Target("here", (), f"{sys.version_info.major}.{sys.version_info.minor}"),
    )
}
