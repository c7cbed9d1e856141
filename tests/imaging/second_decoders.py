"""Compares what Pixfleet makes of a source with what another decoder shows of it."""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, ImageSequence

from shared.imaging.intake.probe import probe
from shared.imaging.intake.sniff import sniff
from shared.imaging.load import load
from tests.imaging.fuzz_seeds import seeds
from tests.imaging.golden_cases import CASES
from tests.imaging.golden_files import difference

# Mean levels of 255 by which two decoders may differ: rounding and colour conversion. A wrong
# colour, crop or orientation makes ten levels and more.
BOUND = 1.0
# libheif enlarges halved chroma by repetition, libavif smoothly, which shows in noise: 6 levels of
# these pictures of 48 by 36 pixels, and 0.7 of a photograph of 2 megapixels.
CHROMA_BY_REPETITION = {"seed: avif": 7.0, "seed: alpha avif": 7.0, "seed: deep avif": 7.0}
# Files that other decoders cannot read, though they are valid.
UNREAD = {
    "grid avif": "libavif wants one item for each tile, even where all tiles are the same",
    "big tiff": "Pillow reads no EXIF in a BigTIFF and fails",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """What a decoder shows of a file: upright RGBA frames in sRGB, and how long each stays.

    The durations are in milliseconds; a still picture has none.
    """

    frames: Sequence[Image.Image]
    durations: Sequence[int]


Decoder = Callable[[bytes], Shown]


@dataclass(frozen=True, slots=True)
class Source:
    """A source to compare, and the name of its format."""

    name: str
    data: bytes

    @property
    def format(self) -> str:
        """Return the format's name by the first bytes."""
        return str(sniff(self.data))


def sources() -> Iterator[Source]:
    """Yield the seeds of the fuzz tests and the sources of the golden pictures, each once."""
    seen = set()
    for name, data in _all_sources():
        if data not in seen:
            seen.add(data)
            yield Source(name, data)


def _all_sources() -> Iterator[tuple[str, bytes]]:
    for file in seeds():
        if file.name not in UNREAD:
            yield f"seed: {file.name}", file.data
    for case in CASES:
        yield case.name, case.source()


def by_pixfleet(data: bytes) -> Shown:
    """Return the pixels of a source at its own size, before they are encoded."""
    header = probe(data)
    image = load(data, header, header.upright).to_srgb()
    strip = image if image.hasalpha() else image.bandjoin(255)
    width, height = image.width, image.get_page_height()
    frames = [
        Image.frombytes(
            "RGBA", (width, height), strip.crop(0, top, width, height).write_to_memory()
        )
        for top in range(0, image.height, height)
    ]
    return Shown(frames, image.get("delay") if len(frames) > 1 else ())


def by_pillow(data: bytes) -> Shown:
    """Return what Pillow shows of a source: upright, converted by Little CMS."""
    picture = Image.open(io.BytesIO(data))
    profile = picture.info.get("icc_profile")
    shown = shown_by_pillow(picture, profile)
    if len(shown.frames) > 1:
        return shown
    return Shown([ImageOps.exif_transpose(_with_orientation(shown.frames[0], picture))], ())


def shown_by_pillow(picture: Image.Image, profile: bytes | None = None) -> Shown:
    """Return the frames of an opened picture in sRGB."""
    frames, durations = [], []
    for frame in ImageSequence.Iterator(picture):
        frame.load()  # Pillow reads the duration of a WebP frame with its pixels
        durations.append(int(frame.info.get("duration", 0)))
        frames.append(_in_srgb(frame, profile).convert("RGBA"))
    return Shown(frames, durations if len(frames) > 1 else ())


def differences(ours: Shown, theirs: Shown, *, bound: float | None = None) -> list[str]:
    """Return how two results differ: in geometry, frames, durations or colours.

    `bound` is the mean difference of colours that is allowed, in levels of 255.
    """
    found = []
    sizes = [{frame.size for frame in each.frames} for each in (ours, theirs)]
    if sizes[0] != sizes[1]:
        found.append(f"sizes {sizes}")
    if len(ours.frames) != len(theirs.frames):
        found.append(f"{len(ours.frames)} frames, not {len(theirs.frames)}")
    elif list(ours.durations) != list(theirs.durations):
        found.append(f"durations {ours.durations}, not {theirs.durations}")
    if found:
        return found
    levels = [difference(*each) for each in zip(ours.frames, theirs.frames, strict=True)]
    return [f"{max(levels):.1f} levels"] if max(levels) > (bound or BOUND) else []


def _in_srgb(frame: Image.Image, profile: bytes | None) -> Image.Image:
    if frame.mode == "P":
        frame = frame.convert("RGBA" if "transparency" in frame.info else "RGB")
    if profile is None:
        return frame
    alpha = frame.getchannel("A") if "A" in frame.getbands() else None
    flat = frame.convert({"LA": "L", "RGBA": "RGB"}.get(frame.mode, frame.mode))
    converted = ImageCms.profileToProfile(
        flat,
        io.BytesIO(profile),
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
    )
    assert converted is not None
    if alpha:
        converted.putalpha(alpha)
    return converted


def _with_orientation(frame: Image.Image, picture: Image.Image) -> Image.Image:
    upright = frame.copy()
    upright.info["exif"] = picture.getexif().tobytes()
    return upright
