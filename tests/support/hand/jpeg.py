"""JPEG: ITU-T T.81."""

import struct


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def table(kind: int, *symbols: int) -> bytes:
    """Return a Huffman table that gives each of up to 128 symbols eight bits, one symbol one."""
    length = 1 if len(symbols) == 1 else 8
    counts = [len(symbols) if bits == length else 0 for bits in range(1, 17)]
    return segment(0xC4, bytes([kind, *counts, *symbols]))


def jpeg(
    width: int, height: int, *, components: int = 1, marker: int = 0xC0, scans: bytes = b""
) -> bytes:
    """Return a JPEG header with tables and `scans`; marker 0xC0 is baseline, 0xC2 progressive."""
    parts = b"".join(bytes([number, 0x11, 0]) for number in range(1, components + 1))
    frame = struct.pack(">BHHB", 8, height, width, components) + parts
    tables = segment(0xDB, bytes([0]) + bytes([1] * 64)) + table(0x00, 0)
    return b"\xff\xd8" + tables + segment(marker, frame) + scans + b"\xff\xd9"


def scan(components: int, first: int, last: int, bits: int, data: bytes) -> bytes:
    """Return one scan of the first `components`; `bits` is the successive approximation.

    Its high nibble comes first. A scan of AC coefficients is of the last of the components only.
    """
    numbers = range(1, components + 1) if first == 0 else (components,)
    parts = b"".join(bytes([number, 0]) for number in numbers)
    return segment(0xDA, bytes([len(numbers)]) + parts + bytes([first, last, bits])) + data


def flat(width: int, height: int, *, components: int = 1) -> bytes:
    """Return a grey baseline JPEG: two bits a block."""
    blocks = -(-width // 8) * -(-height // 8) * components
    pixels = scan(components, 0, 63, 0, bytes(blocks * 2 // 8 + 1))
    return jpeg(width, height, components=components, scans=table(0x10, 0) + pixels)


def progressive(width: int, height: int, *, components: int = 1, scans: int = 1) -> bytes:
    """Return a grey progressive JPEG: one bit a block, and further scans of nearly no bytes.

    Those have nothing but runs of up to 32,767 empty blocks, which a decoder walks through one by
    one. There is one for each component, as a whole file must have, and more until there are
    `scans`.
    """
    blocks = -(-width // 8) * -(-height // 8)
    first = scan(components, 0, 0, 0, bytes(blocks * components // 8 + 1))
    runs = runs_of(blocks)
    bits = min(run.bit_length() for run in runs) - 1
    # A bit 0 for the only symbol (a run of 2^bits and more), then how many more.
    text = "".join(f"0{run - (1 << bits):0{bits}b}" if bits else "0" for run in runs)
    text += "1" * (-len(text) % 8)
    packed = int(text, 2).to_bytes(len(text) // 8, "big").replace(b"\xff", b"\xff\x00")
    each = [scan(number, 1, 63, 0x00, packed) for number in range(1, components + 1)]
    further = table(0x10, bits << 4) + b"".join(each) + each[-1] * (scans - 1 - components)
    return jpeg(width, height, components=components, marker=0xC2, scans=first + further)


def runs_of(blocks: int) -> list[int]:
    """Return runs of as many blocks, all of which one symbol can name."""
    longest, middle = (1 << 15) - 1, 1 << 14
    runs = [longest] * (blocks // longest)
    rest = blocks % longest
    if rest and runs and rest < middle:
        runs[-1:] = [middle]
        rest += longest - middle
    return [*runs, rest] if rest else runs


def with_segments(marker: int, data: bytes, count: int) -> bytes:
    """Return a small JPEG with equal segments before its frame."""
    whole = flat(400, 300)
    return whole[:2] + segment(marker, data) * count + whole[2:]
