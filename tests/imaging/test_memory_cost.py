"""Accepted images must also render, and every encoder runs once per image."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
import pyvips

from shared.imaging import canvases as canvases_module
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.encoding import slots
from shared.imaging.encoding.encode import Encoder
from shared.imaging.intake import probe as probing
from shared.imaging.intake.memory_cost import (
    ANIMATED,
    EXACT_WEBP,
    FURTHER_FRAME,
    OPAQUE,
    SLOW_AVIF,
    TRANSPARENT,
)
from shared.imaging.intake.probe import probe
from shared.imaging.load import load
from shared.imaging.render import Encoded, render
from shared.model.codec import Codec
from shared.model.errors import Cause, Corrupt, Failure
from shared.model.geometry import Size
from shared.model.limits import MEBIBYTE, Limits
from shared.model.recipe import Fit, Recipe, Slot, Variant
from shared.model.reductions import SlotLimit
from tests.support import images
from tests.support.recipes import ROOT

pytestmark = pytest.mark.imaging

ALL_SLOTS = (Slot.AVIF, Slot.WEBP, Slot.FALLBACK)
PLAIN = Recipe("plain", (Variant("w80", ALL_SLOTS, width=80),))


WIDE = Recipe("wide", (Variant("box", ALL_SLOTS, 8192, 8192, Fit.CONTAIN),))


@pytest.mark.parametrize("make", [images.png, images.animated_gif], ids=["still", "moving"])
def test_a_canvas_over_the_memory_limit_is_refused(make: object) -> None:
    assert callable(make)

    with pytest.raises(Failure) as caught:
        list(render(make((16, 16)), WIDE, Limits(memory_bytes=900 * MEBIBYTE)))

    assert (caught.value.cause, caught.value.stage) == (Cause.TOO_COSTLY, "admit")


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    ("make", "webp_limit"),
    # The frames of a GIF may be transparent, which costs WebP more.
    [(images.png, None), (images.animated_gif, SlotLimit.MEMORY)],
    ids=["still", "moving"],
)
def test_a_canvas_that_only_plainer_codecs_can_hold_is_rendered_still_in_every_slot(
    make: Callable[[images.Size], bytes], webp_limit: SlotLimit | None
) -> None:
    child = RenderChild(Limits().memory_bytes)

    *files, _ = child.render(make((16, 16)), Job(WIDE, Limits()), time_limit_seconds=100)

    child.stop()
    frames = [reply[0] for reply in files if not isinstance(reply, DoneFrame)]
    assert [each.limit for each in frames] == [None, webp_limit, SlotLimit.MEMORY]
    # Most of the canvas is padding, but there is no memory for an exact WebP of it.
    assert Codec.AVIF not in {each.codec for each in frames}


def test_no_codec_encodes_one_image_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Codec] = []
    # The GIF is smallest in every slot: WebP is encoded for its own slot and not for AVIF's.
    sizes = {Codec.GIF: 1, Codec.WEBP: 2}

    def pretend(_picture: object, encoder: Encoder, **_options: object) -> bytes:
        tried.append(encoder.codec)
        return bytes(sizes[encoder.codec])

    monkeypatch.setattr(slots, "encode", pretend)

    results = list(render(images.animated_gif(), replace(PLAIN, placeholder=False), Limits()))

    assert tried == [Codec.GIF, Codec.WEBP]
    assert [each.codec for each in results if isinstance(each, Encoded)] == [Codec.GIF] * 3


@pytest.mark.parametrize("make", [images.webp, images.animated_webp], ids=["still", "moving"])
@pytest.mark.parametrize("part", [0.5, 0.9])
def test_a_cut_webp_is_truncated_not_corrupt(make: object, part: float) -> None:
    assert callable(make)
    whole = make()

    with pytest.raises(Failure) as caught:
        list(render(whole[: int(len(whole) * part)], PLAIN, Limits()))

    assert caught.value.cause is Cause.TRUNCATED


def test_only_the_alpha_of_two_extra_bands_is_kept() -> None:
    grey = pyvips.Image.black(60, 40).cast("uchar")
    bands = grey.bandjoin([grey + 100, grey + 200, grey + 128, grey + 9]).cast("uchar")
    data = bytes(bands.copy(interpretation="srgb").tiffsave_buffer())

    small = load(data, probe(data), Size(30, 20)).to_srgb()

    assert small.bands == 4
    assert small(10, 10) == pytest.approx([0, 100, 200, 128], abs=1)


@pytest.mark.parametrize("where", ["probe", "render"])
def test_text_that_is_not_utf_8_is_a_corrupt_file_and_does_not_leak_into_the_next(
    monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    def stumbling(*_arguments: object, **_options: object) -> None:
        # pyvips fails in this way on such a message, and leaves libvips' error buffer full.
        pyvips.vips_lib.vips_foreign_find_load(b"/no/such/file")
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    if where == "probe":
        monkeypatch.setattr(probing, "loader", lambda _name: stumbling)
    else:
        monkeypatch.setattr(canvases_module, "load", stumbling)

    with pytest.raises(Corrupt) as caught:
        list(render(images.png(), PLAIN, Limits()))

    assert caught.value.stage == where
    assert pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer()) == b""


def test_a_webp_that_libvips_would_buffer_in_a_file_is_rendered_in_memory() -> None:
    # Over 100 MB of pixels: RLIMIT_FSIZE keeps a child from writing such a file.
    flat = pyvips.Image.black(6500, 6500, bands=3).copy(interpretation="srgb")
    child = RenderChild(Limits().memory_bytes)

    replies = list(
        child.render(
            bytes(flat.webpsave_buffer(effort=0)), Job(PLAIN, Limits()), time_limit_seconds=100
        )
    )

    child.stop()
    assert isinstance(replies[-1], DoneFrame)


def test_the_settings_page_has_the_memory_of_every_encoder() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    encoders = page.split("| encoder |", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"\| ([0-9; ]+) \|$", encoders, re.MULTILINE)

    assert [list(map(float, row.split("; "))) for row in rows] == [
        [OPAQUE[Slot.AVIF], TRANSPARENT[Slot.AVIF], SLOW_AVIF],
        [OPAQUE[Slot.WEBP], TRANSPARENT[Slot.WEBP]],
        [EXACT_WEBP],
        [OPAQUE[Slot.FALLBACK]],
        [ANIMATED[Slot.WEBP], ANIMATED[Slot.FALLBACK], FURTHER_FRAME],
    ]
