import shutil
from pathlib import Path

import pytest

from scripts.package.elf import is_elf, needs
from scripts.package.native import FOLDER, LIBRARY, ROOT, SOURCE, native_files
from scripts.package.problem import BadPackage
from scripts.package.target import TARGETS

pytestmark = pytest.mark.unit

NAME = (FOLDER / LIBRARY).as_posix()
MACHINE = slice(18, 20)  # e_machine in the header of an ELF file: man 5 elf
MACHINES = {"x86_64": (62).to_bytes(2, "little"), "arm64": (183).to_bytes(2, "little")}


def copied(folder: Path) -> Path:
    """Return another root with the sources."""
    shutil.copytree(ROOT / FOLDER, folder / FOLDER)
    return folder


@pytest.mark.parametrize("target", MACHINES)
def test_a_library_is_compiled_for_each_processor_and_needs_no_other(target: str) -> None:
    files = native_files(TARGETS[target].triple)

    assert files.keys() == {NAME}
    assert is_elf(files[NAME])
    assert files[NAME][MACHINE] == MACHINES[target]
    assert needs(files[NAME]) == ()


def test_the_bytes_do_not_depend_on_the_folder(tmp_path: Path) -> None:
    triple = TARGETS["arm64"].triple

    assert native_files(triple, copied(tmp_path)) == native_files(triple)


def test_a_source_that_does_not_compile_is_refused(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / FOLDER / SOURCE).write_text("int broken(void) { return; }")

    with pytest.raises(BadPackage, match="error"):
        native_files(TARGETS["arm64"].triple, root)
