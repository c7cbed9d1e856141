"""Corrects the header of an animated WebP: RFC 9649, section 2.7."""

# "RIFF", the file's size, "WEBP", and the name and size of the first chunk.
FLAGS_AT = 20
EXTENDED = b"VP8X"
HAS_ALPHA = 0x10


def with_alpha(data: bytes) -> bytes:
    """Return an animation whose header says that it has alpha.

    libwebp says so only if a frame has alpha of its own. A canvas is also transparent where a
    frame was cleared, and programs that trust the header show black there.
    """
    if data[FLAGS_AT - 8 : FLAGS_AT - 4] != EXTENDED or data[FLAGS_AT] & HAS_ALPHA:
        return data
    return data[:FLAGS_AT] + bytes([data[FLAGS_AT] | HAS_ALPHA]) + data[FLAGS_AT + 1 :]
