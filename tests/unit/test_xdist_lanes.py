from pathlib import Path

import pytest

from tests.support.xdist_lanes import LONGEST_FIRST, SPLIT, file_of, rank

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("file", [*LONGEST_FIRST, *SPLIT])
def test_a_file_with_a_place_in_the_order_exists(file: str) -> None:
    assert (ROOT / file).is_file()


def test_long_files_begin_first_and_short_tests_of_split_files_come_last() -> None:
    tests = [
        f"{SPLIT[0]}::test_a",
        "tests/unit/test_keys.py::test_b",
        f"{LONGEST_FIRST[1]}::test_c",
        f"{LONGEST_FIRST[0]}::test_d",
    ]

    in_order = [file_of(test) for test in sorted(tests, key=rank)]

    assert in_order == [*LONGEST_FIRST[:2], "tests/unit/test_keys.py", SPLIT[0]]
