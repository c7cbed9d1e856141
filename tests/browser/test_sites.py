"""Pages that Next and Astro build with the files of docs/clients, in headless Chromium."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.instance import HOST
from tests.browser.chromium import Chromium
from tests.browser.published import published
from tests.browser.site import Site, serving_site
from tests.browser.window import Window
from tests.support.clients import CLIENTS, copy_clients
from tests.support.images import detail, saved
from tests.support.npm import install_packages

# A first run installs half a gigabyte of packages.
pytestmark = [pytest.mark.imaging, pytest.mark.allow_hosts([HOST]), pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]
SITES = Path(__file__).with_name("sites")
BUILD = ROOT / "build" / "sites"
# Where the files go, the command, and the folder that it makes.
BUILDERS = {
    "next": (".", ("next", "build", "--webpack"), "out"),
    "astro": ("src", ("astro", "build"), "dist"),
}
NO_REPORTS_HOME = {"NEXT_TELEMETRY_DISABLED": "1", "ASTRO_TELEMETRY_DISABLED": "1"}
MOST_SECONDS = 600


@pytest.fixture(name="programs", scope="module")
def _programs() -> Path:
    """Return the folder of the programs that build sites."""
    install_packages(SITES, BUILD)
    return BUILD / "node_modules" / ".bin"


@pytest.fixture(name="site", params=BUILDERS, scope="module")
def _site(
    request: pytest.FixtureRequest, programs: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    clients, command, made = BUILDERS[request.param]
    served = tmp_path_factory.mktemp("served")
    cat = published("cat.jpg", saved(detail((1920, 1200)), "JPEG", quality=90))
    # Beside node_modules, where modules are looked for.
    folder = BUILD / request.param
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(SITES / request.param, folder)
    with serving_site(served, {"/cat.jpg": cat}) as site:
        copy_clients(folder / clients, base=site.url)
        (folder / clients / "package.json").unlink()
        run(programs / command[0], *command[1:], folder=folder)
        shutil.copytree(folder / made, served, dirs_exist_ok=True)
        yield site


@pytest.fixture(name="chromium", scope="module")
def _chromium() -> Iterator[Chromium]:
    with Chromium() as chromium:
        yield chromium


def run(program: Path, *arguments: str, folder: Path) -> None:
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=os.environ | NO_REPORTS_HOME,
        capture_output=True,
        text=True,
        timeout=MOST_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(("density", "width"), [(1, 640), (2, 960), (3, 1280)])
def test_a_built_page_loads_one_rung_for_its_density(
    site: Site, chromium: Chromium, density: int, width: int
) -> None:
    site.forget()
    window = Window(chromium)
    window.open(f"{site.url}/index.html", width=400, density=density)
    window.wait("document.images[0]?.complete && document.images[0].naturalWidth > 0")

    assert site.requested == [f"/cat.jpg?w={width}"]
    assert window.value("document.images[0].alt") == "A cat"
    assert window.value("document.images[0].getBoundingClientRect().width") <= 400
    assert window.shifts() == 0
    window.close()


def test_the_files_hold_in_typescript(programs: Path, tmp_path: Path) -> None:
    shutil.copytree(CLIENTS, tmp_path / "clients")
    shutil.copy(CLIENTS.parent / "manifest.d.ts", tmp_path)

    strict = ("--noEmit", "--allowJs", "--checkJs", "--strict", "--target", "es2022")
    lib = ("--lib", "es2024,dom,dom.iterable", "--module", "esnext")
    run(
        programs / "tsc",
        *strict,
        *lib,
        *(str(each) for each in (tmp_path / "clients").glob("*.js")),
        folder=tmp_path,
    )
