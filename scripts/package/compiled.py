"""Compiles a package's Python files, so that cold starts need not.

/var/task is read-only on Lambda, so Python cannot keep what it compiles there. AWS advises against
`__pycache__`, because files of another Python version are useless; here the compiler must be of
Lambda's version, and Python ignores compiled files that are not. The compiled files do not check
their sources' times, because the zip does not keep them.
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html
"""

import subprocess
import tempfile
from pathlib import Path

from scripts.package.contents import Files
from scripts.package.problem import BadPackage

# The folder that tracebacks name.
TASK_ROOT = "/var/task"
TIMEOUT_SECONDS = 300
VERSION = "import sys; print('%d.%d' % sys.version_info[:2])"


def compiled(files: Files, compiler: str, version: str) -> Files:
    """Return the compiled files of all Python files.

    `BadPackage` if the compiler is not a Python of the version, such as `3.13`.
    """
    found = _output_of(compiler, "-c", VERSION).strip()
    if found != version:
        raise BadPackage(
            f"Expected Python {version}, as on Lambda, for the compiler, "
            f"got {found or 'a command that does not run'}: name it by its path, or leave it out."
        )
    with tempfile.TemporaryDirectory() as folder:
        top = Path(folder)
        for name, data in files.items():
            if name.endswith(".py"):
                path = top / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        options = ("--invalidation-mode=unchecked-hash", f"-s{top}", f"-p{TASK_ROOT}")
        _output_of(compiler, "-m", "compileall", "-qq", *options, str(top))
        return {
            path.relative_to(top).as_posix(): path.read_bytes()
            for path in sorted(top.rglob("*.pyc"))
        }


def _output_of(compiler: str, *words: str) -> str:
    """Return the command's output; empty if it cannot be run."""
    try:
        result = subprocess.run(
            # Isolated: this environment must not change the package.
            [compiler, "-I", *words],
            env={"PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except OSError:
        return ""
    return result.stdout
