"""Sources whose colours or alpha are described in an unusual way."""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import partial

import pyvips
from PIL import Image

from tests.support import images, images_of_ink, profiles
from tests.support import images_by_hand as by_hand
from tests.support.hand import heif

SIZE = (64, 64)
COLOUR, INK = (200, 120, 90), (20, 160, 180, 10)
Chunk = tuple[bytes, bytes]

PROFILE: Chunk = (b"iCCP", b"adobe\0\0" + zlib.compress(profiles.adobe_rgb()))
BROKEN: Chunk = (b"iCCP", b"broken\0\0" + zlib.compress(b"garbage" * 30))
P3: Chunk = (b"cICP", bytes((12, 13, 0, 1)))
SRGB: Chunk = (b"cICP", bytes((1, 13, 0, 1)))
UNSPECIFIED: Chunk = (b"cICP", bytes((2, 2, 0, 1)))
LIMITED: Chunk = (b"cICP", bytes((12, 13, 0, 0)))
LINEAR: Chunk = (b"gAMA", struct.pack(">I", 100_000))
USUAL: Chunk = (b"gAMA", struct.pack(">I", 45_455))
NEARLY_USUAL: Chunk = (b"gAMA", struct.pack(">I", 47_000))
SRGB_CHUNK: Chunk = (b"sRGB", b"\0")
PRIMARIES: Chunk = (
    b"cHRM",
    struct.pack(">8I", 31_270, 32_900, 68_000, 32_000, 26_500, 69_000, 15_000, 6_000),
)
DESCRIPTIONS: Mapping[str, tuple[Chunk, ...]] = {
    "numbers and a profile": (P3, PROFILE),
    "a profile and numbers": (PROFILE, P3),
    "numbers of srgb and a profile": (SRGB, PROFILE),
    "unspecified numbers and a profile": (UNSPECIFIED, PROFILE),
    "numbers of limited range and a profile": (LIMITED, PROFILE),
    "srgb and a profile": (SRGB_CHUNK, PROFILE),
    "srgb and a gamma": (SRGB_CHUNK, LINEAR),
    "a broken profile and a gamma": (BROKEN, LINEAR),
    "a gamma": (LINEAR,),
    "nearly the usual gamma": (NEARLY_USUAL,),
    "a gamma and primaries": (USUAL, PRIMARIES),
    "primaries alone": (PRIMARIES,),
}
PROFILES = {
    "display p3": profiles.display_p3(),
    "display p3 of version 4": bytes(pyvips.Image.profile_load("p3")),
    "prophoto": profiles.prophoto(),
    "a table to lab": profiles.table_to_lab(),
    "a profile of grey": profiles.grey(1.8),
}
REFUSED = {("AVIF", "a profile of grey")}  # Chromium shows no such file
NUMBERS = {"p3": (12, 13), "bt.2020": (9, 1), "linear": (1, 8), "unlisted": (99, 99)}


def kinds() -> Mapping[str, Callable[[], bytes]]:
    """Return the makers of the sources by name."""
    return {
        **{
            f"png of {bits} bits with {name}": _png(bits, chunks)
            for name, chunks in DESCRIPTIONS.items()
            for bits in (8, 16)
        },
        **{f"avif of {name}": _avif(*numbers) for name, numbers in NUMBERS.items()},
        **_ALPHAS,
        **{
            f"{name.lower()} with {profile}": partial(_profiled, name, PROFILES[profile])
            for name in ("JPEG", "PNG", "WEBP", "AVIF")
            for profile in PROFILES
            if (name, profile) not in REFUSED
        },
        "avif of numbers and a profile": _avif_of_both,
        "ink with adobe": lambda: images_of_ink.by_adobe(INK),
        "ink without adobe": lambda: images_of_ink.without_adobe(INK),
        "ink in ycck": lambda: images_of_ink.ycck(INK),
        "grey with a profile of rgb": _grey,
    }


def _png(bits: int, chunks: tuple[Chunk, ...]) -> Callable[[], bytes]:
    code, factor = ("B", 1) if bits == 8 else ("H", 257)
    row = struct.pack(f">3{code}", *(factor * each for each in COLOUR)) * by_hand.SIDE
    return lambda: by_hand.png(by_hand.RGB, bits, row, before=chunks)


def _plain() -> heif.Coded:
    return heif.avif(images.plain(COLOUR, size=SIZE))


def _avif(primaries: int, transfer: int) -> Callable[[], bytes]:
    said = heif.numbers(primaries, transfer, 6, is_full=True)
    return lambda: heif.file(_plain(), colours=[said])


def _avif_of_both() -> bytes:
    profile = heif.profile(profiles.adobe_rgb())
    return heif.file(_plain(), colours=[heif.numbers(1, 13, 6, is_full=True), profile])


def _profiled(format_name: str, profile: bytes) -> bytes:
    return images.saved(images.plain(COLOUR, size=SIZE), format_name, icc_profile=profile)


def _grey() -> bytes:
    return images.saved(images.plain(100, "L"), "JPEG", icc_profile=profiles.prophoto())


def _plane() -> Image.Image:
    """Return an alpha plane of four quarters, one of them opaque.

    No quarter is half opaque: Chromium 156 stretches alpha of full range, too, and makes 130 of
    128.
    """
    quarters = bytes((255, 0, 0, 0))
    return Image.frombytes("L", (2, 2), quarters).resize(SIZE, Image.Resampling.NEAREST)


_ALPHAS: Mapping[str, Callable[[], bytes]] = {
    "avif with premultiplied alpha": lambda: heif.file(
        heif.avif(images.plain((100, 60, 45), size=SIZE)),
        heif.avif(images.plain(128, "L", SIZE)),
        is_premultiplied=True,
    ),
    "avif with alpha of limited range": lambda: heif.file(
        _plain(), heif.limited_avif_plane(_plane())
    ),
    "avif with alpha that is not turned": lambda: heif.file(
        heif.avif(images.corners(SIZE)), heif.avif(_plane()), said=(heif.rotation(1),)
    ),
    "avif with alpha that is not mirrored": lambda: heif.file(
        heif.avif(images.corners(SIZE)), heif.avif(_plane()), said=(heif.mirroring(1),)
    ),
    "grey avif of limited range": lambda: heif.file(
        heif.limited_avif_plane(images.plain(180, "L", SIZE)),
        colours=[heif.numbers(1, 13, 6, is_full=False)],
    ),
    "grey avif with a profile": lambda: heif.file(
        heif.avif_plane(images.plain(100, "L", SIZE)), colours=[heif.profile(profiles.grey(1.8))]
    ),
}
