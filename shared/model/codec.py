"""The codecs that variants are encoded in."""

from collections.abc import Mapping
from enum import StrEnum


class Codec(StrEnum):
    """The codec of a file; each value is the second half of its Content-Type."""

    AVIF = "avif"
    WEBP = "webp"
    JPEG = "jpeg"
    PNG = "png"
    GIF = "gif"

    @property
    def content_type(self) -> str:
        """Return the MIME type."""
        return f"image/{self.value}"


# The longest side, in pixels, that each encoder accepts. The limits of AVIF and JPEG are those of
# libvips and libjpeg, which are below those of the formats:
# https://github.com/libvips/libvips/blob/v8.18.0/libvips/foreign/heifsave.c,
# https://github.com/mozilla/mozjpeg/blob/v4.1.5/jmorecfg.h (JPEG_MAX_DIMENSION),
# https://developers.google.com/speed/webp/faq#maximum_size,
# https://www.w3.org/Graphics/GIF/spec-gif89a.txt (16 bits),
# https://www.w3.org/TR/png-3/#11IHDR (31 bits).
MAX_SIDE: Mapping[Codec, int] = {
    Codec.AVIF: 16_384,
    Codec.WEBP: 16_383,
    Codec.JPEG: 65_500,
    Codec.PNG: 2**31 - 1,
    Codec.GIF: 65_535,
}
