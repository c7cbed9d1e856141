from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.av1 import is_limited_range

pytestmark = pytest.mark.unit

Field = tuple[int, int]  # a value and its number of bits
TEMPORAL_DELIMITER = bytes((2 << 3 | 2, 0))


def packed(fields: list[Field]) -> bytes:
    bits = "".join(f"{value:0{size}b}" for value, size in fields)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def unit(fields: list[Field], *, has_size: bool = True) -> bytes:
    content = packed(fields)
    head = bytes((1 << 3 | has_size << 1,))
    return head + (bytes((len(content),)) if has_size else b"") + content


SIZE: list[Field] = [(7, 4), (7, 4), (63, 8), (47, 8)]
TIMING: list[Field] = [(1, 32), (25, 32), (1, 1), (0b00101, 5)]
MODEL: list[Field] = [(9, 5), (1, 32), (3, 5), (4, 5)]
OPERATING: list[Field] = [(5, 12), (8, 5), (1, 1), (1, 1), (99, 10), (98, 10), (1, 1), (0, 1)]


def still(profile: int = 0) -> list[Field]:
    return [(profile, 3), (1, 1), (1, 1), (4, 5), *SIZE, (0, 3), (0, 3)]


def film(*, timed: bool = True, numbered: bool = True, ordered: bool = True) -> list[Field]:
    start = [(0, 3), (0, 1), (0, 1)]
    points = [(0, 1), (0, 1), (0, 5), (0, 12), (4, 5)]
    if timed:
        points = [(1, 1), *TIMING, (1, 1), *MODEL, (1, 1), (1, 5), *OPERATING, (1, 12), (7, 5)]
        points += [(0, 1), (1, 1), (3, 4)]
    numbers = [(1, 1), (5, 4), (2, 3)] if numbered else [(0, 1)]
    order = [(1, 1), (3, 2), (0, 1), (1, 1), (0, 1), (1, 1), (6, 3)] if ordered else [(0, 1)]
    chosen = [] if ordered else [(1, 1), (1, 1)]
    return [
        *start,
        *points,
        *SIZE,
        *numbers,
        (0, 3),
        (0, 4),
        *order,
        *chosen,
        (0, 3),
    ]


GREY: list[Field] = [(0, 1), (1, 1), (0, 1)]
DEEP_GREY: list[Field] = [(1, 1), (1, 1), (0, 1)]
COLOURS: list[Field] = [(0, 1), (0, 1), (1, 1), (1, 8), (13, 8), (6, 8)]
HEADERS: dict[str, list[Field]] = {
    "a still": [*still(), *GREY],
    "of 10 bits": [*still(), *DEEP_GREY],
    "of colours": [*still(), *COLOURS],
    "of the high profile": [*still(1), (0, 1), (0, 1)],
    "of 12 bits": [*still(2), (1, 1), (1, 1), (1, 1), (0, 1)],
    "a film": [*film(timed=False, numbered=False, ordered=False), *GREY],
    "a film with times": [*film(numbered=False, ordered=False), *GREY],
    "a film with numbers and an order": [*film(), *GREY],
}


@pytest.mark.parametrize("fields", HEADERS.values(), ids=HEADERS.keys())
@pytest.mark.parametrize("is_full", [True, False], ids=["full", "limited"])
def test_the_range_is_found_in_every_form_of_the_header(
    fields: list[Field],
    is_full: bool,  # noqa: FBT001 - a parameter
) -> None:
    data = TEMPORAL_DELIMITER + unit([*fields, (is_full, 1), (0, 7)])

    assert is_limited_range(data) is not is_full


def test_a_header_without_a_length_goes_on_to_the_end() -> None:
    assert is_limited_range(unit([*still(), *GREY, (0, 8)], has_size=False))


def test_rgb_is_of_full_range_without_saying_so() -> None:
    said = [*still(1), (0, 1), (1, 1), (1, 8), (13, 8), (0, 8), (0, 8)]

    assert not is_limited_range(unit(said))


def truncations() -> Iterator[bytes]:
    data = TEMPORAL_DELIMITER + unit([*film(), *GREY])
    yield from (data[:end] for end in range(len(data) - 1))


def test_a_truncated_header_says_nothing() -> None:
    assert not any(map(is_limited_range, truncations()))


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything(data: bytes) -> None:
    assert is_limited_range(data) in {True, False}
