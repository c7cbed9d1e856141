"""`make package`: writes build/pixfleet-<arch>.zip for the Terraform variable `package_path`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scripts.package.build import ROOT, build
from scripts.package.problem import CannotPackage
from scripts.package.target import TARGETS

MEGABYTE = 1_000_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Build one package and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m scripts.package", description=__doc__)
    parser.add_argument("--arch", choices=tuple(TARGETS), required=True)
    parser.add_argument("--out", type=Path, default=ROOT / "build", help="default: build/")
    parser.add_argument(
        "--compiler",
        default="",
        metavar="PYTHON",
        help="a Python of Lambda's version; adds compiled files, which shorten cold starts",
    )
    options = parser.parse_args(arguments)
    try:
        package = build(TARGETS[options.arch], out=options.out, compiler=options.compiler)
    except CannotPackage as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    print(options.out / package.file)
    print(
        f"{package.size_bytes / MEGABYTE:.1f} MB, {package.unpacked_bytes / MEGABYTE:.1f} MB "
        f"unpacked, SHA-256 {package.sha256}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
