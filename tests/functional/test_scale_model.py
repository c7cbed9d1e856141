"""`make scale`, with a small fleet, and the page against the model's claims."""

from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest

from tests.bench import scale, scale_model, scale_tables
from tests.bench.scale_limits import (
    arrival_seconds,
    environment_seconds,
    provisioned_seconds,
    start_seconds,
)
from tests.bench.scale_model import Long, Modelled
from tests.simulator.fleet import OBJECTS_OF_AN_IMAGE

pytestmark = pytest.mark.functional

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"
NAMES = (
    scale_tables.FLEETS,
    scale_tables.OVER_TIME,
    scale_tables.REMADE,
    scale_tables.RATES,
)


def rows_of(name: str) -> Sequence[Sequence[str]]:
    """Return the cells of a table of the page, without its head."""
    begin, end = scale_tables.comments(name)
    text = PAGE.read_text().partition(begin)[2].partition(end)[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_small_fleets_are_modelled_drawn_and_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale_model, "SPLIT_SECONDS", 180.0)
    monkeypatch.setattr(scale_model, "LONG_STEP_SECONDS", 10.0)
    page = tmp_path / "page.md"
    page.write_text(
        "before\n"
        + "".join("{}\nold\n{}\n".format(*scale_tables.comments(name)) for name in NAMES)
        + "after\n"
    )
    small = ["--workers", "2", "--images", "10", "--remade-workers", "4", "--remade-images", "30"]
    long = ["--long-workers", "1000", "--long-seconds", "500", "--long-slice", "2"]

    assert scale.main(["--build", str(tmp_path), "--write", str(page), *small, *long]) == 0

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert text.count("\n| 2 | ") == 2  # as a fleet, and in the table of the ramps
    for name in ("scale.png", "scale-hour.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_a_table_without_its_comments_in_the_page_is_refused() -> None:
    with pytest.raises(ValueError, match="the model's table"):
        scale_tables.written("a page", scale_tables.FLEETS, "| a |")


def test_a_million_takes_as_long_as_the_ramp_adds() -> None:
    fleet = Modelled(305, 100.0, 0.5, 0.0, 0, [])

    assert fleet.million_seconds == pytest.approx(10_000 + 30)
    assert fleet.million_dollars == pytest.approx(
        10_000 * 305 * 1769 / 1024 * scale_model.DOLLARS_A_GIGABYTE_SECOND
    )


def test_a_million_is_done_when_the_curve_has_reached_it() -> None:
    curve = [(0.0, 0.0), (1_000.0, 400.0), (2_000.0, 800.0)]

    assert Long(1, curve, [], 0, 0.0, 0.0, 0).million_seconds == pytest.approx(1_750)
    assert Long(1, curve[:2], [], 0, 0.0, 0.0, 0).million_seconds == inf


def test_workers_come_as_fast_as_lambda_documents() -> None:
    assert start_seconds(5, 1_000) == 0.0
    assert start_seconds(1_000, 1_000) == pytest.approx(199)
    assert start_seconds(2_000, 2_000) == start_seconds(1_000, 1_000)  # two lanes
    assert provisioned_seconds(1_020) == pytest.approx(60)
    assert (environment_seconds(1_000), environment_seconds(1_001)) == (0, 10)
    assert arrival_seconds(1_000_000, 18_750) == pytest.approx(53.3, abs=0.1)


def test_the_page_shows_that_a_thousand_workers_use_a_new_bucket() -> None:
    rows = rows_of(scale_tables.FLEETS)

    assert [row[0] for row in rows] == [f"{each:,}" for each in scale.WORKERS]
    assert {row[4] for row in rows} == {"0"}
    assert next(int(row[2].rstrip("%")) for row in rows if row[0] == "1,000") >= 90


def test_the_page_shows_that_a_split_nearly_doubles_the_rate_and_no_render_is_lost() -> None:
    for workers, before, _, after, wasted, _, _, _, throttled in rows_of(scale_tables.OVER_TIME):
        assert int(after) >= 1.8 * int(before), workers
        assert (wasted, throttled) == ("0", "0")


def test_the_page_shows_that_a_million_is_made_again_at_a_thousand_a_second() -> None:
    ((_, images, _, _, _, busiest, throttled, wasted),) = rows_of(scale_tables.REMADE)

    assert int(images.replace(",", "")) >= 1_000
    assert int(busiest.rstrip("%")) < 50
    assert (throttled, wasted) == ("0", "0")


def test_the_page_has_real_runners_beside_the_model() -> None:
    rows = {row[0]: row[1:] for row in rows_of(scale_tables.REAL)}

    assert set(rows) == {"real", "model"}
    assert {row[-1] for row in rows.values()} == {f"{OBJECTS_OF_AN_IMAGE:.1f}"}
    real, model = (float(rows[name][1]) for name in ("real", "model"))
    assert real == pytest.approx(model, rel=0.15)


def test_an_index_with_one_key_for_each_status_would_throttle_a_thousand_images_a_second() -> None:
    sharded = scale_model.remade(scale.REMADE_WORKERS, images=90, some=4)
    by_status = scale_model.remade(
        scale.REMADE_WORKERS, images=90, some=4, partition_of=lambda key: key.partition("#")[0]
    )

    assert sharded.throttled == 0
    assert by_status.throttled > 100
    assert by_status.images_per_second < 0.75 * sharded.images_per_second
