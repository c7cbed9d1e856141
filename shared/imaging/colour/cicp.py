"""Makes ICC profiles from CICP colour numbers: ITU-T H.273 (07/2024), tables 2 and 3.

AVIF, HEIC and PNG hold these numbers, and libvips ignores them. Without the profiles, a Display P3
AVIF would come out pale and an HDR one grey.
"""

from functools import cache
from math import exp

from shared.imaging.colour.icc import Curve, Point, Primaries, grey_profile, rgb_profile

D65: Point = (0.3127, 0.3290)
SRGB = Primaries(D65, (0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
PRIMARIES = {
    4: Primaries((0.310, 0.316), (0.67, 0.33), (0.21, 0.71), (0.14, 0.08)),
    5: Primaries(D65, (0.64, 0.33), (0.29, 0.60), (0.15, 0.06)),
    6: Primaries(D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    7: Primaries(D65, (0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    8: Primaries((0.310, 0.316), (0.681, 0.319), (0.243, 0.692), (0.145, 0.049)),
    9: Primaries(D65, (0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    11: Primaries((0.314, 0.351), (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    12: Primaries(D65, (0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    22: Primaries(D65, (0.630, 0.340), (0.295, 0.605), (0.155, 0.077)),
}
BT709 = 1  # the primaries of sRGB
# The transfers of video, and of sRGB: see `srgb_light`.
LIKE_SRGB = frozenset({1, 6, 13, 14, 15})
GAMMA_22, GAMMA_28, LINEAR, PQ, HLG = 4, 5, 8, 16, 18

# ITU-R BT.2408: the reference white of HDR has 203 candela per square metre.
PAPER_WHITE_NITS = 203.0
PEAK_NITS = 1000.0
PQ_NITS = 10_000.0
KNEE = 0.5  # tone mapping starts above this fraction of the reference white


@cache
def profile(primaries: int, transfer: int, *, grey: bool = False) -> bytes | None:
    """Return the ICC profile for colour primaries and transfer; `None` if that is sRGB.

    Viewers take numbers that H.273 does not list, and 2 ("unspecified"), for sRGB.
    """
    curve = CURVES.get(transfer)
    if grey:
        return grey_profile(curve) if curve else None
    if curve is None and primaries not in PRIMARIES:
        return None
    return rgb_profile(PRIMARIES.get(primaries, SRGB), curve or srgb_light)


def is_known(primaries: int, transfer: int) -> bool:
    """Return whether both numbers describe colours that `profile` knows."""
    knows_primaries = primaries == BT709 or primaries in PRIMARIES
    return knows_primaries and (transfer in LIKE_SRGB or transfer in CURVES)


def srgb_light(sample: float) -> float:
    """Return the linear light of an sRGB sample by IEC 61966-2-1; both are from 0 to 1.

    It also serves the curves of video (BT.709, BT.601, BT.2020). Those describe cameras; screens
    show them with the gamma that sRGB was made to match.
    """
    return sample / 12.92 if sample <= 0.04045 else ((sample + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - the standard's figure


def _pq_light(sample: float) -> float:
    """Return the light of a SMPTE ST 2084 sample, tone-mapped to the range of sRGB."""
    root = sample ** (1 / 78.84375)
    nits = PQ_NITS * (max(root - 0.8359375, 0.0) / (18.8515625 - 18.6875 * root)) ** (
        1 / 0.1593017578125
    )
    return _tone_mapped(nits)


def _hlg_light(sample: float) -> float:
    """Return the light of an ITU-R BT.2100 hybrid log-gamma sample, tone-mapped to sRGB's range.

    It is the light of a screen of 1,000 nits. The gamma of 1.2 should apply to the luminance;
    applied to each band, it is close enough for still images.
    """
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = sample * sample / 3 if sample <= 0.5 else (exp((sample - c) / a) + b) / 12  # noqa: PLR2004 - the standard's figure
    return _tone_mapped(PEAK_NITS * scene**1.2)


def _tone_mapped(nits: float) -> float:
    """Return the light from 0 to 1: unchanged up to the knee, and compressed so that peak is 1."""
    light = nits / PAPER_WHITE_NITS
    if light <= KNEE:
        return light
    over = (light - KNEE) / (1 - KNEE)
    peak = (PEAK_NITS / PAPER_WHITE_NITS - KNEE) / (1 - KNEE)
    over = min(over, peak)
    return KNEE + (1 - KNEE) * over * (1 + over / peak**2) / (1 + over)


CURVES: dict[int, Curve] = {
    GAMMA_22: lambda sample: sample**2.2,
    GAMMA_28: lambda sample: sample**2.8,
    LINEAR: lambda sample: sample,
    PQ: _pq_light,
    HLG: _hlg_light,
}
