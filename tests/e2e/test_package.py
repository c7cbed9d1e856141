import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from zipfile import ZipFile

import pytest

from scripts.package.archive import TIME
from scripts.package.build import LOCK, MAX_BYTES, ROOT, Package
from scripts.package.contents import distribution_files
from scripts.package.elf import is_elf, needs
from scripts.package.pruning import RULES
from scripts.package.target import TARGETS
from scripts.package.wheels import fetch
from shared.imaging.sandbox.lock import Lock
from tests.e2e.packages import (
    BUILD,
    HOST,
    RenderFolder,
    built,
    clean_interpreter,
    lambda_environment,
    stdlib_and,
    unpacked,
    writable_again,
)
from tests.support import images
from tests.support.images_heic import heic

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

ARCHITECTURES = ("arm64", "x86_64")
# glibc, the C++ runtime and zlib, which Amazon Linux 2023 has.
SYSTEM_LIBRARIES = (
    *("libc.so.6", "libm.so.6", "libpthread.so.0", "libdl.so.2", "libresolv.so.2", "librt.so.1"),
    *("ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"),
    *("libstdc++.so.6", "libgcc_s.so.1", "libz.so.1"),
)


def sources() -> dict[str, bytes]:
    """Return a picture of each kind, by its name."""
    return {
        "avif": images.avif(),
        "bmp": images.saved(images.detail(images.SMALL), "BMP"),
        "gif": images.animated_gif(),
        "heic": heic(),
        "jpeg": images.jpeg(),
        "png": images.alpha_png(),
        "tiff": images.saved(images.detail(images.SMALL), "TIFF"),
        "webp": images.webp(),
    }


@pytest.fixture(scope="module", params=ARCHITECTURES)
def package(request: pytest.FixtureRequest) -> Package:
    return built(request.param)


@pytest.fixture(scope="module")
def task_root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    root = unpacked(built("here"), tmp_path_factory.mktemp("here"))
    yield root
    writable_again(root)


def test_a_package_is_small_and_has_no_unused_files(package: Package) -> None:
    with ZipFile(BUILD / package.file) as archive:
        entries = archive.infolist()

    names = [entry.filename for entry in entries]
    assert (BUILD / package.file).stat().st_size == package.size_bytes <= MAX_BYTES
    assert names == sorted(names)
    assert {entry.date_time for entry in entries} == {TIME}
    assert {oct(entry.external_attr >> 16) for entry in entries} == {"0o100644"}
    assert not [name for name in names if name.startswith(("/", "scripts/", "tests/"))]
    assert not [name for name in names if name.endswith((".pyc", "/RECORD", "/INSTALLER"))]
    assert not [name for name in names if "libx265" in name]


def test_a_package_has_every_library_that_its_libraries_need(package: Package) -> None:
    with ZipFile(BUILD / package.file) as archive:
        libraries = {
            Path(name).name: data
            for name in archive.namelist()
            if is_elf(data := archive.read(name))
        }

    asked = {need.name for data in libraries.values() for need in needs(data)}
    assert len(libraries) > 10
    assert asked - libraries.keys() <= set(SYSTEM_LIBRARIES)


def test_no_file_of_a_package_names_the_build_folder(package: Package) -> None:
    with ZipFile(BUILD / package.file) as archive:
        naming = [name for name in archive.namelist() if str(ROOT).encode() in archive.read(name)]

    assert naming == []


def test_every_rule_of_the_pruning_drops_something(package: Package) -> None:
    found = fetch(ROOT / LOCK, TARGETS[package.target], BUILD / "wheels" / package.target)
    names = [name for pin, path in found.items() for name in distribution_files(pin, path)]

    idle = [rule.drop for rule in RULES if not any(map(rule.drops, names))]
    unused_exceptions = [
        kept
        for rule in RULES
        for kept in rule.keep
        if not any(fnmatchcase(n, kept) for n in names)
    ]

    assert idle == []
    assert unused_exceptions == []


def test_the_bytes_do_not_depend_on_folder_and_time(tmp_path: Path) -> None:
    here = built("here")
    for name in ("scripts", "shared", "worker"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "LICENSE", tmp_path)
    shutil.copytree(BUILD / "wheels" / "here", tmp_path / "build" / "wheels" / "here")
    for path in tmp_path.rglob("*"):
        os.utime(path, (86_400, 86_400))
        path.chmod(0o700)

    subprocess.run(
        [sys.executable, "-m", "scripts.package", "--arch", "here"],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "TZ": "Pacific/Apia", "PYTHONHASHSEED": "7"},
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )

    elsewhere = json.loads((tmp_path / "build" / "pixfleet-here.json").read_text())
    assert elsewhere["sha256"] == here.sha256
    assert (tmp_path / "build" / here.file).read_bytes() == (BUILD / here.file).read_bytes()


def test_the_package_alone_imports_its_handlers_and_renders_every_kind(
    task_root: Path, tmp_path: Path
) -> None:
    before = names_under(task_root)
    python = clean_interpreter(tmp_path)
    render_folder, pictures = RenderFolder(tmp_path), sources()

    output = render_folder.run([str(python)], lambda_environment(task_root, tmp_path), **pictures)

    render_folder.check(*pictures)
    handlers = {
        "worker.api.handler",
        "worker.batch",
        "worker.purge.handler",
        "worker.renderer.handler",
    }
    assert handlers <= set(output["handlers"])
    assert output["locks"] == list(Lock)
    assert output["walks_jpegs"]
    allowed = (*stdlib_and(task_root), str(tmp_path / HOST.name))
    assert [file for file in output["files"] if not file.startswith(allowed)] == []
    assert not [file for file in output["files"] if "site-packages" in file]
    assert names_under(task_root) == before, "Lambda's task root is read-only"


def names_under(root: Path) -> set[str]:
    """Return every file, without the compiled files that Python running as root may write."""
    return {str(path) for path in root.rglob("*") if "__pycache__" not in path.parts}
