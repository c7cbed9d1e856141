import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.formats.hevc import is_limited_range

pytestmark = pytest.mark.unit

Bits = str


def fixed(value: int, size: int) -> Bits:
    return f"{value:0{size}b}"


def golomb(*values: int) -> Bits:
    return "".join("0" * ((each + 1).bit_length() - 1) + f"{each + 1:b}" for each in values)


# No scaling lists, no PCM, no sets, no long-term pictures.
PLAIN = "0" + "00" + "0" + golomb(0) + "0" + "00"


def parameters(
    further_layers: int = 0,
    *,
    chroma: int = 0,
    window: bool = False,
    ordered: bool = True,
    tools: Bits = PLAIN,
) -> Bits:
    """Return sequence parameters up to the flag of the video usability information."""
    profile = fixed(0, 96)
    if further_layers:
        profile += "10" + "11" * (further_layers - 1) + fixed(0, 2 * (8 - further_layers))
        profile += fixed(0, 88) + fixed(0, 96 * (further_layers - 1))
    return (
        fixed(0, 4)
        + fixed(further_layers, 3)
        + "1"
        + profile
        + golomb(0, chroma)
        + ("1" if chroma == 3 else "")
        + golomb(63, 47)
        + ("1" + golomb(0, 3, 0, 2) if window else "0")
        + golomb(2, 2, 4)
        + fixed(ordered, 1)
        + golomb(*(5, 2, 1) * (further_layers + 1 if ordered else 1))
        + golomb(0, 3, 0, 3, 1, 2)
        + tools
    )


LISTS = "".join(
    ("0" + golomb(0)) if at % 2 else ("1" + golomb(*[at % 5] * (coefficients + dc)))
    for coefficients, dc, count in ((16, 0, 6), (64, 0, 6), (64, 1, 6), (64, 1, 2))
    for at in range(count)
)
EXPLICIT_SETS = (
    golomb(2) + golomb(2, 1) + (golomb(3) + "1") * 3 + "0" + golomb(0, 1) + golomb(7) + "0"
)
PREDICTED_SETS = (
    golomb(2) + golomb(1, 1) + (golomb(3) + "1") * 2 + "1" + "0" + golomb(2) + "1" + "01" + "00"
)
FORMS: dict[str, Bits] = {
    "plain": parameters(),
    "4:4:4": parameters(chroma=3),
    "a window": parameters(window=True),
    "layers": parameters(3),
    "layers of one order": parameters(3, ordered=False),
    "scaling lists": parameters(tools="11" + LISTS + "00" + "0" + golomb(0) + "0" + "00"),
    "usual scaling lists": parameters(tools="10" + "00" + "0" + golomb(0) + "0" + "00"),
    "pcm": parameters(
        tools="0" + "00" + "1" + fixed(0x77, 8) + golomb(1, 2) + "1" + golomb(0) + "0" + "00"
    ),
    "sets": parameters(tools="0" + "00" + "0" + EXPLICIT_SETS + "0" + "00"),
    "predicted sets": parameters(tools="0" + "00" + "0" + PREDICTED_SETS + "0" + "00"),
    "long-term pictures": parameters(
        tools="0" + "00" + "0" + golomb(0) + "1" + golomb(2) + (fixed(9, 8) + "1") * 2 + "00"
    ),
}
USABILITY = {
    "signal": "1" + "0" + "0",
    "an aspect": "1" + "1" + fixed(1, 8) + "0",
    "a wide aspect": "1" + "1" + fixed(255, 8) + fixed(4, 16) + fixed(3, 16) + "11",
}


def without_start_codes(content: bytes) -> bytes:
    """Return content with a 3 between two zeros and a byte of at most 3."""
    made = bytearray()
    for each in content:
        if made.endswith(b"\0\0") and each <= 3:
            made.append(3)
        made.append(each)
    return bytes(made)


def configuration(bits: Bits) -> bytes:
    """Return an `hvcC` of parameters, with other parameters before them."""
    bits += "0" * (-len(bits) % 8)
    content = int(bits, 2).to_bytes(len(bits) // 8, "big")
    unit = bytes((33 << 1, 1)) + without_start_codes(content)
    before = bytes((32,)) + struct.pack(">HH", 1, 2) + b"\x40\x01"
    after = bytes((33,)) + struct.pack(">HH", 1, len(unit)) + unit
    return bytes(22) + bytes((2,)) + before + after


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
@pytest.mark.parametrize("usability", USABILITY.values(), ids=USABILITY.keys())
@pytest.mark.parametrize("is_full", [True, False], ids=["full", "limited"])
def test_the_range_is_found_in_every_form_of_the_parameters(
    form: Bits,
    usability: Bits,
    is_full: bool,  # noqa: FBT001 - a parameter
) -> None:
    data = configuration(form + usability + "1" + fixed(5, 3) + fixed(is_full, 1) + "0" * 40)

    assert is_limited_range(data) is not is_full


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_parameters_that_say_nothing_about_the_range_are_of_full_range(form: Bits) -> None:
    assert not is_limited_range(configuration(form + "0" + "0" * 40))
    assert not is_limited_range(configuration(form + USABILITY["an aspect"] + "0" + "0" * 40))


def test_a_truncated_configuration_says_nothing() -> None:
    data = configuration(parameters() + USABILITY["signal"] + "1" + fixed(5, 3))

    assert not any(is_limited_range(data[:end]) for end in range(len(data)))


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything(data: bytes) -> None:
    assert is_limited_range(data) in {True, False}
    assert is_limited_range(bytes(22) + b"\1\x21\0\1\1\0" + data) in {True, False}
