"""Finds the pictures to measure with, and generates the camera picture."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from scripts.demo.samples import write_samples
from shared.imaging.intake.magic import RENDERED
from shared.imaging.intake.sniff import sniff
from tests.bench.problem import CannotBench
from tests.support.images import detail

CAMERA_SIZE = (6000, 4000)
CAMERA_QUALITY = 95  # 7.4 MB, as the file of a 24-megapixel camera
CAMERA_SEED = 24


@dataclass(frozen=True, slots=True)
class Picture:
    """One source file; `name` is its path in the folder that it came from."""

    path: Path
    name: str

    @property
    def data(self) -> bytes:
        """Return the file's bytes."""
        return self.path.read_bytes()


def gather(images: str, build: Path) -> tuple[Picture, ...]:
    """Return the pictures of a folder, and as the last the camera picture in `build`.

    `images` names the folder; if it is empty, the pictures are the demo's samples.
    """
    return (*photographs(images, build), camera_picture(build))


def camera_picture(build: Path) -> Picture:
    """Return a detailed 24-megapixel JPEG, generated once from a seed."""
    path = build / "camera-24mp.jpg"
    if not path.exists():
        build.mkdir(parents=True, exist_ok=True)
        buffer = BytesIO()
        detail(CAMERA_SIZE, seed=CAMERA_SEED).save(buffer, "JPEG", quality=CAMERA_QUALITY)
        path.write_bytes(buffer.getvalue())
    return Picture(path, path.name)


def photographs(images: str, build: Path) -> tuple[Picture, ...]:
    """Return the pictures of a folder, without the camera picture."""
    if not images:
        samples = build / "samples"
        return tuple(_picture(samples, path) for path in write_samples(samples))
    folder = Path(images)
    if not folder.is_dir():
        raise CannotBench(
            f"Expected a folder for IMAGES, got {images}: name one that exists, "
            "or none for the generated images."
        )
    found = tuple(_picture(folder, path) for path in sorted(folder.rglob("*")) if _is_image(path))
    if not found:
        raise CannotBench(
            f"Expected images in {folder}, got none: put JPEG, PNG, WebP, AVIF, GIF or TIFF "
            "files there, or name another folder."
        )
    return found


def _picture(folder: Path, path: Path) -> Picture:
    return Picture(path, path.relative_to(folder).as_posix())


def _is_image(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return sniff(file.read(64)) in RENDERED
