"""A PNG or a WebP is rendered only if all its pixels are there."""

import struct
import zlib
from collections.abc import Callable

import pytest
import pyvips
from PIL import Image, ImageChops, ImageStat

from shared.model.errors import Cause
from tests.imaging.rendering import refused, shown
from tests.support import images
from tests.support.images import plain, saved

pytestmark = pytest.mark.imaging

SIZE = (160, 120)
MISSING = {Cause.TRUNCATED, Cause.CORRUPT}
Change = Callable[[bytes], bytes]


def png(**options: object) -> bytes:
    """Return a photo-like PNG as libvips writes it."""
    flat = pyvips.Image.new_from_memory(images.detail(SIZE).tobytes(), *SIZE, 3, "uchar")
    return bytes(flat.copy(interpretation="srgb").pngsave_buffer(**options))


def with_pixels(data: bytes, change: Change) -> bytes:
    """Return a PNG with other compressed data, in one chunk with the right checksum."""
    at, packed, before = 8, b"", data[:8]
    while at < len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IDAT":
            packed += data[at + 8 : end - 4]
        elif not packed:
            before += data[at:end]
        at = end
    changed = change(packed)
    chunk = struct.pack(">I", len(changed)) + b"IDAT" + changed
    return before + chunk + struct.pack(">I", zlib.crc32(chunk[4:])) + data[-12:]


def rows(change: Change) -> Change:
    return lambda packed: zlib.compress(change(zlib.decompress(packed)))


PNGS: dict[str, bytes] = {
    "rows": png(),
    "interlaced": png(interlace=True),
    "palette": png(palette=True),
    "alpha": images.alpha_png(SIZE),
    "16 bits": images.deep_png(SIZE),
}
LOST: dict[str, Change] = {
    "the last third of the rows": rows(lambda raw: raw[: len(raw) * 2 // 3]),
    "the last byte": rows(lambda raw: raw[:-1]),
    "the second half of the data": lambda packed: packed[: len(packed) // 2],
    "the last twentieth of the data": lambda packed: packed[: len(packed) * 19 // 20],
    "all data": lambda packed: packed[:2],
    "zeros from the middle on": lambda packed: packed[: len(packed) // 2].ljust(
        len(packed), b"\0"
    ),
    "eight zeros": lambda packed: packed[:500] + bytes(8) + packed[508:],
    "a wrong checksum": lambda packed: packed[:-4] + b"1234",
}


@pytest.mark.parametrize("change", LOST.values(), ids=LOST.keys())
@pytest.mark.parametrize("data", PNGS.values(), ids=PNGS.keys())
def test_a_png_that_lacks_pixels_is_refused(data: bytes, change: Change) -> None:
    assert refused(with_pixels(data, change)).cause in MISSING


@pytest.mark.parametrize("data", PNGS.values(), ids=PNGS.keys())
def test_a_png_with_more_rows_than_it_declares_is_rendered(data: bytes) -> None:
    more = with_pixels(data, rows(lambda raw: raw + raw[:1000]))

    # The longer file may get another codec.
    wanted, found = (shown(each).convert("RGB") for each in (data, more))
    assert found.size == wanted.size
    assert max(ImageStat.Stat(ImageChops.difference(wanted, found)).mean) < 4


def webp(content: bytes, name: bytes, change: Change) -> bytes:
    """Return a WebP with its chunks of a name changed, also in its frames, and right lengths."""
    return content[:8] + b"WEBP" + _changed(content[12:], name, change)


def _changed(chunks: bytes, name: bytes, change: Change) -> bytes:
    at, out = 0, b""
    while at + 8 <= len(chunks):
        end = at + 8 + int.from_bytes(chunks[at + 4 : at + 8], "little")
        kind, inside = chunks[at : at + 4], chunks[at + 8 : end]
        if kind == name:
            inside = change(inside)
        elif kind == b"ANMF":
            inside = inside[:16] + _changed(inside[16:], name, change)
        out += kind + struct.pack("<I", len(inside)) + inside + bytes(len(inside) % 2)
        at = end + end % 2
    return out


def riff(data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) - 8) + data[8:]


def half_alpha() -> bytes:
    return saved(images.with_alpha(SIZE), "WEBP", lossless=False, quality=80)


WEBPS: dict[str, tuple[bytes, bytes]] = {
    "lossy": (images.webp(SIZE), b"VP8 "),
    "lossless": (saved(images.detail(SIZE), "WEBP"), b"VP8L"),
    "alpha": (half_alpha(), b"ALPH"),  # codespell:ignore alph
    "colours of alpha": (half_alpha(), b"VP8 "),
    "moving": (images.animated_webp(SIZE), b"VP8 "),
}
CUTS: dict[str, Change] = {
    "half": lambda part: part[: len(part) // 2],
    "the last tenth": lambda part: part[: len(part) * 9 // 10],
    "all": lambda part: b"",
}
ZEROED: dict[str, Change] = {
    "zeros from the middle on": lambda part: part[: len(part) // 2].ljust(len(part), b"\0"),
    "zeros in the last tenth": lambda part: part[: len(part) * 9 // 10].ljust(len(part), b"\0"),
}
LOSSY = sorted(name for name, (_, kind) in WEBPS.items() if kind == b"VP8 ")
MOVING_LOSSLESS = saved(
    images.detail(SIZE), "WEBP", save_all=True, append_images=[images.detail(SIZE, seed=2)]
)


@pytest.mark.parametrize("change", CUTS.values(), ids=CUTS.keys())
@pytest.mark.parametrize("case", WEBPS.values(), ids=WEBPS.keys())
def test_a_webp_whose_data_are_cut_is_refused(case: tuple[bytes, bytes], change: Change) -> None:
    assert refused(riff(webp(*case, change))).cause in MISSING


@pytest.mark.parametrize("change", ZEROED.values(), ids=ZEROED.keys())
@pytest.mark.parametrize("name", LOSSY)
def test_a_webp_whose_data_end_in_zeros_is_refused(name: str, change: Change) -> None:
    assert refused(riff(webp(*WEBPS[name], change))).cause in MISSING


@pytest.mark.parametrize("data", [WEBPS["lossless"][0], MOVING_LOSSLESS], ids=["still", "moving"])
def test_a_lossless_webp_of_which_half_is_zeros_is_refused(data: bytes) -> None:
    change = ZEROED["zeros from the middle on"]

    assert refused(riff(webp(data, b"VP8L", change))).cause is Cause.TRUNCATED


def with_plain_rest(colour: tuple[int, int, int]) -> Image.Image:
    picture = plain(colour, size=(1600, 1200))
    picture.paste(images.detail((1600, 150)), (0, 0))
    return picture


def with_nothing_below() -> Image.Image:
    picture = Image.new("RGBA", (1600, 1200))
    picture.paste(images.detail((1600, 150)), (0, 0))
    return picture


PLAIN: dict[str, Image.Image] = {
    "black below": with_plain_rest((0, 0, 0)),
    "white below": with_plain_rest((255, 255, 255)),
    "black": plain((0, 0, 0), size=(1600, 1200)),
    "nothing below": with_nothing_below(),
    "a gradient": Image.linear_gradient("L").resize((1600, 1200)).convert("RGB"),
}


@pytest.mark.parametrize("quality", [1, 80, 100])
@pytest.mark.parametrize("picture", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_picture_is_not_taken_for_zeros(picture: Image.Image, quality: int) -> None:
    data = saved(picture, "WEBP", lossless=False, quality=quality)

    assert shown(data).size == picture.size


@pytest.mark.parametrize("method", [0, 4])
@pytest.mark.parametrize("picture", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_lossless_picture_is_not_taken_for_zeros(
    picture: Image.Image, method: int
) -> None:
    data = saved(picture, "WEBP", method=method, quality=0)

    assert shown(data).size == picture.size
