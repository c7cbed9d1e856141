"""Our images/s over sharp's for the same files, in turns in the same run."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median

from shared.imaging.encode import AVIF_BITS
from shared.imaging.intake.probe import probe
from shared.model.recipe import Codec, Recipe, Slot
from shared.model.renditions import plan_renditions
from tests.bench.engine import Engine
from tests.bench.pictures import Picture
from tests.bench.problem import CannotBench
from tests.bench.rival import Manner, Order, Sharp, Wanted
from tests.bench.rounds import Round, require_readable, require_same_pictures

CODECS = {Slot.AVIF: Codec.AVIF, Slot.WEBP: Codec.WEBP, Slot.FALLBACK: Codec.JPEG}
# What sharp calls each step of our JPEG's effort.
JPEG_EFFORTS: tuple[dict[str, object], ...] = (
    {"optimiseCoding": False},
    {"quantisationTable": 3},
    {"quantisationTable": 3, "progressive": True},
    {"mozjpeg": True},
)
Options = Callable[[Codec, Mapping[str, int], Mapping[str, int]], dict[str, object]]


def as_documented(
    codec: Codec, quality: Mapping[str, int], _effort: Mapping[str, int]
) -> dict[str, object]:
    """Return our quality and otherwise sharp's defaults; for AVIF its default quality too."""
    return {} if codec is Codec.AVIF else {"quality": quality[codec]}


def same_settings(
    codec: Codec, quality: Mapping[str, int], effort: Mapping[str, int]
) -> dict[str, object]:
    """Return the options with which sharp's encoder does what ours does."""
    options: dict[str, object] = {"quality": quality[codec]}
    match codec:
        case Codec.JPEG:
            return options | JPEG_EFFORTS[effort[codec]]
        case Codec.AVIF:
            # libheif's own default below quality 90, which is what we get: sharp's is 4:4:4.
            same = {"chromaSubsampling": "4:2:0", "bitdepth": AVIF_BITS}
            return options | same | {"effort": effort[codec]}
        case _:
            return options | {"effort": effort[codec]}


def orders(pictures: Sequence[Picture], recipe: Recipe, options: Options) -> tuple[Order, ...]:
    """Return what sharp must make to do a recipe's work; a rung is wanted once, as we make it."""
    return tuple(
        Order(
            picture.path,
            tuple(
                Wanted(
                    rendition.fitted.resized.width,
                    CODECS[slot].value,
                    options(CODECS[slot], rendition.quality, rendition.effort),
                )
                for rendition in plan_renditions(recipe, probe(picture.data).upright)
                for slot in rendition.names
            ),
        )
        for picture in pictures
    )


def comparable(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """Return the opaque still pictures, biggest first: for others the two make other files."""
    found = []
    for picture in pictures:
        header = probe(picture.data)
        if header.frames == 1 and not header.has_alpha:
            found.append((header.stored.pixels, picture))
    if not found:
        raise CannotBench("Expected an opaque still picture to compare with sharp, got none.")
    return tuple(picture for _, picture in sorted(found, key=lambda one: -one[0]))


@dataclass(frozen=True, slots=True)
class Rivalry:
    """One way in which sharp does the same work."""

    orders: tuple[Order, ...]
    manner: Manner
    settings: str


def contest(
    engine: Engine,
    sharp: Sharp,
    work: tuple[Sequence[Picture], Recipe],
    rivals: Mapping[str, Rivalry],
    *,
    rounds: int,
    keep: Path,
) -> dict[str, dict[str, object]]:
    """Return how each rival did against us; every first round's files are looked at."""
    pictures, recipe = work
    # The first round after other work pays for its memory, so its time is not taken.
    for file in chain.from_iterable(engine.round(pictures, recipe).files):
        require_readable(file)
    meetings: dict[str, list[tuple[Round, Round]]] = {name: [] for name in rivals}
    for number in range(rounds):
        ours = engine.round(pictures, recipe)
        for name, rival in rivals.items():
            kept = keep / name if number == 0 else None
            theirs = sharp.round(rival.orders, rival.manner, keep=kept)
            if kept:
                require_same_pictures(ours, theirs)
            meetings[name].append((ours, theirs))
    return {
        name: {
            "pictures": [picture.name for picture in pictures],
            "sharp_settings": rivals[name].settings,
            "sharp_manner": str(rivals[name].manner),
            **_summary(met, len(pictures)),
        }
        for name, met in meetings.items()
    }


def _summary(met: Sequence[tuple[Round, Round]], pictures: int) -> dict[str, object]:
    ratios = [theirs.seconds / ours.seconds for ours, theirs in met]
    ours, theirs = met[0]
    return {
        "ratio": median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "ratio_cpu": median(theirs.cpu_seconds / ours.cpu_seconds for ours, theirs in met),
        "images_per_s": pictures / median(ours.seconds for ours, _ in met),
        "sharp_images_per_s": pictures / median(theirs.seconds for _, theirs in met),
        "files": sum(map(len, ours.files)),
        "bytes": _bytes(ours),
        "sharp_bytes": _bytes(theirs),
        "bytes_ratio": _bytes(ours) / _bytes(theirs),
        "rounds": len(met),
        "others_cores": median(each.others_cores for pair in met for each in pair),
    }


def _bytes(made: Round) -> int:
    return sum(len(file.data) for image in made.files for file in image)
