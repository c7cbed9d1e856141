from hashlib import sha256
from pathlib import Path

import pytest

from scripts.package.build import LOCK, ROOT
from scripts.package.problem import NoWheels
from scripts.package.target import TARGETS, Target
from scripts.package.wheels import Pin, fetch, read_lock

pytestmark = pytest.mark.unit

# pip refuses these before it asks anybody.
NOWHERE = Target("nowhere", ("--no-index", "--find-links=nowhere"), "nowhere")
DATA = b"a wheel"
DIGEST = sha256(DATA).hexdigest()


def lock(folder: Path, *digests: str) -> Path:
    path = folder / "lock.txt"
    hashes = " \\\n".join(f"    --hash=sha256:{digest}" for digest in digests)
    path.write_text(f"one==1.0 ; python_version > '3' \\\n{hashes}\n")
    return path


def test_the_lock_file_names_each_distribution_with_its_hashes() -> None:
    pins = read_lock((ROOT / LOCK).read_text())

    assert {"boto3", "pyvips-binary", "pillow-heif"} <= {pin.name for pin in pins}
    assert all(pin.hashes for pin in pins)


def test_a_pin_with_a_marker_is_read() -> None:
    text = (
        f"one==1.0 ; x != 'y' \\\n    --hash=sha256:{DIGEST}\ntwo==2 \\\n  --hash=sha256:{DIGEST}"
    )

    pins = read_lock(text)

    assert pins == (Pin("one", "1.0", frozenset({DIGEST})), Pin("two", "2", frozenset({DIGEST})))


@pytest.mark.parametrize("entry", ["one==1.0", "one>=1.0 --hash=sha256:" + DIGEST])
def test_a_pin_without_version_or_hash_is_refused(entry: str) -> None:
    with pytest.raises(NoWheels, match="one"):
        read_lock(entry)


def test_an_existing_file_is_not_downloaded(tmp_path: Path) -> None:
    path = tmp_path / "wheels" / "one-1.0-py3-none-any.whl"
    path.parent.mkdir()
    path.write_bytes(DATA)

    found = fetch(lock(tmp_path, "0" * 64, DIGEST), NOWHERE, path.parent)

    assert [(pin.name, file) for pin, file in found.items()] == [("one", path)]


def test_a_file_with_another_hash_is_refused(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    (wheels / "one-1.0-py3-none-any.whl").write_bytes(b"somebody else's")

    with pytest.raises(NoWheels, match="PIP_INDEX_URL"):
        fetch(lock(tmp_path, DIGEST), NOWHERE, wheels)


def test_both_architectures_are_for_lambdas_python_and_its_glibc() -> None:
    for name, machine in (("arm64", "aarch64"), ("x86_64", "x86_64")):
        options = TARGETS[name].pip_options

        assert "--python-version=3.13" in options
        assert f"--platform=manylinux_2_28_{machine}" in options
        assert f"--platform=manylinux_2_17_{machine}" in options
