"""The wheel, built and installed into an empty environment, has all that the command reads."""

import ensurepip
import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from shared.model.versions import WORKER_VERSION

pytestmark = pytest.mark.functional

ROOT = Path(__file__).resolve().parents[3]
# Uses what only the wheel's own files can answer.
USES = """
import sys
from pixfleet.start import CODE
sys.path.insert(0, str(CODE))
import shared
from scripts.pixfleet.image.runbook import advice
from scripts.pixfleet.stack.recipe_file import RECIPES, read_recipe_file
from shared.imaging.child_handle import RenderChild
found = advice("truncated")
assert shared.__file__.startswith(str(CODE)), shared.__file__
assert found.means and found.do
assert read_recipe_file(RECIPES)
child = RenderChild(2**30)
child.await_ready()
child.stop()
"""


@pytest.fixture(name="site")
def _site(tmp_path: Path) -> Path:
    """Return the site-packages of an environment with the wheel and the packages it needs."""
    environment = tmp_path / "environment"
    venv.create(environment)
    python = environment / "bin" / "python"
    run(ROOT, sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path))
    (wheel,) = tmp_path.glob("pixfleet-*.whl")
    install = ("--python", str(python), "install", "--no-index", "--no-deps", str(wheel))
    run(ROOT, sys.executable, "-m", "pip", *install)
    (site,) = (environment / "lib").glob("python*/site-packages")
    # Without the repository, which is also on this interpreter's path.
    packages = [each for each in sys.path if each.endswith("site-packages")]
    (site / "packages.pth").write_text("\n".join(packages))
    return site


def run(folder: Path, program: str, *words: str) -> str:
    """Return what a program prints that runs in `folder` and succeeds."""
    bundled = Path(ensurepip.__file__).with_name("_bundled").glob("pip-*.whl")
    done = subprocess.run(
        [program, *words],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": os.environ.get("HOME", "/"),
            # For an environment that was made without pip.
            **({"PYTHONPATH": str(*bundled)} if "pip" in words else {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_installed_wheel_is_complete_and_has_one_top_level_name(
    site: Path, tmp_path: Path
) -> None:
    pixfleet, python = (
        str(tmp_path / "environment/bin" / each) for each in ("pixfleet", "python")
    )
    folder = tmp_path / "empty"
    folder.mkdir()

    assert run(folder, pixfleet, "--version") == f"pixfleet {WORKER_VERSION}\n"
    assert "Usage: pixfleet status" in run(folder, pixfleet, "status", "--help")
    run(folder, pixfleet, "recipes", "check", str(ROOT / "recipes.yaml"))
    run(folder, python, "-c", USES)

    (record,) = site.glob("pixfleet-*.dist-info/RECORD")
    installed = {line.split(",")[0] for line in record.read_text().splitlines()}
    names = {path.partition("/")[0] for path in installed if not path.startswith("..")}
    assert names == {"pixfleet", record.parent.name}
    assert {f"pixfleet/code/{path}" for path in files_of_the_command()} <= installed


def files_of_the_command() -> set[Path]:
    """Return the paths of code, templates, static files and the compiled library, if any."""
    return {
        path.relative_to(ROOT)
        for part in ("scripts/pixfleet", "shared")
        for path in (ROOT / part).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
