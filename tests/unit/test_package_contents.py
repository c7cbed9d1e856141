import tarfile
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts.package.archive import contents_digest, zipped
from scripts.package.contents import distribution_files, own_files
from scripts.package.heif import without_encoder
from scripts.package.problem import BadPackage
from scripts.package.pruning import RULES, Rule, pruned
from scripts.package.wheels import Pin

pytestmark = pytest.mark.unit

ONE = Pin("one", "1.0", frozenset())
INFO = "one-1.0.dist-info"


def wheel(folder: Path, *names: str) -> Path:
    path = folder / "one-1.0-py3-none-any.whl"
    with ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return path


def source(folder: Path, *names: str) -> Path:
    path = folder / "one-1.0.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            entry = tarfile.TarInfo(f"one-1.0/{name}")
            entry.size = len(name)
            archive.addfile(entry, BytesIO(name.encode()))
    return path


def test_a_wheels_files_have_the_paths_of_an_installer(tmp_path: Path) -> None:
    path = wheel(
        tmp_path,
        *("one/__init__.py", "one-1.0.data/purelib/two.py", "one-1.0.data/scripts/run"),
        *(f"{INFO}/METADATA", f"{INFO}/RECORD", f"{INFO}/LICENSE-MIT", f"{INFO}/entry_points.txt"),
        f"{INFO}/licenses/AUTHORS.md",
    )

    files = distribution_files(ONE, path)

    assert set(files) == {
        *("one/__init__.py", "two.py"),
        *(f"{INFO}/METADATA", f"{INFO}/LICENSE-MIT", f"{INFO}/licenses/AUTHORS.md"),
    }


def test_only_the_package_of_a_source_archive_is_read(tmp_path: Path) -> None:
    path = source(
        tmp_path, "one/__init__.py", "setup.py", "tests/test_one.py", "PKG-INFO", "LICENSE.txt"
    )

    files = distribution_files(ONE, path)

    assert set(files) == {
        *("one/__init__.py", f"{INFO}/METADATA", f"{INFO}/licenses/LICENSE.txt"),
    }


def test_a_source_archive_without_the_package_is_refused(tmp_path: Path) -> None:
    path = source(tmp_path, "src/one/__init__.py")

    with pytest.raises(BadPackage, match=r"one-1\.0\.tar\.gz"):
        distribution_files(ONE, path)


def test_only_the_workers_code_of_this_repository_is_packed(tmp_path: Path) -> None:
    for name in ("worker/a.py", "shared/b/c.py", "scripts/d.py", "worker/__pycache__/a.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "LICENSE").touch()

    files = own_files(tmp_path)

    assert set(files) == {"LICENSE", "shared/b/c.py", "worker/a.py"}


def test_a_rule_drops_what_it_matches_and_keeps_its_exceptions() -> None:
    rule = Rule("data/*", "too much", keep=("data/s3/*",))
    files = {"data/s3/model": b"", "data/ec2/deep/model": b"", "code.py": b""}

    kept = pruned(files, [rule])

    assert set(kept) == {"data/s3/model", "code.py"}


def test_the_services_that_the_worker_calls_keep_their_models() -> None:
    names = [f"botocore/data/{name}/1/service-2.json.gz" for name in ("s3", "sqs", "sns", "ec2")]
    names += ["botocore/data/endpoints.json", "botocore/data/partitions.json"]

    kept = pruned(dict.fromkeys(names, b""))

    assert set(names) - kept.keys() == {"botocore/data/ec2/1/service-2.json.gz"}


def test_every_rule_gives_a_reason() -> None:
    assert all(rule.reason for rule in RULES)
    assert len({rule.drop for rule in RULES}) == len(RULES)


def test_the_order_of_the_files_does_not_change_the_zip() -> None:
    files = {"b": b"2", "a": b"1"}
    turned = dict(reversed(files.items()))

    assert zipped(files) == zipped(turned)
    assert contents_digest(files) == contents_digest(turned)


@pytest.mark.parametrize("other", [{"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""}])
def test_another_name_or_content_makes_another_digest(other: dict[str, bytes]) -> None:
    files = {"a": b"1"}

    assert contents_digest(files) != contents_digest(other)
    assert zipped(files) != zipped(other)


def test_a_package_without_libheif_is_not_changed() -> None:
    files = {"worker/batch.py": b""}

    assert without_encoder(files) == files
