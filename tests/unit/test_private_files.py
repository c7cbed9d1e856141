"""Files with sources or bodies: mode 0600, whatever another user has put under their names."""

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.dlq.delete import create_copy_file
from scripts.pixfleet.private_files import (
    make_private_folder,
    open_instead,
    replacing,
    write_private,
)
from scripts.pixfleet.verify.differences_file import open_differences_file
from shared.model.errors import Misconfigured

pytestmark = pytest.mark.unit


@pytest.fixture(autouse=True)
def _no_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def _write(path: Path) -> None:
    write_private(path, b"ours")


def _report(path: Path) -> None:
    with open_differences_file(path):
        pass


def _copy(path: Path) -> None:
    create_copy_file(path).close()


def _checkpoint(path: Path) -> None:
    Checkpoint.open(path, "selection", restart=False).close()


WRITERS = pytest.mark.parametrize("write", [_write, _report, _copy, _checkpoint])


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


@WRITERS
def test_only_the_owner_can_read_a_file(write: Callable[[Path], None], tmp_path: Path) -> None:
    write(tmp_path / "file")

    assert mode(tmp_path / "file") == 0o600
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


@WRITERS
@pytest.mark.parametrize("target", ["theirs", "missing"])
def test_a_symbolic_link_is_refused_and_its_target_stays(
    write: Callable[[Path], None], target: str, tmp_path: Path
) -> None:
    (tmp_path / "theirs").write_bytes(b"theirs")
    (tmp_path / "file").symlink_to(tmp_path / target)

    with pytest.raises((OSError, Misconfigured)):
        write(tmp_path / "file")

    assert (tmp_path / "theirs").read_bytes() == b"theirs"
    assert not (tmp_path / "missing").exists()


@pytest.mark.parametrize("write", [_write, _report])
def test_a_file_that_was_open_before_gets_nothing(
    write: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "file"
    with path.open("w+b") as theirs:
        write(path)

        assert theirs.read() == b""
        assert os.fstat(theirs.fileno()).st_ino != path.stat().st_ino
    assert mode(path) == 0o600


def test_a_checkpoint_of_an_earlier_version_becomes_private(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch(0o666)

    _checkpoint(path)

    assert mode(path) == 0o600


def test_a_file_that_could_not_be_written_replaces_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"before")

    def fail() -> None:
        with replacing(path) as file:
            file.write(b"half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert path.read_bytes() == b"before"
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_a_device_is_written_to_and_not_replaced() -> None:
    write_private(Path(os.devnull), b"ours")
    open_instead(Path(os.devnull)).close()

    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_only_the_owner_can_open_a_folder(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")

    assert mode(tmp_path / "a" / "b") == 0o700
