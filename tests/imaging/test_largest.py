from pathlib import Path

import pytest

from tests.imaging.largest import KINDS, largest_megapixels

pytestmark = pytest.mark.imaging

PAGE = (Path(__file__).parents[2] / "docs" / "settings.md").read_text()


@pytest.mark.parametrize("kind", KINDS)
def test_the_settings_page_has_the_largest_source_of_each_format(kind: str) -> None:
    # The first table of the page; another one has the memory of the encoders.
    row, *_ = [line for line in PAGE.splitlines() if line.startswith(f"| {kind} |")]

    *_, shown, _ = row.split("|")

    assert shown.strip() == "; ".join(str(largest_megapixels(header)) for header in KINDS[kind])
