"""`make demo` from end to end; every picture that it writes is read with Pillow."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from scripts.local.instance import BUILD
from tests.e2e.processes import free_port
from tests.support import images

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

DEMO = """
import sys
from pathlib import Path
from scripts.demo.__main__ import main
sys.exit(main(sys.argv[2:], build=Path(sys.argv[1])))
"""
FOLDER: dict[str, Callable[[], bytes]] = {
    "plain photo.jpg": lambda: images.jpeg((800, 600)),
    "on its side + GPS.jpg": lambda: images.oriented_jpeg(6, (400, 300)),
    "wide gamut.jpg": images.wide_gamut_jpeg,
    "sub/folder/é transparent.png": images.alpha_png,
    "moving.gif": images.animated_gif,
    "no picture.txt": lambda: b"hello",
}
PUBLISHED = sorted(name for name in FOLDER if not name.endswith(".txt"))
SLOTS = ("avif", "webp", "fallback")


@dataclass(frozen=True)
class Demo:
    """The output of one run of the demo."""

    exit_code: int
    printed: str
    out: Path

    @property
    def report(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads((self.out / "report.json").read_text())
        return document

    def pictures(self, key: str) -> dict[tuple[str, str], Image.Image]:
        """Return every variant of a source as Pillow reads it, by name and slot."""
        number = 1 + PUBLISHED.index(key)
        (folder,) = self.out.glob(f"variants/{number:04}-*")
        found: dict[tuple[str, str], Image.Image] = {}
        for path in folder.iterdir():
            name, dash, slot = path.stem.rpartition("-")
            if dash:
                found[name, slot] = Image.open(BytesIO(path.read_bytes()))
                found[name, slot].load()
        return found


def run_demo(build: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", DEMO, str(build), *arguments],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


@pytest.fixture(scope="module", name="build")
def _build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("build")
    (build / "ministack").symlink_to(BUILD / "ministack")
    return build


@pytest.fixture(scope="module", name="demo")
def _demo(build: Path, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    folder = tmp_path_factory.mktemp("my 'odd' folder")
    for name, make in FOLDER.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(make())
    ended = run_demo(build, "--images", str(folder), "--port", str(free_port()))
    return Demo(ended.returncode, ended.stdout + ended.stderr, build / "demo")


def test_the_demo_succeeds(demo: Demo) -> None:
    assert demo.exit_code == 0, demo.printed
    assert "Left out 1 file: not an image." in demo.printed
    assert "Left on the queues: live 0, dead_letter 1." in demo.printed


def test_every_source_has_every_variant_of_the_default_recipe(demo: Demo) -> None:
    report = demo.report

    assert [image["key"] for image in report["images"]] == PUBLISHED
    assert {image["variant_count"] for image in report["images"]} == {15}
    assert report["problems"] == []


def test_the_corrupt_file_is_the_one_dead_letter(demo: Demo) -> None:
    (dead_letter,) = demo.report["dead_letters"]

    assert dead_letter["cause"] == "truncated"


@pytest.mark.parametrize("key", PUBLISHED)
def test_every_variant_opens_in_srgb_and_without_metadata(demo: Demo, key: str) -> None:
    pictures = demo.pictures(key)

    assert len(pictures) == 15
    for picture in pictures.values():
        assert picture.mode in {"RGB", "RGBA", "P", "L"}
        assert not picture.getexif()
        assert not {"exif", "xmp", "icc_profile", "comment"} & set(picture.info)


@pytest.mark.parametrize("key", PUBLISHED)
def test_no_variant_is_larger_than_that_of_the_next_slot(demo: Demo, key: str) -> None:
    (image,) = [image for image in demo.report["images"] if image["key"] == key]

    sizes: dict[str, list[int]] = {}
    for variant in sorted(image["variants"], key=lambda each: SLOTS.index(each["slot"])):
        sizes.setdefault(variant["name"], []).append(variant["bytes"])
    assert len(sizes) == 6
    for each in sizes.values():
        assert each == sorted(each)


def test_an_oriented_source_has_upright_variants(demo: Demo) -> None:
    for (name, _), picture in demo.pictures("on its side + GPS.jpg").items():
        if name == "thumb":
            continue  # cut to a square
        corner = picture.convert("RGB").getpixel((5, 5))
        assert isinstance(corner, tuple)
        assert picture.width * 3 == pytest.approx(picture.height * 4, abs=4)
        assert corner == pytest.approx(images.TOP_LEFT, abs=30)


def test_the_gallery_shows_every_source_and_its_variants(demo: Demo) -> None:
    page = (demo.out / "index.html").read_text()

    assert page.count("<picture") >= len(PUBLISHED)
    assert page.count("data:image/webp;base64,") >= len(PUBLISHED)
    for image in demo.report["images"]:
        assert image["key"].replace("'", "&#x27;") in page


BAD_INPUT: dict[str, tuple[list[str], str]] = {
    "a missing folder": (["--images", "no/such/folder"], "no/such/folder"),
    "an invalid port": (["--port", "http"], "http"),
    "a missing recipes file": (["--recipes", "none.yaml"], "none.yaml"),
}


@pytest.mark.parametrize(("arguments", "named"), BAD_INPUT.values(), ids=BAD_INPUT.keys())
def test_bad_input_has_no_traceback(build: Path, arguments: list[str], named: str) -> None:
    ended = run_demo(build, *arguments)

    assert ended.returncode == 2
    assert named in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_folder_without_images_is_refused(build: Path, tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")

    ended = run_demo(build, "--images", str(tmp_path))

    assert ended.returncode == 2
    assert "Traceback" not in ended.stderr
    assert str(tmp_path) in ended.stderr


def test_recipes_with_three_mistakes_list_all_three(build: Path, tmp_path: Path) -> None:
    recipes = tmp_path / "recipes.yaml"
    recipes.write_text(
        "version: 1\nrecipes: [{name: Bad Name, variants: [{widths: [0], formats: [jpg]}]}]\n"
    )

    ended = run_demo(build, "--recipes", str(recipes))

    assert ended.returncode == 2
    assert ended.stderr.count("\n  - ") == 3
    assert "Traceback" not in ended.stderr
