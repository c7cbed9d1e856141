from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from scripts.demo.samples import ORIENTATION, corrupt_jpeg, write_samples
from shared.imaging.intake.sniff import sniff

pytestmark = pytest.mark.unit


@pytest.fixture(name="samples", scope="module")
def _samples(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    return {
        path.suffix + path.stem[:4]: path
        for path in write_samples(tmp_path_factory.mktemp("s"), scale=0.1)
    }


def test_each_sample_is_a_case_of_its_own(samples: Mapping[str, Path]) -> None:
    with (
        Image.open(samples[".jpgmoon"]) as turned,
        Image.open(samples[".pngridg"]) as deep,
        Image.open(samples[".png100%"]) as glass,
        Image.open(samples[".gifroll"]) as moving,
    ):
        assert turned.getexif()[ORIENTATION] == 6
        assert turned.width > turned.height
        assert deep.mode.startswith("I")
        assert len(set(glass.getchannel("A").tobytes())) > 100
        assert getattr(moving, "n_frames", 1) == 24


def test_the_corrupt_image_is_recognised_and_truncated() -> None:
    data = corrupt_jpeg()

    with Image.open(BytesIO(data)) as image, pytest.raises(OSError, match="truncated"):
        image.load()
    assert sniff(data) == "jpeg"


def test_the_corrupt_image_is_the_same_at_each_run() -> None:
    first, second = corrupt_jpeg(), corrupt_jpeg()

    assert first == second
