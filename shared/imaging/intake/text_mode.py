"""Refuses pictures that were transferred or stored as if they were text.

A transfer in text mode writes CR before each LF, and a text decoder turns each byte above 127 into
two or three. Compressed data never looks like that by chance: a file has hundreds of such bytes.
A decoder would call it truncated or corrupt, or publish a BMP or a HEIC with wrong pixels.
"""

from shared.model.errors import NotAnImage

SPOILT = "a picture that was changed as if it were text: upload it in binary mode"
SAMPLE_BYTES = 1 << 20
MIN_LINE_ENDS, MIN_CHARACTERS = 8, 32
ASCII = 128
# Their strips and rows may be stored as they are, so that a flat colour could look like text. A
# spoilt TIFF does not open, because its offsets are wrong; a spoilt BMP is too long.
WITHOUT_COMPRESSION = frozenset({"bmp", "tiff"})
BMP_SIZE = slice(2, 6)


def refuse_text_mode(name: str, data: bytes) -> None:
    """Raise `NotAnImage` if a file of the named format has the line ends or bytes of a text."""
    if name in WITHOUT_COMPRESSION and not _is_long_bmp(name, data):
        return
    sample = data[:SAMPLE_BYTES]
    if _has_line_ends_of_text(sample) or _is_decoded_text(sample):
        raise NotAnImage(f"Expected an image, got {SPOILT}.", stage="probe")


def _is_long_bmp(name: str, data: bytes) -> bool:
    return name == "bmp" and len(data) > int.from_bytes(data[BMP_SIZE], "little") > 0


def _has_line_ends_of_text(sample: bytes) -> bool:
    line_ends = sample.count(b"\n")
    return line_ends >= MIN_LINE_ENDS and line_ends == sample.count(b"\r\n")


def _is_decoded_text(sample: bytes) -> bool:
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        if error.start < len(sample) - 3 or len(sample) < SAMPLE_BYTES:
            return False
    return sum(byte >= ASCII for byte in sample[: SAMPLE_BYTES // 16]) >= MIN_CHARACTERS
