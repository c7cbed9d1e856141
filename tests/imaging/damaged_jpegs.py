"""Damages JPEGs as discs and transfers do, and renders them at every scale of the decoder."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from io import BytesIO
from random import Random

import pyvips
from PIL import Image

from shared.imaging.render import Encoded, render
from shared.model.errors import Failure
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant

SIZE = (1600, 1200)
# With these widths libjpeg decodes at a scale of 1, 1/2, 1/4 and 1/8.
WIDTHS = {1600: "1", 640: "1/2", 320: "1/4", 160: "1/8"}
CODINGS: dict[str, dict[str, object]] = {
    "sequential, 4:2:0": {},
    "sequential, 4:4:4": {"subsampling": 0},
    "progressive": {"progressive": True},
    "a restart marker for each row": {"restart_marker_rows": 1},
    "a restart marker for each 37 MCUs": {"restart_marker_blocks": 37},
}
LENGTHS = (1, 1, 1, 2, 3, 8, 30, 200, 2000)
SCAN = b"\xff\xda"
SCAN_HEAD_BYTES, END_BYTES = 14, 2
# A row is wrong if its mean difference is larger, in levels of 256; a picture if so many are.
MAX_DIFFERENCE, WRONG_SHARE = 6, 0.1


class Kind(StrEnum):
    """What happens to the bytes of a scan."""

    DELETED = "deleted"
    CHANGED = "changed"
    INSERTED = "inserted"


class Outcome(StrEnum):
    """What became of a damaged file at one scale."""

    REFUSED = "refused"
    RIGHT = "right"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Result:
    """One damaged file at one width."""

    coding: str
    kind: Kind
    width: int
    outcome: Outcome


def coded(picture: Image.Image) -> Mapping[str, bytes]:
    """Return a picture of `SIZE` in every coding."""
    files = {}
    for name, options in CODINGS.items():
        out = BytesIO()
        picture.convert("RGB").resize(SIZE).save(out, "JPEG", quality=85, **options)
        files[name] = out.getvalue()
    return files


def damaged(data: bytes, kind: Kind, random: Random) -> bytes:
    """Return a file of whose scans, or their headers, 1 to 2,000 bytes are damaged."""
    length = random.choice(LENGTHS)
    first = data.index(SCAN) + SCAN_HEAD_BYTES
    at = random.randrange(first, len(data) - END_BYTES - length)
    junk = b"" if kind is Kind.DELETED else random.randbytes(length)
    return data[:at] + junk + data[at if kind is Kind.INSERTED else at + length :]


def results(
    pictures: Sequence[Mapping[str, bytes]], count: int, random: Random
) -> Iterator[Result]:
    """Yield the results of `count` damaged files, made of the pictures in all their codings."""
    intact: dict[tuple[int, str, int], pyvips.Image] = {}
    for _ in range(count):
        number, coding = random.randrange(len(pictures)), random.choice(tuple(CODINGS))
        kind = random.choice(tuple(Kind))
        data = damaged(pictures[number][coding], kind, random)
        for width in WIDTHS:
            place = (number, coding, width)
            if place not in intact:
                intact[place] = rung(pictures[number][coding], width)
            yield Result(coding, kind, width, outcome(intact[place], data, width))


def outcome(intact: pyvips.Image, data: bytes, width: int) -> Outcome:
    try:
        found = rung(data, width)
    except Failure:
        return Outcome.REFUSED
    is_wrong = share_of_wrong_rows(intact, found) >= WRONG_SHARE
    return Outcome.WRONG if is_wrong else Outcome.RIGHT


def rung(data: bytes, width: int) -> pyvips.Image:
    """Return a rendered rung; raises a `Failure`."""
    recipe = Recipe("rung", (Variant("rung", (Slot.FALLBACK,), width=width),), placeholder=False)
    (file,) = (each for each in render(data, recipe, Limits()) if isinstance(each, Encoded))
    return pyvips.Image.new_from_buffer(file.data, "").copy_memory()


def share_of_wrong_rows(one: pyvips.Image, other: pyvips.Image) -> float:
    if (one.width, one.height) != (other.width, other.height):
        return 1.0
    difference = (one - other).abs().bandmean().shrink(one.width, 1)
    return float((difference > MAX_DIFFERENCE).avg() / 255)


def table(found: Sequence[Result]) -> str:
    """Return a table in Markdown: by coding and kind, with the wrong files by scale."""
    scales = " | ".join(WIDTHS.values())
    lines = [
        f"| coding | bytes | files | published | wrong at {scales} |",
        "|---|---|" + "--:|" * 6,
    ]
    groups = [(coding, kind) for coding in CODINGS for kind in Kind]
    for coding, kind in groups:
        lines.append(
            _line(coding, kind, [r for r in found if (r.coding, r.kind) == (coding, kind)])
        )
    return "\n".join([*lines, _line("all", "", found)]) + "\n"


def _line(coding: str, kind: str, found: Sequence[Result]) -> str:
    files = len(found) // len(WIDTHS)
    published = sum(r.outcome is not Outcome.REFUSED for r in found) // len(WIDTHS)
    wrong = [
        sum(r.outcome is Outcome.WRONG and r.width == width for r in found) for width in WIDTHS
    ]
    return f"| {coding} | {kind} | {files} | {published} | {' | '.join(map(str, wrong))} |"
