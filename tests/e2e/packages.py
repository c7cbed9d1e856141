"""Builds packages once for all tests, unpacks them as Lambda does, and runs them."""

import json
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from PIL import Image

from scripts.package.build import ROOT, Package, build
from scripts.package.problem import NoWheels
from scripts.package.target import TARGETS
from tests.e2e.package_host import WIDTH
from tests.support.workers import only_one_worker

BUILD = ROOT / "build"
HOST = Path(__file__).with_name("package_host.py")
SLOTS = ("avif", "fallback", "webp")
SECONDS = 280  # for an emulator on a busy machine; a native interpreter takes two


@cache
def built(name: str) -> Package:
    """Return this checkout's package; skip the test on a laptop without a package index.

    Only the first worker process of a test run builds it.
    """
    description = BUILD / f"pixfleet-{name}.json"
    with only_one_worker(f"package-{name}") as is_first:
        if not is_first:
            return Package(**json.loads(description.read_text()))
        try:
            return build(TARGETS[name], out=BUILD)
        except NoWheels as problem:
            skip_on_laptops(str(problem).splitlines()[-1])
            raise


def skip_on_laptops(reason: str) -> None:
    """Skip the test with a reason; fail it if CI is set, so that CI skips nothing."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def unpacked(package: Package, folder: Path) -> Path:
    """Unpack a package into a read-only folder, as /var/task is."""
    root = folder / "task"
    with ZipFile(BUILD / package.file) as archive:
        archive.extractall(root)
    for path in (root, *root.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return root


def writable_again(root: Path) -> None:
    """Make the folder writable, so that pytest can remove it."""
    for path in (root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def clean_interpreter(folder: Path) -> Path:
    """Return a Python with the standard library only."""
    venv.create(folder / "clean", with_pip=False, symlinks=True)
    return folder / "clean" / "bin" / "python"


def lambda_environment(root: Path | str, home: Path | str) -> dict[str, str]:
    """Return those of Lambda's environment variables that Python or the worker reads.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        "LAMBDA_TASK_ROOT": str(root),
        "PYTHONPATH": str(root),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "AWS_REGION": "eu-west-1",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
    }


@dataclass(frozen=True, slots=True)
class RenderFolder:
    """A folder with sources and the variants rendered from them.

    `top` is the root directory of the interpreter: that of its chroot, if it has one.
    """

    folder: Path
    top: Path = Path("/")

    def run(self, command: Sequence[str], environment: Mapping[str, str], **sources: bytes) -> Any:  # noqa: ANN401 - parsed JSON
        """Render the sources with a command that starts an interpreter; return its output."""
        paths = []
        for name, data in sources.items():
            paths.append(self.folder / name)
            paths[-1].write_bytes(data)
        host = Path(shutil.copy(HOST, self.folder))
        named = (self.name(path) for path in (host, self.folder, *paths))
        ended = subprocess.run(
            [*command, *named],
            env=dict(environment),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    def name(self, path: Path) -> str:
        """Return the path of a file as the interpreter sees it."""
        return f"/{path.relative_to(self.top)}"

    def check(self, *names: str) -> None:
        """Check that each source has a variant of every slot."""
        for name in names:
            files = sorted(self.folder.glob(f"{name}.*.*"))
            assert tuple(file.suffixes[-2][1:] for file in files) == SLOTS
            for file in files:
                with Image.open(BytesIO(file.read_bytes())) as made:
                    made.load()
                    assert str(made.format).lower() == file.suffix[1:]
                    assert made.width == WIDTH


def stdlib_and(root: Path) -> tuple[str, ...]:
    """Return the folders from which a clean interpreter may load modules."""
    return (str(root), str(Path(os.__file__).parent), str(Path(sys.base_prefix)))
