"""Writers' mistakes are harmless, lost pixels are not: a JPEG renders exactly or not at all."""

from collections.abc import Callable
from io import BytesIO

import pytest

from shared.imaging.damage import jpeg as jpeg_damage
from shared.imaging.native import jpeg_walk
from shared.imaging.render import Encoded, render
from shared.model.errors import Cause, Failure
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.support import images

SIZE = (1600, 1200)
SCAN_HEAD_BYTES = 14  # marker, length, and the parameters of a scan of three components
# With these widths libjpeg decodes at a scale of 1, 1/2, 1/4 and 1/8.
WIDTHS = (1600, 640, 320, 160)

Change = Callable[[bytes], bytes]


def saved(**options: object) -> bytes:
    """Return a photo-like JPEG, saved by Pillow with these options."""
    out = BytesIO()
    PHOTO.save(out, "JPEG", quality=80, **options)
    return out.getvalue()


PHOTO = images.detail(SIZE)
BASELINE, PROGRESSIVE = saved(), saved(progressive=True)
RESTARTS = saved(restart_marker_rows=1)


def rendered(data: bytes, width: int = 320) -> bytes:
    """Return the JPEG of one rung."""
    recipe = Recipe("rung", (Variant("rung", (Slot.FALLBACK,), width=width),), placeholder=False)
    (file,) = (each for each in render(data, recipe, Limits()) if isinstance(each, Encoded))
    return file.data


def refusal(data: bytes, width: int = 320) -> Cause | None:
    """Return why the file is refused; None if it is rendered."""
    try:
        rendered(data, width)
    except Failure as failure:
        return failure.cause
    return None


def at(data: bytes, marker: int) -> int:
    """Return the offset of the first marker of a kind."""
    return data.index(bytes((0xFF, marker)))


def insert(where: int, what: bytes) -> Change:
    """Return a change that inserts bytes before the first marker of a kind."""
    return lambda data: data[: at(data, where)] + what + data[at(data, where) :]


def replace(offset: int, what: bytes, *, of: int) -> Change:
    """Return a change that replaces bytes at an offset from the first marker of a kind."""

    def change(data: bytes) -> bytes:
        start = at(data, of) + offset
        return data[:start] + what + data[start + len(what) :]

    return change


def without_end(data: bytes) -> bytes:
    return data.removesuffix(b"\xff\xd9")


def adobe(transform: int) -> bytes:
    """Return Adobe's segment with a colour transform."""
    return b"\xff\xee\x00\x0eAdobe\x00\x64" + bytes(4) + bytes([transform])


APP0, QUANTISATION, FRAME, SCAN, END, RESTART = 0xE0, 0xDB, 0xC0, 0xDA, 0xD9, 0xD3

HARMLESS: dict[str, tuple[bytes, Change]] = {
    "JFIF 2.01": (BASELINE, replace(9, b"\x02\x01", of=APP0)),
    "Adobe transform 2 of three components": (BASELINE, insert(QUANTISATION, adobe(2))),
    "Adobe transform 7 after the frame": (BASELINE, insert(SCAN, adobe(7))),
    "zeros after the first marker": (BASELINE, insert(APP0, bytes(64))),
    "zeros between segments": (BASELINE, insert(QUANTISATION, bytes(500))),
    "junk between segments": (BASELINE, insert(FRAME, b"\x12\x34\x00\xff\x00junk")),
    "fill bytes between segments": (BASELINE, insert(FRAME, b"\xff" * 9)),
    "a segment longer than its length": (BASELINE, insert(FRAME, b"\xff\xe4\x00\x06longer")),
    "a segment without a length": (BASELINE, insert(FRAME, b"\xff\xe4\x00\x00")),
    "a scan that names no coefficients": (BASELINE, replace(11, bytes(3), of=SCAN)),
    "a scan that names too many": (BASELINE, replace(11, b"\x00\x7f\x00", of=SCAN)),
    "stray bytes before the end": (BASELINE, insert(END, b"\x12\x34\x56")),
    "stray bytes before a restart": (RESTARTS, insert(RESTART, b"\x12\x34\x56")),
    "stray bytes before every eighth restart": (
        RESTARTS,
        lambda data: data.replace(b"\xff\xd3", b"\x12\x34\x56\xff\xd3"),
    ),
    "a sector of zeros after a scan": (BASELINE, insert(END, bytes(500))),
    "stray bytes after a scan": (PROGRESSIVE, insert(END, b"\x12\x34\x56\x78")),
    "no end": (BASELINE, without_end),
    "no end, restarts": (RESTARTS, without_end),
    "no end, progressive": (PROGRESSIVE, without_end),
    "half an end": (BASELINE, lambda data: data[:-1]),
    "bytes after the end": (BASELINE, lambda data: data + b"\x00\xff\xd8\xffnext"),
}


@pytest.mark.parametrize("case", HARMLESS.values(), ids=HARMLESS.keys())
def test_a_writers_mistake_changes_no_pixel(case: tuple[bytes, Change]) -> None:
    data, change = case
    changed = change(data)

    assert changed != data
    assert rendered(changed) == rendered(data)


LINES = SIZE[1].to_bytes(2, "big")
DEFINED_LATER = b"\xff\xdc\x00\x04" + LINES


def without_height(data: bytes, lines: bytes = DEFINED_LATER) -> bytes:
    """Return a file that has its height after its first scan only."""
    frame = data.index(next(each for each in (b"\xff\xc0", b"\xff\xc2") if each in data))
    first = data.index(b"\xff\xda")
    end = (
        data.index(b"\xff\xd9") if data.count(b"\xff\xda") == 1 else data.index(b"\xff\xc4", first)
    )
    return data[: frame + 5] + b"\0\0" + data[frame + 7 : end] + lines + data[end:]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("data", [BASELINE, RESTARTS, PROGRESSIVE])
def test_a_height_after_the_first_scan_is_read(data: bytes, width: int) -> None:
    assert rendered(without_height(data), width) == rendered(data, width)


WRONG_HEIGHTS = {
    "none": (without_height(BASELINE, b""), Cause.CORRUPT, "height"),
    "0": (without_height(BASELINE, b"\xff\xdc\x00\x04\0\0"), Cause.CORRUPT, "height"),
    "cut off": (without_height(BASELINE)[: len(BASELINE) // 2], Cause.TRUNCATED, "height"),
    "more lines": (without_height(BASELINE, b"\xff\xdc\x00\x04\x09\x60"), Cause.CORRUPT, "MCUs"),
    "fewer lines": (without_height(BASELINE, b"\xff\xdc\x00\x04\x00\xff"), Cause.CORRUPT, "data"),
    "no width": (replace(7, b"\0\0", of=FRAME)(BASELINE), Cause.CORRUPT, "a width of 0"),
}


@pytest.mark.parametrize("case", WRONG_HEIGHTS.values(), ids=WRONG_HEIGHTS.keys())
def test_a_wrong_height_is_refused_in_words(case: tuple[bytes, Cause, str]) -> None:
    data, cause, words = case

    with pytest.raises(Failure) as caught:
        rendered(data)

    assert caught.value.cause is cause
    assert words in caught.value.detail


def without_last(share: float) -> Change:
    """Return a change that removes the last part of the file, and keeps its end marker."""
    return lambda data: data[: round(len(data) * (1 - share))].rstrip(b"\xff") + b"\xff\xd9"


def without_bytes(count: int) -> Change:
    """Return a change that removes bytes from the middle of the file."""
    return lambda data: data[: len(data) // 2] + data[len(data) // 2 + count :]


LOST: dict[str, tuple[bytes, Change]] = {
    "the last twentieth": (BASELINE, without_last(0.05)),
    "the last third": (BASELINE, without_last(0.33)),
    "2,000 bytes": (BASELINE, without_bytes(2000)),
    "the last twentieth, restarts": (RESTARTS, without_last(0.05)),
    "the last scan": (PROGRESSIVE, lambda data: data[: data.rindex(b"\xff\xda")] + b"\xff\xd9"),
    "the last third, progressive": (PROGRESSIVE, without_last(0.33)),
}


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("case", LOST.values(), ids=LOST.keys())
def test_lost_pixels_are_refused_at_every_scale(case: tuple[bytes, Change], width: int) -> None:
    data, change = case

    assert refusal(change(data), width) in {Cause.CORRUPT, Cause.TRUNCATED}


@pytest.mark.parametrize("data", [BASELINE, RESTARTS, PROGRESSIVE])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.99])
def test_a_file_that_breaks_off_is_truncated(data: bytes, share: float) -> None:
    assert refusal(data[: round(len(data) * share)]) is Cause.TRUNCATED


COUNT = "read gave {} warnings"
STRAY = "VipsJpeg: Corrupt JPEG data: 3 extraneous bytes before marker 0xd3"


@pytest.mark.parametrize(
    "warnings",
    [[COUNT.format(1)], [COUNT.format(1), STRAY], [COUNT.format(9), STRAY]],
    ids=["of an earlier picture", "one", "several"],
)
def test_warnings_about_nothing_but_stray_bytes_are_harmless(warnings: list[str]) -> None:
    jpeg_damage.refuse_damaged(BASELINE, warnings, are_scans_intact=True)


@pytest.mark.parametrize(
    ("warnings", "are_scans_intact"),
    [
        ([COUNT.format(1)], False),
        ([COUNT.format(9), STRAY], False),
        ([COUNT.format(1), "VipsJpeg: Inconsistent progression sequence"], True),
        ([COUNT.format(1), STRAY.replace("3 ext", "600 ext")], True),
    ],
)
def test_other_warnings_are_damage(warnings: list[str], *, are_scans_intact: bool) -> None:
    with pytest.raises(Failure):
        jpeg_damage.refuse_damaged(BASELINE, warnings, are_scans_intact=are_scans_intact)


def test_the_detail_says_how_much_is_missing() -> None:
    with pytest.raises(Failure, match=r"all 7,500 MCUs of scan 1: the last [\d,]+ are missing"):
        rendered(without_last(0.2)(BASELINE))


def test_the_detail_has_the_words_of_the_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the kinds of JPEG that are not walked."""
    monkeypatch.setattr(jpeg_walk, "_library", None)

    with pytest.raises(Failure, match=r"premature end of data segment \(1 warning") as caught:
        rendered(without_last(0.2)(BASELINE))

    assert caught.value.cause is Cause.CORRUPT
