import marshal
import sys
from pathlib import Path

import pytest

from scripts.package.compiled import compiled
from scripts.package.problem import BadPackage
from scripts.package.target import TARGETS

pytestmark = pytest.mark.unit

HERE = TARGETS["here"].python
FILES = {"one/__init__.py": b"names = {'b', 'a', 'c'}\n", "one/data.json": b"{}"}
# https://peps.python.org/pep-0552/: magic number, flags, hash of the source
HEADER_BYTES = 16
FLAGS = slice(4, 8)
BY_HASH_UNCHECKED = (1).to_bytes(4, "little")


def test_every_module_gets_a_compiled_file_beside_it() -> None:
    made = compiled(FILES, sys.executable, HERE)

    assert made.keys() == {f"one/__pycache__/__init__.{sys.implementation.cache_tag}.pyc"}


def test_a_compiled_file_has_lambdas_path_and_no_time() -> None:
    (data,) = compiled(FILES, sys.executable, HERE).values()

    assert data[FLAGS] == BY_HASH_UNCHECKED
    assert marshal.loads(data[HEADER_BYTES:]).co_filename == "/var/task/one/__init__.py"  # noqa: S302 - our own


def test_compiling_twice_makes_the_same_bytes() -> None:
    assert compiled(FILES, sys.executable, HERE) == compiled(FILES, sys.executable, HERE)


def test_a_python_of_another_version_is_refused() -> None:
    with pytest.raises(BadPackage, match=rf"Expected Python 3\.99, .* got {HERE}:"):
        compiled(FILES, sys.executable, "3.99")


def test_a_compiler_that_does_not_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadPackage, match="got a command that does not run"):
        compiled(FILES, str(tmp_path / "python3.13"), "3.13")
