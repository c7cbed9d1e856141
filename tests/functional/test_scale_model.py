"""`make scale`, with a small fleet, and the page against the model's claims."""

from pathlib import Path

import pytest

from tests.bench import scale
from tests.bench.scale import Modelled

pytestmark = pytest.mark.functional

PAGE = Path(__file__).parents[2] / "docs" / "scale.md"


def test_a_fleet_is_modelled_drawn_and_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{scale.BEGIN}\nold\n{scale.END}\nafter\n")

    assert (
        scale.main(
            ["--build", str(tmp_path), "--write", str(page), "--workers", "2", "--images", "10"]
        )
        == 0
    )

    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| 2 | " in text
    assert (tmp_path / "scale.png").read_bytes().startswith(b"\x89PNG")


def test_a_million_takes_as_long_as_the_ramp_adds() -> None:
    fleet = Modelled(305, 100.0, 0.5, 0.0, 0, [])

    assert fleet.million_seconds == pytest.approx(10_000 + 30)
    assert fleet.million_dollars == pytest.approx(
        10_000 * 305 * 1769 / 1024 * scale.DOLLARS_A_GIGABYTE_SECOND
    )


def test_the_page_shows_that_a_thousand_workers_use_a_new_bucket() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().partition(scale.BEGIN)[2].splitlines()
        if line.startswith("| ") and line[2].isdigit()
    ]

    assert [row[0] for row in rows] == [f"{each:,}" for each in scale.WORKERS]
    assert {row[4] for row in rows} == {"0"}
    assert next(int(row[2].rstrip("%")) for row in rows if row[0] == "1,000") >= 90
