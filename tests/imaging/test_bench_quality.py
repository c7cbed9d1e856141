"""The quality scan: its metric, its curves, and the search for equal quality."""

import json
from io import BytesIO
from pathlib import Path

import pytest
import pyvips
from PIL import Image
from ssimulacra2 import compute_ssimulacra2

from shared.model.codec import Codec
from tests.bench.by_content import Found, ladder_ratios, measure, rows
from tests.bench.curves import Key, Policy, Sample, at_quality, at_score, curves, totals
from tests.bench.equal_quality import Scorer, nearest, with_quality
from tests.bench.originals import Original
from tests.bench.quality import main
from tests.bench.recipes import jpeg_webp_avif
from tests.bench.rounds import File
from tests.bench.scan import Point
from tests.bench.score import Reference
from tests.support import images

pytestmark = pytest.mark.imaging

SIZE = (320, 260)
CURVE = (Sample(70.0, 50.0, 1000.0, 0.1), Sample(80.0, 60.0, 4000.0, 0.2))


def test_a_score_is_that_of_the_published_package() -> None:
    picture = _picture(images.png(SIZE))
    file = picture.jpegsave_buffer(Q=50)

    score = Reference(picture).score_of(file)

    decoded = pyvips.Image.new_from_buffer(file, "")
    assert score == pytest.approx(compute_ssimulacra2(_plain(picture), _plain(decoded)))


def test_a_small_picture_is_continued_by_its_mirror_image() -> None:
    small = _picture(images.png((128, 320)))
    file = _picture(small.jpegsave_buffer(Q=60))

    score = Reference(small).score(file)

    mirrored = [_plain(part.join(part.fliphor(), "horizontal")) for part in (small, file)]
    assert score == pytest.approx(compute_ssimulacra2(*mirrored))


def test_bytes_at_a_score_are_interpolated_exponentially() -> None:
    found = at_score(CURVE, 75.0)

    assert found.quality == pytest.approx(55.0)
    assert found.bytes == pytest.approx(2000.0)


def test_a_score_beyond_the_samples_is_extrapolated_from_the_last_two() -> None:
    assert at_score(CURVE, 85.0).quality == pytest.approx(65.0)
    assert at_score(CURVE, 65.0).quality == pytest.approx(45.0)


def test_a_quality_between_the_samples_has_a_score_between_theirs() -> None:
    assert at_quality(CURVE, 52.0).score == pytest.approx(72.0)


def test_a_curve_is_the_mean_over_the_pictures() -> None:
    points = [_point("one", 70.0, 1000), _point("other", 80.0, 3000)]

    found = curves(points)

    assert found == {Key(640, Codec.AVIF, 1): (Sample(75.0, 60, 2000, 0.5),)}


def test_a_policy_adds_up_each_rung_at_its_own_effort() -> None:
    found = {
        Key(320, Codec.AVIF, 3): (Sample(77.0, 60, 10, 1.0),),
        Key(640, Codec.AVIF, 0): (Sample(77.0, 60, 20, 0.5),),
    }
    policy = Policy("mixed", {Codec.AVIF: ((320, 3), (1000, 0))})

    made = totals(found, policy, [(320, Codec.AVIF), (640, Codec.AVIF)], 77.0)

    assert made.bytes == pytest.approx(30.0)
    assert made.cpu_seconds == pytest.approx(1.5)


@pytest.mark.parametrize("start", [30, 62, 95])
def test_the_quality_that_looks_alike_is_found_from_either_side(start: int) -> None:
    tried: list[int] = []

    def score(quality: int) -> float:
        tried.append(quality)
        return 40 + 0.6 * quality

    found = nearest(score, 71.2, start)

    assert found == 52
    assert len(tried) <= 5


def test_only_the_quality_is_changed_for_a_comparison() -> None:
    recipe = jpeg_webp_avif()

    other = with_quality(recipe, {Codec.AVIF: 51})

    for before, after in zip(recipe.variants, other.variants, strict=True):
        assert after.quality == {**before.quality, Codec.AVIF: 51}
        assert after.effort == before.effort


def test_a_better_file_scores_higher_whatever_made_it() -> None:
    source = images.png((640, 520))
    scorer = Scorer((Original(source),))
    good, bad = (_picture(source).resize(0.5).jpegsave_buffer(Q=quality) for quality in (90, 20))

    better, worse = (scorer.scores([[File(*SIZE, data)]])["jpeg"] for data in (good, bad))

    assert better > worse + 10


def test_a_tiny_scan_writes_figures_tables_and_plots(tmp_path: Path) -> None:
    (tmp_path / "one.jpg").write_bytes(images.jpeg(SIZE))
    build = tmp_path / "build"
    build.mkdir()

    code = main(["--images", str(tmp_path), "--build", str(build), "--quick"])

    report = json.loads((build / "quality.json").read_text())
    assert code == 0
    assert {point["codec"] for point in report["points"]} == {"avif", "webp", "jpeg"}
    assert "| AVIF 1 | q" in (build / "quality.md").read_text()
    assert sorted(path.name for path in build.glob("*.png")) == [
        "quality-avif.png",
        "quality-codecs.png",
        "quality-jpeg.png",
        "quality-webp.png",
    ]


def test_a_scan_without_time_says_how_to_allow_more(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "one.jpg").write_bytes(images.jpeg(SIZE))

    code = main(
        ["--images", str(tmp_path), "--build", str(tmp_path), "--quick", "--minutes", "-1"]
    )

    assert code == 2
    assert "allow more by --minutes" in capsys.readouterr().err


def _picture(data: bytes) -> pyvips.Image:
    return pyvips.Image.new_from_buffer(data, "").copy_memory()


def _plain(image: pyvips.Image) -> BytesIO:
    return BytesIO(image.pngsave_buffer())


def _point(picture: str, score: float, size: int) -> Point:
    return Point(picture, 640, Codec.AVIF, 1, 60, 0.5, size, score)


def _found(picture: str, width: int, before: int, now: float) -> Found:
    return Found("text", picture, width, 80.0, before, 1.0, now, 2.0, 1, is_exact=False)


def test_the_ratio_of_a_ladder_is_that_of_all_its_rungs_together() -> None:
    found = [_found("one", 320, 100, 50), _found("one", 640, 300, 250), _found("two", 320, 80, 80)]

    assert ladder_ratios(found) == pytest.approx([0.75, 1.0])


def test_the_table_has_geometric_means_by_rung() -> None:
    found = [_found("one", 320, 100, 50), _found("two", 320, 100, 200)]

    assert "| text | 1.00 | 1.00 | 2.00 |" in list(rows(found))


def test_a_drawing_is_measured_with_its_exact_file(tmp_path: Path) -> None:
    path = tmp_path / "drawing.png"
    Image.new("RGB", (300, 270), (9, 99, 200)).save(path)

    (found,) = measure("drawings", path, [300])

    assert found.is_exact
    assert found.ratio < 1
