"""Compiles a package's Python, so that a function need not do so at every cold start.

Where Lambda keeps the code nobody can write, so what an import compiles there is lost again.
AWS advises against `__pycache__`, as another Python's is of no use; a compiler of the very
version is, and a file that Python does not take for its own is ignored. Compiled files do not
look at their sources, whose times no zip keeps.
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

import subprocess
import tempfile
from pathlib import Path

from scripts.package.contents import Files
from scripts.package.problem import BadPackage

# Where tracebacks will say that the code is.
TASK_ROOT = "/var/task"
SECONDS = 300
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def compiled(files: Files, compiler: str, version: str) -> Files:
    """Return what a Python of the version, such as 3.13, makes of the files that it can compile.

    `BadPackage` if the compiler is no such Python.
    """
    found = _said_by(compiler, "-c", VERSION).strip()
    if found != version:
        raise BadPackage(
            f"Expected a Python {version}, which runs the package, as compiler, "
            f"got {found or 'nothing that runs'}: name one by its path, or leave it out."
        )
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for name, data in files.items():
            if name.endswith(".py"):
                path = top / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        options = ("--invalidation-mode=unchecked-hash", f"-s{top}", f"-p{TASK_ROOT}")
        _said_by(compiler, "-m", "compileall", "-qq", *options, str(top))
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in sorted(top.rglob("*.pyc"))
        }


def _said_by(compiler: str, *words: str) -> str:
    """Return what it printed; nothing if it cannot be run."""
    try:
        ended = subprocess.run(
            # Apart from this environment: nothing of it may show in the package.
            [compiler, "-I", *words],
            env={"PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except OSError:
        return ""
    return ended.stdout
