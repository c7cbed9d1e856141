"""The benchmark must refuse comparisons that would measure something else."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from shared.model.codec import Codec
from shared.model.quality_and_effort import default_effort
from tests.bench.comparison import as_documented, comparable_pictures, same_settings, sharp_jobs
from tests.bench.floor import floor_of, require_same_bytes
from tests.bench.over_floor import measure
from tests.bench.pictures import Picture, gather
from tests.bench.problem import CannotBench
from tests.bench.recipes import default_recipe, jpeg_webp, jpeg_webp_avif
from tests.bench.rounds import File, Round, require_same_pictures
from tests.bench.run import main
from tests.bench.sharp_process import SharpFile
from tests.support import images

pytestmark = pytest.mark.imaging

SIZE = (400, 300)


def test_the_floor_of_a_picture_is_one_decode_and_each_file_once() -> None:
    source = images.jpeg(SIZE)

    floor = floor_of(source, jpeg_webp())

    # 400 pixels hold the rung of 320 and their own width, which all wider rungs share.
    assert floor.decode.operation == "jpegload_buffer"
    assert sorted(call.operation for call in floor.encodes) == [
        *["jpegsave_buffer"] * 2,
        *["webpsave_buffer"] * 2,
    ]


def test_the_placeholder_is_the_engines_own_cost_and_not_in_the_floor() -> None:
    source = images.jpeg(SIZE)

    floor = floor_of(source, default_recipe())

    assert min(call.image.width for call in floor.encodes) > 100


def test_a_floor_with_other_settings_than_the_engines_is_refused() -> None:
    floor = floor_of(images.jpeg(SIZE), jpeg_webp())
    first, *others = floor.encodes
    other = replace(first, options={**first.options, "Q": 30})

    with pytest.raises(CannotBench, match="the floor would measure something else"):
        require_same_bytes(replace(floor, encodes=(other, *others)), [])


def test_a_floor_that_lacks_a_delivered_file_is_refused() -> None:
    floor = floor_of(images.jpeg(SIZE), jpeg_webp())

    with pytest.raises(CannotBench, match="got 1 from elsewhere"):
        require_same_bytes(floor, [b"a file that nobody encoded"])


def test_each_part_of_the_floor_has_a_time_and_the_scale_is_told() -> None:
    source = images.jpeg((1600, 1200))
    small = replace(jpeg_webp(), variants=jpeg_webp().variants[:1])

    measured = measure(source, small, repetitions=1)

    assert measured.encodes == 2
    assert measured.decoder_options == {"shrink": 4}
    assert min(msgspec.structs.astuple(measured.cpu)) > 0


def test_files_of_other_sizes_are_no_comparison() -> None:
    ours = _round(images.jpeg(SIZE), SIZE)
    theirs = _round(images.jpeg((200, 150)), (200, 150))

    with pytest.raises(CannotBench, match="from sharp"):
        require_same_pictures(ours, theirs)


def test_a_missing_file_is_no_comparison() -> None:
    ours = _round(images.jpeg(SIZE), SIZE)
    theirs = Round(1.0, 1.0, files=((),))

    with pytest.raises(CannotBench, match="from sharp"):
        require_same_pictures(ours, theirs)


def test_a_file_that_cannot_be_decoded_is_no_comparison() -> None:
    ours = _round(images.jpeg(SIZE), SIZE)
    theirs = _round(images.truncated_jpeg(SIZE), SIZE)

    with pytest.raises(CannotBench, match="Expected a readable file"):
        require_same_pictures(ours, theirs)


def test_sharp_is_asked_for_the_same_files_with_its_own_defaults(tmp_path: Path) -> None:
    picture = _picture(tmp_path, images.jpeg(SIZE))

    (job,) = sharp_jobs([picture], jpeg_webp_avif(), as_documented)

    assert job.wanted == tuple(
        SharpFile(width, codec, options)
        for width in (400, 320)
        for codec, options in (("avif", {}), ("webp", {"quality": 82}), ("jpeg", {"quality": 76}))
    )


def test_sharp_is_asked_for_our_effort_where_settings_are_the_same(tmp_path: Path) -> None:
    picture = _picture(tmp_path, images.jpeg(SIZE))
    effort = default_effort(SIZE[0] * SIZE[1])

    (job,) = sharp_jobs([picture], jpeg_webp_avif(), same_settings)

    asked = {wanted.format: wanted.options.get("effort") for wanted in job.wanted}
    assert asked["avif"] in range(4)  # it depends on the content
    assert asked["webp"] == effort[Codec.WEBP]


def test_only_opaque_still_pictures_are_compared(tmp_path: Path) -> None:
    still = _picture(tmp_path, images.jpeg(SIZE))
    moving = _picture(tmp_path, images.animated_gif())
    clear = _picture(tmp_path, images.alpha_png())

    assert comparable_pictures([moving, still, clear]) == (still,)


def test_a_missing_folder_is_one_sentence_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["--images", str(tmp_path / "nowhere"), "--build", str(tmp_path)])

    said = capsys.readouterr().err
    assert code == 2
    assert said.startswith("Expected a folder for IMAGES, got ")
    assert said.count("\n") == 1


def test_a_folder_without_images_is_refused(tmp_path: Path) -> None:
    (tmp_path / "notes.jpg").write_text("not a picture, whatever its name says")

    with pytest.raises(CannotBench, match="got none"):
        gather(str(tmp_path), tmp_path / "build")


def test_a_machine_without_node_is_told_what_to_install(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photo.jpg").write_bytes(images.jpeg(SIZE))
    build = tmp_path / "build"
    (build / "bench").mkdir(parents=True)
    (build / "bench" / "camera-24mp.jpg").write_bytes(images.jpeg(SIZE))
    monkeypatch.setenv("PATH", str(tmp_path))

    code = main(["--images", str(tmp_path), "--build", str(build)])

    assert code == 2
    assert "install Node.js" in capsys.readouterr().err


def _picture(folder: Path, data: bytes) -> Picture:
    path = folder / f"{len(list(folder.iterdir()))}.bin"
    path.write_bytes(data)
    return Picture(path, path.name)


def _round(data: bytes, size: tuple[int, int]) -> Round:
    return Round(1.0, 1.0, files=((File(*size, data),),))
