"""Compares our images/s with sharp's for the same files, alternately in one run."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from statistics import median

from shared.imaging.encoding.encode import AVIF_BITS
from shared.imaging.intake.probe import probe
from shared.imaging.render import render
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot
from shared.model.renditions import Rendition, plan_renditions
from tests.bench.engine import Engine
from tests.bench.floor import recorded_calls
from tests.bench.pictures import Picture
from tests.bench.problem import CannotBench
from tests.bench.rounds import Round, require_readable, require_same_pictures
from tests.bench.sharp_process import Sharp, SharpFile, SharpJob, SharpMode

CODECS = {Slot.AVIF: Codec.AVIF, Slot.WEBP: Codec.WEBP, Slot.FALLBACK: Codec.JPEG}
# sharp's options for each step of our JPEG effort.
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
    """Return our quality and otherwise sharp's defaults; for AVIF its default quality, too."""
    return {} if codec is Codec.AVIF else {"quality": quality[codec]}


def same_settings(
    codec: Codec, quality: Mapping[str, int], effort: Mapping[str, int]
) -> dict[str, object]:
    """Return the options with which sharp encodes as the engine does."""
    options: dict[str, object] = {"quality": quality[codec]}
    match codec:
        case Codec.JPEG:
            return options | JPEG_EFFORTS[effort[codec]]
        case Codec.AVIF:
            same = {"chromaSubsampling": "4:4:4", "bitdepth": AVIF_BITS}
            return options | same | {"effort": effort[codec]}
        case _:
            return options | {"effort": effort[codec]}


def sharp_jobs(
    pictures: Sequence[Picture], recipe: Recipe, options: Options
) -> tuple[SharpJob, ...]:
    """Return the files of a recipe for sharp; a shared rung is made once, as the engine does."""
    return tuple(
        SharpJob(
            picture.path,
            tuple(
                SharpFile(
                    rendition.fitted.resized.width,
                    CODECS[slot].value,
                    options(CODECS[slot], rendition.quality, effort),
                )
                for rendition, effort in _with_effort(picture, recipe)
                for slot in rendition.names
            ),
        )
        for picture in pictures
    )


def _with_effort(
    picture: Picture, recipe: Recipe
) -> Iterator[tuple[Rendition, Mapping[str, int]]]:
    """Yield each rendition, and the engine's efforts for it; AVIF's depends on the content."""
    renditions = plan_renditions(recipe, probe(picture.data).upright)
    with recorded_calls() as calls:
        list(render(picture.data, recipe, Limits()))
    chosen: dict[int, dict[str, int]] = {
        call.image.width: {Codec.AVIF: int(str(call.options["effort"]))}
        for call in calls
        if call.operation == "heifsave_buffer"
    }
    for rendition in renditions:
        yield rendition, {**chosen.get(rendition.fitted.canvas.width, {}), **rendition.effort}


def comparable_pictures(pictures: Sequence[Picture]) -> tuple[Picture, ...]:
    """Return the opaque still pictures, largest first: of others sharp makes other files."""
    found = []
    for picture in pictures:
        header = probe(picture.data)
        if header.frames == 1 and not header.has_alpha:
            found.append((header.stored.pixels, picture))
    if not found:
        raise CannotBench("Expected an opaque still picture to compare with sharp, got none.")
    return tuple(picture for _, picture in sorted(found, key=lambda one: -one[0]))


@dataclass(frozen=True, slots=True)
class SharpSetup:
    """One way in which sharp does the same work."""

    sharp_jobs: tuple[SharpJob, ...]
    mode: SharpMode
    settings: str


def compare(
    engine: Engine,
    sharp: Sharp,
    work: tuple[Sequence[Picture], Recipe],
    setups: Mapping[str, SharpSetup],
    *,
    rounds: int,
    keep: Path,
) -> dict[str, dict[str, object]]:
    """Return the figures of each setup; the files of each first round are checked."""
    pictures, recipe = work
    # The first round after other work allocates memory, so it is not timed.
    for file in chain.from_iterable(engine.round(pictures, recipe).files):
        require_readable(file)
    rounds_by_setup: dict[str, list[tuple[Round, Round]]] = {name: [] for name in setups}
    for number in range(rounds):
        ours = engine.round(pictures, recipe)
        for name, setup in setups.items():
            kept = keep / name if number == 0 else None
            theirs = sharp.round(setup.sharp_jobs, setup.mode, keep=kept)
            if kept:
                require_same_pictures(ours, theirs)
            rounds_by_setup[name].append((ours, theirs))
    return {
        name: {
            "pictures": [picture.name for picture in pictures],
            "sharp_settings": setups[name].settings,
            "sharp_manner": str(setups[name].mode),
            **_summary(pairs, len(pictures)),
        }
        for name, pairs in rounds_by_setup.items()
    }


def _summary(pairs: Sequence[tuple[Round, Round]], pictures: int) -> dict[str, object]:
    ratios = [theirs.seconds / ours.seconds for ours, theirs in pairs]
    ours, theirs = pairs[0]
    return {
        "ratio": median(ratios),
        "ratio_low": min(ratios),
        "ratio_high": max(ratios),
        "ratio_cpu": median(theirs.cpu_seconds / ours.cpu_seconds for ours, theirs in pairs),
        "images_per_s": pictures / median(ours.seconds for ours, _ in pairs),
        "sharp_images_per_s": pictures / median(theirs.seconds for _, theirs in pairs),
        "files": sum(map(len, ours.files)),
        "bytes": _bytes(ours),
        "sharp_bytes": _bytes(theirs),
        "bytes_ratio": _bytes(ours) / _bytes(theirs),
        "rounds": len(pairs),
        "others_cores": median(each.others_cores for pair in pairs for each in pair),
    }


def _bytes(made: Round) -> int:
    return sum(len(file.data) for image in made.files for file in image)
