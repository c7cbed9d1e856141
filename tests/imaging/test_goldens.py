"""Rendered images match pixels that were written by hand, and golden images."""

import pytest

from tests.imaging.golden_cases import CASES
from tests.imaging.golden_files import FOLDER, Case, change, contradictions, drawn_shots, shots

pytestmark = pytest.mark.imaging

MOST_BYTES, MOST_BYTES_OF_ONE = 60_000, 3_000


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_rendered_image_meets_its_case_and_its_golden_image(case: Case) -> None:
    taken = list(shots(case))

    assert [said for shot in taken for said in contradictions(case, shot)] == []
    assert [said for shot in taken if (said := change(case, shot))] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_exact_files_of_a_drawing_meet_its_case_and_its_golden_image(case: Case) -> None:
    taken = list(drawn_shots(case))

    assert [said for shot in taken for said in contradictions(case, shot)] == []
    assert [said for shot in taken if (said := change(case, shot))] == []


def test_every_golden_image_has_a_case_and_is_small() -> None:
    found = {path: path.stat().st_size for path in FOLDER.iterdir()}

    goldens = {case.golden for case in CASES}
    assert goldens <= found.keys() <= goldens | {case.webp_golden for case in CASES}
    assert max(found.values()) <= MOST_BYTES_OF_ONE
    assert sum(found.values()) <= MOST_BYTES
