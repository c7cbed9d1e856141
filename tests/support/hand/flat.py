"""A zlib stream of gigabytes of zeros."""

import struct
import zlib

BLOCK = 1 << 20


def zeros(count: int) -> bytes:
    """Return a zlib stream of any number of zero bytes, in a few milliseconds.

    A full flush makes a block independent of what came before, so that one can be repeated.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(bytes(BLOCK)) + packer.flush(zlib.Z_FULL_FLUSH)
    last = zlib.compressobj(9, zlib.DEFLATED, -15)
    rest = last.compress(bytes(count % BLOCK)) + last.flush()
    checksum = (count % 65521) << 16 | 1  # Adler-32 of zeros: RFC 1950
    return b"\x78\xda" + block * (count // BLOCK) + rest + struct.pack(">I", checksum)
