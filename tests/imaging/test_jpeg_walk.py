"""The walk finds the damage in a scan, finds none in an intact one, and survives hostile bytes."""

from collections.abc import Callable
from io import BytesIO
from itertools import product
from random import Random

import pytest
from PIL import Image

from shared.imaging.native.jpeg_walk import IS_BUILT, Finding, Walk, walk
from tests.support import images
from tests.support.hand import jpeg as by_hand
from tests.support.hand.jpeg_scans import (
    AC_SYMBOLS,
    DC_SYMBOLS,
    TABLES,
    Block,
    Layout,
    generator,
    packed,
    random_block,
    table,
)

pytestmark = pytest.mark.imaging

SAMPLINGS = {
    "grey": ((1, 1),),
    "grey, sampled twice": ((2, 2),),
    "4:4:4": ((1, 1),) * 3,
    "4:2:2": ((2, 1), (1, 1), (1, 1)),
    "4:4:0": ((1, 2), (1, 1), (1, 1)),
    "4:2:0": ((2, 2), (1, 1), (1, 1)),
    "4:1:1": ((4, 1), (1, 1), (1, 1)),
    "4:1:0": ((4, 2), (1, 1), (1, 1)),
    "3 to 1": ((3, 1), (1, 1), (1, 1)),
    "chroma taller": ((2, 1), (1, 2), (1, 2)),
    "CMYK": ((1, 1),) * 4,
    "CMYK, 4:2:0": ((2, 2), (1, 1), (1, 1), (2, 2)),
}
SIZES = ((1, 1), (8, 8), (17, 9), (64, 40), (129, 33))


def test_the_library_is_built() -> None:
    assert IS_BUILT, "Run `make setup`, or `.venv/bin/python -m scripts.package.native`."


@pytest.mark.parametrize("factors", SAMPLINGS.values(), ids=SAMPLINGS.keys())
@pytest.mark.parametrize("restart", [0, 1, 7])
def test_every_sampling_is_walked(factors: tuple[tuple[int, int], ...], restart: int) -> None:
    for number, (width, height) in enumerate(SIZES):
        layout = Layout(width, height, factors)
        data = layout.interleaved(generator(number), restart=restart)

        found = walk(data)

        assert found.finding is Finding.INTACT
        assert found.mcus == layout.mcus
        assert Image.open(BytesIO(data)).size == (width, height)


@pytest.mark.parametrize("factors", SAMPLINGS.values(), ids=SAMPLINGS.keys())
def test_scans_of_single_components_are_walked(factors: tuple[tuple[int, int], ...]) -> None:
    for number, (width, height) in enumerate(SIZES):
        found = walk(Layout(width, height, factors).separate(generator(number)))

        assert found.finding is Finding.INTACT
        assert found.scan == len(factors)


WRITTEN = list(
    product(
        ("RGB", "L", "CMYK"),
        (1, 30, 75, 95, 100),
        ({}, {"progressive": True}, {"restart_marker_blocks": 5}, {"optimize": True}),
    )
)


@pytest.mark.parametrize(("mode", "quality", "options"), WRITTEN)
def test_what_libjpeg_writes_is_intact(
    mode: str, quality: int, options: dict[str, object]
) -> None:
    for size, subsampling in product(((1, 1), (65, 130), (640, 479)), (0, 1, 2)):
        out = BytesIO()
        picture = images.detail(size, seed=quality).convert(mode)
        picture.save(out, "JPEG", quality=quality, subsampling=subsampling, **options)

        assert walk(out.getvalue()).finding is Finding.INTACT


WIDE = Layout(64, 64)
PLAIN = Block().bits
NO_CODE = "1" * 16


def in_the_middle(bits: str) -> bytes:
    """Return a grey file of 64 blocks that has other bits after the first 20."""
    return WIDE.head() + WIDE.scan(packed(PLAIN * 20 + bits + PLAIN * 43)) + b"\xff\xd9"


def coded(number: int) -> str:
    return f"{number:08b}"


FOUND: dict[str, tuple[bytes, Finding]] = {
    "bits that are no code": (in_the_middle(NO_CODE), Finding.INVALID_CODE),
    "a run that no block has": (
        in_the_middle(PLAIN[:8] + (coded(AC_SYMBOLS.index(0xF1)) + "1") * 4),
        Finding.TOO_MANY_COEFFICIENTS,
    ),
    "runs of zeros beyond the block": (
        in_the_middle(PLAIN[:8] + coded(AC_SYMBOLS.index(0xF0)) * 5),
        Finding.TOO_MANY_COEFFICIENTS,
    ),
    "brighter than white": (in_the_middle(Block(1100).bits), Finding.OUT_OF_RANGE),
    "darker than black": (in_the_middle(Block(-1100).bits), Finding.OUT_OF_RANGE),
    "a block too few": (in_the_middle(""), Finding.MISSING),
    "a block too many": (in_the_middle(PLAIN * 2), Finding.LEFT_OVER),
    "many bytes too many": (in_the_middle(PLAIN + PLAIN * 300), Finding.LEFT_OVER),
}


@pytest.mark.parametrize(("data", "finding"), FOUND.values(), ids=FOUND.keys())
def test_damage_is_found(data: bytes, finding: Finding) -> None:
    assert walk(data).finding is finding


def test_the_place_is_found() -> None:
    found = walk(in_the_middle(NO_CODE))

    assert (found.scan, found.mcu, found.mcus) == (1, 20, 64)
    assert found.detail == "Expected a Huffman code at MCU 21 of 64 in scan 1, got other bits."


def test_missing_mcus_are_counted() -> None:
    data = WIDE.head() + WIDE.scan(packed(PLAIN * 52))

    found = walk(data)

    assert found.is_end_of_data
    assert found.detail == "Expected all 64 MCUs of scan 1: the last 12 are missing."


INTERVALS = [packed(PLAIN * 32), packed(PLAIN * 32)]


@pytest.mark.parametrize(
    ("between", "finding"),
    [
        (b"\xff\xd0", Finding.INTACT),
        (b"\x12\x34\xff\xff\xff\xd0", Finding.INTACT),
        (b"\xff\xd1", Finding.BAD_RESTART),
        (b"", Finding.LEFT_OVER),
        (b"\xff\xd9", Finding.BAD_RESTART),
    ],
)
def test_restart_markers_must_be_there(between: bytes, finding: Finding) -> None:
    head = WIDE.head(restart=32)

    assert walk(head + WIDE.scan(between.join(INTERVALS)) + b"\xff\xd9").finding is finding


@pytest.mark.parametrize(
    "rest",
    [b"", b"\x12", b"\0\0\0", bytes(512), b"\xff\xff", b"\xff\x00\xff\x00", b"\x55" * 100],
    ids=bytes.hex,
)
def test_a_few_spare_bytes_are_harmless(rest: bytes) -> None:
    data = images.jpeg((320, 240))

    assert walk(data.removesuffix(b"\xff\xd9") + rest).finding is Finding.INTACT
    assert walk(data.removesuffix(b"\xff\xd9") + rest + b"\xff\xd9").finding is Finding.INTACT


def test_a_padding_of_zeros_is_harmless() -> None:
    bits = PLAIN * 63 + Block(1).bits
    zeros = int(bits + "0" * (-len(bits) % 8), 2).to_bytes(-(-len(bits) // 8), "big")

    assert walk(WIDE.head() + WIDE.scan(zeros) + b"\xff\xd9").finding is Finding.INTACT


def shifted(levels: int, *, at: int, random: Random, columns: int = 80, rows: int = 20) -> bytes:
    """Return a grey file whose brightness changes by some levels from one block on.

    Before, it falls evenly from left to right, and neighbouring blocks differ a little.
    """
    layout, level, bits = Layout(8 * columns, 8 * rows), 0, ""
    for number in range(columns * rows):
        wanted = random.randint(-4, 4) - 2 * (number % columns)
        wanted += levels * 8 if number >= at else 0
        bits += Block(wanted - level).bits
        level = wanted
    return layout.head() + layout.scan(packed(bits)) + b"\xff\xd9"


@pytest.mark.parametrize("levels", [-60, -12, 12, 60])
@pytest.mark.parametrize("row", [1, 7, 15])
def test_a_shift_of_brightness_is_found(levels: int, row: int) -> None:
    found = walk(shifted(levels, at=row * 80 + 33, random=generator(row)))

    assert (found.finding, found.mcu) == (Finding.SHIFTED, row * 80 + 33)


@pytest.mark.parametrize("column", [0, 1, 79])
def test_a_picture_of_two_halves_is_intact(column: int) -> None:
    """A change at the beginning of a row is an edge, as a film's black bars have."""
    assert walk(shifted(30, at=5 * 80 + column, random=generator(1))).finding is Finding.INTACT


def saved(picture: Image.Image, **options: object) -> bytes:
    out = BytesIO()
    picture.save(out, "JPEG", **options)
    return out.getvalue()


@pytest.mark.parametrize("quality", [10, 50, 85, 100])
@pytest.mark.parametrize(("tile", "subsampling"), [(8, 0), (8, 1), (16, 2)])
@pytest.mark.parametrize("ground", [(240, 240, 245), (80, 60, 30)])
@pytest.mark.parametrize("at", [0.25, 0.5, 0.75])
def test_a_step_by_one_mcu_in_a_drawing_is_intact(
    at: float, ground: tuple[int, int, int], tile: int, subsampling: int, quality: int
) -> None:
    """Two panels of a page, or the ground in a game: both edges are borders of MCUs."""
    column = int(1024 * at)
    picture = Image.new("RGB", (1024, 512), "white")
    picture.paste(ground, (column, 10 * tile, 1024, 512))
    picture.paste(ground, (0, 11 * tile, column, 512))
    # What is above the edge varies, what is below it does not.
    striped = picture.copy()
    for left in range(0, 1024, 96):
        top = 10 if left >= column else 11
        striped.paste((225, 250, 235), (left, 0, left + 48, top * tile))

    for each in (picture, striped):
        walked = walk(saved(each, quality=quality, subsampling=subsampling))
        assert walked.finding is Finding.INTACT


def test_windows_on_a_screen_are_intact() -> None:
    """Boxes whose edges are borders of MCUs, as in screen shots."""
    random = generator(3)
    for _ in range(60):
        picture = Image.new("L", (1024, 512), 230)
        for _ in range(random.randint(1, 12)):
            left, top = 8 * random.randrange(128), 8 * random.randrange(64)
            right, bottom = (
                8 * random.randint(left // 8 + 1, 128),
                8 * random.randint(top // 8, 64),
            )
            picture.paste(random.randrange(256), (left, top, right, bottom))
        out = BytesIO()
        picture.save(out, "JPEG", quality=random.choice((60, 90)))

        assert walk(out.getvalue()).finding is Finding.INTACT


LARGE_SCAN_BYTES = 400
# Of the scans that libjpeg writes; those before it bring coefficients for the first time.
FIRST_REFINEMENT = 5
PROGRESSIVE = BytesIO()
images.detail((640, 480)).save(PROGRESSIVE, "JPEG", quality=85, progressive=True)


def scans_of(data: bytes) -> list[tuple[int, int]]:
    """Return where the data of each scan begins and ends."""
    starts = [at for at in range(len(data) - 1) if data[at : at + 2] == b"\xff\xda"]
    ends = [*starts[1:], len(data)]
    return list(zip(starts, ends, strict=True))


LARGE_SCANS = [
    number
    for number, (start, end) in enumerate(scans_of(PROGRESSIVE.getvalue()))
    if end - start > LARGE_SCAN_BYTES
]


def without_three_bytes(number: int) -> list[Walk]:
    """Return what is found if a scan of the progressive file has lost bytes, at eight places."""
    data = PROGRESSIVE.getvalue()
    start, end = scans_of(data)[number]
    middle = (start + end) // 2
    return [walk(data[: middle + at] + data[middle + at + 3 :]) for at in range(8)]


@pytest.mark.parametrize("number", [each for each in LARGE_SCANS if each < FIRST_REFINEMENT])
def test_lost_bytes_of_a_first_scan_of_coefficients_are_found(number: int) -> None:
    damage = [each for each in without_three_bytes(number) if each.finding is not Finding.INTACT]

    assert {each.scan for each in damage} == {number + 1}
    assert len(damage) >= 6


@pytest.mark.parametrize("number", [each for each in LARGE_SCANS if each >= FIRST_REFINEMENT])
def test_lost_bytes_of_a_refinement_are_often_found(number: int) -> None:
    """Half of a refinement is corrections of one bit, of which any is possible."""
    found = without_three_bytes(number)

    assert sum(each.finding is not Finding.INTACT for each in found) >= 2


def changed(data: bytes, at: int, *values: int) -> bytes:
    return data[:at] + bytes(values) + data[at + len(values) :]


SMALL = Layout(32, 16, SAMPLINGS["4:2:0"]).interleaved(generator(0))
FRAME, SCAN, TABLE = (SMALL.index(bytes([0xFF, marker])) for marker in (0xC0, 0xDA, 0xC4))
HOSTILE: dict[str, bytes] = {
    "12 bits": changed(SMALL, FRAME + 4, 12),
    "arithmetic coding": changed(SMALL, FRAME + 1, 0xC9),
    "lossless": changed(SMALL, FRAME + 1, 0xC3),
    "no height": changed(SMALL, FRAME + 5, 0, 0),
    "no width": changed(SMALL, FRAME + 7, 0, 0),
    "no components": changed(SMALL, FRAME + 9, 0),
    "200 components": changed(SMALL, FRAME + 9, 200),
    "a sampling factor of 0": changed(SMALL, FRAME + 11, 0x02),
    "a sampling factor of 5": changed(SMALL, FRAME + 11, 0x25),
    "sampling factors of more than ten blocks": changed(SMALL, FRAME + 11, 0x44),
    "quantisation table 7": changed(SMALL, FRAME + 12, 7),
    "a second frame": SMALL[:SCAN] + SMALL[FRAME:],
    "a scan before its frame": SMALL[:2] + SMALL[SCAN:],
    "a scan of no component": changed(SMALL, SCAN + 4, 0),
    "a scan of an unknown component": changed(SMALL, SCAN + 5, 99),
    "a component twice": changed(SMALL, SCAN + 7, 1),
    "table 5": changed(SMALL, SCAN + 6, 0x05),
    "a table that is not defined": changed(SMALL, SCAN + 6, 0x11),
    "a table of class 2": changed(SMALL, TABLE + 4, 0x20),
    "more codes than fit": changed(SMALL, TABLE + 5, 3),
    "more symbols than bytes": changed(SMALL, TABLE + 20, 255),
    "a segment beyond the end": changed(SMALL, TABLE + 2, 0xFF, 0xFF),
    "no scan": SMALL[:SCAN],
    "a height after the scan": SMALL[:SCAN] + by_hand.segment(0xDC, b"\0\x10") + SMALL[SCAN:],
    "nothing": b"",
    "one byte": b"\xff",
    "a marker only": b"\xff\xd8\xff",
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_libjpeg_refuses_is_not_walked(data: bytes) -> None:
    assert walk(data).finding is Finding.NOT_WALKED


@pytest.mark.parametrize("whole", [SMALL, PROGRESSIVE.getvalue()], ids=["small", "progressive"])
def test_a_file_that_breaks_off_is_never_intact(whole: bytes) -> None:
    last = scans_of(whole)[-1][0]
    for end in range(0, len(whole) - 4, 1 + len(whole) // 700):
        found = walk(whole[:end])
        if end > last:
            assert found.finding in {Finding.MISSING, Finding.NOT_WALKED}
            assert found.is_end_of_data or found.finding is Finding.NOT_WALKED


def test_the_tables_of_a_later_segment_replace_earlier_ones() -> None:
    reversed_table = table(0x00, tuple(reversed(DC_SYMBOLS)))
    data = WIDE.head() + reversed_table + TABLES + WIDE.scan(packed(PLAIN * 64))

    assert walk(data).finding is Finding.INTACT


def test_random_blocks_have_all_symbols() -> None:
    """Otherwise the tests of samplings would walk few of the codes."""
    random = generator(0)
    runs = {place for _ in range(200) for place in random_block(random).others}

    assert runs == set(range(1, 64))


Change = Callable[[Random, bytearray], None]


def _flip(random: Random, data: bytearray) -> None:
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _overwrite(random: Random, data: bytearray) -> None:
    data[random.randrange(len(data))] = random.choice((0, 1, 0x7F, 0xC4, 0xDA, 0xFF))


def _cut(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.choice((1, 2, 9, 70))]


def _repeat(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data))
    data[at:at] = data[random.randrange(len(data)) :][: random.choice((1, 20, 90))]


CHANGES: tuple[Change, ...] = (_flip, _overwrite, _cut, _repeat)
SEEDS = (SMALL, images.jpeg((64, 48), progressive=True), images.jpeg((40, 40), mode="CMYK"))


def mutated(random: Random) -> bytes:
    data = bytearray(random.choice(SEEDS))
    for _ in range(random.choice((1, 1, 2, 5))):
        random.choice(CHANGES)(random, data)
    return bytes(data)


def test_a_mutated_file_gives_the_same_finding_twice() -> None:
    """A finding that depended on memory beyond the file would change."""
    for seed in range(2_000):
        data = mutated(generator(seed))
        first: Walk = walk(data)

        assert walk(bytes(bytearray(data))) == first
