"""The codecs that variants are encoded in."""

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
