"""`pipx install` of the wheel, in empty folders, as docs/cli.md describes it."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from scripts.local.ministack import running_ministack
from scripts.local.stack import LocalStack, create_stack
from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.model.versions import WORKER_VERSION
from tests.e2e.processes import free_port, worker_environment

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

ROOT = Path(__file__).resolve().parents[2]
PIPX = ROOT / "build" / "pipx" / "bin" / "pipx"


@pytest.fixture(name="stack")
def _stack() -> Iterator[LocalStack]:
    with running_ministack(free_port()) as url:
        yield create_stack(url, recipes_document(), prefix="pipx", visibility_timeout_seconds=20)


def run(folder: Path, environment: Mapping[str, str], *words: str | Path, code: int = 0) -> str:
    """Return what a program prints that runs in a folder and ends with this exit code."""
    done = subprocess.run(
        words, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def test_pipx_installs_the_wheel_and_the_command_reads_a_local_stack(
    stack: LocalStack, tmp_path: Path
) -> None:
    assert PIPX.exists(), "`make pipx` installs it."
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {
        **worker_environment(stack),
        "HOME": str(empty),
        "PIPX_HOME": str(tmp_path / "home"),
        "PIPX_BIN_DIR": str(tmp_path / "bin"),
        "PIPX_DEFAULT_PYTHON": sys.executable,
    }
    run(ROOT, environment, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", empty)
    (wheel,) = empty.glob("pixfleet-*.whl")

    run(empty, environment, PIPX, "install", f"{wheel}[cli]")
    pixfleet = tmp_path / "bin" / "pixfleet"

    assert run(empty, environment, pixfleet, "--version") == f"pixfleet {WORKER_VERSION}\n"
    # S3's test message waits, and there is no worker.
    status = run(empty, environment, pixfleet, "status", "--stack", "pipx", code=3)
    assert status.startswith("Trouble: 1 message on live that no worker receives.")
    assert "Dead letters: 0. None rejected." in status
