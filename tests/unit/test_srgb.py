import struct
import tracemalloc
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageCms

from shared.imaging.colour.cicp import SRGB, srgb_light
from shared.imaging.colour.icc import grey_profile, rgb_profile
from shared.imaging.colour.srgb import is_srgb
from tests.support import profiles

pytestmark = pytest.mark.unit

PARAMETRIC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SAMPLED = rgb_profile(SRGB, srgb_light)
OTHERS = {
    "Display P3": profiles.display_p3(),
    "Adobe RGB": profiles.adobe_rgb(),
    "ProPhoto": profiles.prophoto(),
    "grey": grey_profile(srgb_light),
    "sRGB's primaries, gamma 2.2": rgb_profile(SRGB, lambda sample: sample**2.2),
    "sRGB's primaries, no curve": rgb_profile(SRGB, lambda sample: sample),
    "nothing": b"",
}


@pytest.mark.parametrize("profile", [PARAMETRIC, SAMPLED], ids=["parametric", "sampled"])
def test_srgb_is_recognised_by_its_content(profile: bytes) -> None:
    assert is_srgb(profile)


@pytest.mark.parametrize("name", OTHERS)
def test_no_other_profile_passes_for_srgb(name: str) -> None:
    assert not is_srgb(OTHERS[name])


def test_a_profile_with_a_lookup_table_is_not_srgb() -> None:
    at = SAMPLED.index(b"desc", profiles.HEADER_BYTES)
    with_table = SAMPLED[:at] + b"A2B0" + SAMPLED[at + 4 :]

    assert not is_srgb(with_table)


@given(st.integers(0, len(PARAMETRIC)))
def test_a_truncated_profile_is_not_srgb_or_lacks_only_unused_bytes(length: int) -> None:
    # Only unused bytes after the last tag that is read may be missing.
    assert is_srgb(PARAMETRIC[:length]) in {False, length > len(PARAMETRIC) - 64}


@given(st.integers(profiles.HEADER_BYTES, len(PARAMETRIC) - 4), st.integers(0, 2**32 - 1))
def test_a_profile_with_any_number_in_it_never_raises(at: int, number: int) -> None:
    broken = PARAMETRIC[:at] + struct.pack(">I", number) + PARAMETRIC[at + 4 :]

    look = partial(is_srgb, broken)

    assert look() in {True, False}


def test_a_hundred_tags_that_span_the_profile_take_no_memory() -> None:
    size = 1_000_000
    entries = b"".join(struct.pack(">4sII", b"%04d" % at, 0, size) for at in range(97))
    names = (b"rXYZ", b"gXYZ", b"bXYZ")
    table = (
        struct.pack(">I", 100)
        + entries
        + b"".join(struct.pack(">4sII", name, 0, size) for name in names)
    )
    bloated = (SAMPLED[: profiles.HEADER_BYTES] + table).ljust(size, b"\0")

    tracemalloc.start()
    found = is_srgb(bloated)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert not found
    assert peak < size
