"""Makes JPEGs of one colour in CMYK, in the forms in which programs write it."""

from PIL import Image

from tests.support.images import plain, saved

Ink = tuple[int, ...]


def by_adobe(ink: Ink, **options: object) -> bytes:
    """Return a JPEG of inverted inks with an Adobe segment, as Photoshop writes it."""
    return saved(plain(ink, "CMYK"), "JPEG", subsampling=0, **options)


def without_adobe(ink: Ink) -> bytes:
    """Return the same inks without an Adobe segment."""
    data = by_adobe(ink)
    at = data.index(b"Adobe") - 4
    return data[:at] + data[at + 2 + int.from_bytes(data[at + 2 : at + 4], "big") :]


def ycck(ink: Ink, **options: object) -> bytes:
    """Return a JPEG whose inks are stored as luma, chroma and black: transform 2 of Adobe."""
    lightness = Image.new("RGB", (1, 1), ink[:3]).convert("YCbCr").getpixel((0, 0))
    assert isinstance(lightness, tuple)
    data = bytearray(by_adobe((*(255 - each for each in lightness), ink[3]), **options))
    transform = data.index(b"Adobe") + 11
    assert data[transform] == 0
    data[transform] = 2
    return bytes(data)
