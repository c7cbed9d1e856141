"""A sequence in AVIF or HEIC is counted, and the still image beside it is rendered."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.formats.heif_sequence import frame_count
from shared.imaging.intake.probe import probe
from shared.imaging.render import accept
from shared.model.limits import Limits
from shared.model.recipe import Animation, Recipe, Slot, Variant
from shared.model.reductions import Still
from tests.imaging.rendering import near, shown
from tests.support import images
from tests.support.hand.iso import box, full_box
from tests.support.images_heic import heic

pytestmark = pytest.mark.imaging

RED, GREEN, BLUE = (200, 60, 40), (30, 200, 30), (30, 30, 220)
RECIPE = Recipe("one", (Variant("full", (Slot.WEBP,)),))


def avif_sequence(mode: str = "RGB") -> bytes:
    first, *rest = (images.plain(each, size=(64, 48)).convert(mode) for each in (RED, GREEN, BLUE))
    return images.saved(first, "AVIF", save_all=True, append_images=rest, duration=100)


def track(sizes: bytes, handler: bytes = b"pict") -> bytes:
    media = full_box(b"hdlr", bytes(4) + handler + bytes(13))
    table = box(b"stbl", full_box(b"stsd", bytes(4)) + sizes)
    return box(b"trak", full_box(b"tkhd", bytes(80)) + box(b"mdia", media + box(b"minf", table)))


def sizes(count: int, *, each: int = 0, listed: int | None = None) -> bytes:
    """Return the sizes of samples; all are `each`, or they are listed."""
    entries = bytes(4 * ((0 if each else count) if listed is None else listed))
    return full_box(b"stsz", struct.pack(">II", each, count) + entries)


def compact(count: int, bits: int, listed_bytes: int) -> bytes:
    return full_box(b"stz2", struct.pack(">3xBI", bits, count) + bytes(listed_bytes))


def with_tracks(*tracks: bytes) -> bytes:
    """Return a HEIC with a still image and tracks."""
    still = heic(images.plain(RED, size=(64, 48)))
    return still + box(b"moov", full_box(b"mvhd", bytes(96)) + b"".join(tracks))


SEQUENCE = avif_sequence()
MADE = {
    "avif": (SEQUENCE, 3),
    "avif with alpha": (avif_sequence("RGBA"), 3),
    "avif without a sequence": (images.avif(), 1),
    "heic": (with_tracks(track(sizes(5))), 5),
    "heic without a sequence": (heic(), 1),
    "film": (with_tracks(track(sizes(4), b"vide")), 4),
    "sizes that are equal": (with_tracks(track(sizes(9, each=3))), 9),
    "compact sizes": (with_tracks(track(compact(7, 4, 4))), 7),
    "the longest of two": (with_tracks(track(sizes(2)), track(sizes(6))), 6),
    "alpha and sound only": (
        with_tracks(track(sizes(5), b"auxv"), track(sizes(8), b"soun")),
        1,
    ),
    "more samples than are listed": (with_tracks(track(sizes(9, listed=8))), 1),
    "more samples than bytes": (with_tracks(track(sizes(1 << 31, each=1))), 1),
    "more compact sizes than are listed": (with_tracks(track(compact(9, 4, 4))), 1),
    "sizes of no bits": (with_tracks(track(compact(9, 0, 4))), 1),
    "sizes that are cut": (with_tracks(track(full_box(b"stsz", bytes(3)))), 1),
}


@pytest.mark.parametrize(("data", "frames"), MADE.values(), ids=MADE.keys())
def test_the_frames_of_a_sequence_are_counted(data: bytes, frames: int) -> None:
    accepted = accept(data, RECIPE, Limits())

    assert accepted.facts.frames == frames
    assert accepted.reduction.still == (Still.FORMAT if frames > 1 else None)
    assert accepted.plan.header.frames == 1


@pytest.mark.parametrize("name", ["avif", "heic"])
def test_the_still_image_beside_a_sequence_is_rendered(name: str) -> None:
    data, _ = MADE[name]

    found = shown(data).getpixel((3, 3))

    assert isinstance(found, tuple)
    assert near(found[:3], RED, 6)


def test_a_recipe_for_first_frames_is_the_reason_before_the_format() -> None:
    recipe = replace(RECIPE, animation=Animation.FIRST_FRAME)

    assert accept(avif_sequence(), recipe, Limits()).reduction.still is Still.RECIPE


@pytest.mark.parametrize("name", ["avif", "heic", "sizes that are equal"])
def test_a_parent_accepts_the_frames_of_a_sequence(name: str) -> None:
    data, frames = MADE[name]
    child = RenderChild(Limits().memory_bytes)

    *_, done = child.render(data, Job(RECIPE, Limits()), time_limit_seconds=60)
    child.stop()

    assert isinstance(done, DoneFrame)
    assert (done.facts.frames, done.reduction.still) == (frames, Still.FORMAT)


def test_a_sequence_does_not_change_how_its_still_image_is_turned() -> None:
    still = images.oriented("AVIF", 6, (64, 48))
    moving = still + box(b"moov", track(sizes(5)))

    assert probe(moving) == replace(probe(still), frames=5)


@given(st.integers(0, 2000), st.binary(max_size=60))
def test_no_bytes_raise_anything(kept: int, rest: bytes) -> None:
    assert frame_count(SEQUENCE[:kept] + rest) in {0, 3}
