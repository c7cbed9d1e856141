"""Lazy files are left out at upload, and have the bytes that they get when they are asked for."""

from collections.abc import Callable
from dataclasses import astuple, replace
from types import ModuleType

import pytest
from PIL import Image, ImageDraw

from shared.imaging import canvases as canvases_module
from shared.imaging import render as render_module
from shared.imaging.child_handle import RenderChild
from shared.imaging.child_protocol import DoneFrame, Job
from shared.imaging.encoding import slots as slots_module
from shared.imaging.encoding.encode import Encoder, encode
from shared.imaging.intake.cpu_cost import encoding_seconds
from shared.imaging.render import Accepted, Encoded, Finished, accept
from shared.model.codec import Codec
from shared.model.geometry import Size
from shared.model.lazy_file import LazyFile
from shared.model.limits import MEBIBYTE, Limits
from shared.model.planned_files import plan_files
from shared.model.quality_and_effort import MAX_EFFORT
from shared.model.recipe import Fit, Recipe, Slot, Variant
from shared.model.renditions import plan_renditions
from tests.imaging.children import PATIENCE_SECONDS
from tests.imaging.drawn import line_art
from tests.support import images

pytestmark = pytest.mark.imaging

ALL, WEBP = tuple(Slot), (Slot.WEBP,)
SIZE = (320, 240)
# As the default recipe: the fallback is not in every rung, and only the thumb is eager in webp.
RECIPE = Recipe(
    "lazy",
    (
        *(Variant(f"w{at}", (Slot.AVIF, Slot.WEBP), width=at, lazy=WEBP) for at in (48, 96)),
        Variant("w240", ALL, width=240, lazy=WEBP),
        Variant("thumb", ALL, 40, 40, Fit.COVER),
    ),
)
ALL_LAZY = Recipe("all lazy", (Variant("w96", ALL, width=96, lazy=ALL),))
EAGER_NAMES = set(RECIPE.eager_names())
# However busy the machine is.
LIMITS = Limits(on_demand_cpu_seconds=1e9)


def drawing() -> bytes:
    """Return two flat rectangles, of which an exact file is the smallest."""
    picture = Image.new("RGB", SIZE, "white")
    draw = ImageDraw.Draw(picture)
    draw.rectangle((40, 40, 200, 160), fill="firebrick")
    draw.rectangle((100, 90, 280, 200), fill="navy")
    return images.saved(picture, "PNG")


def made(accepted: Accepted) -> tuple[dict[tuple[str, Slot], Encoded], Finished]:
    """Return the files that a render makes, by variant and slot, and its end."""
    *files, finished = accepted.render()
    assert isinstance(finished, Finished)
    encoded = [each for each in files if isinstance(each, Encoded)]
    return {(name, each.slot): each for each in encoded for name in each.variants}, finished


def alone(source: bytes, name: tuple[str, Slot], recipe: Recipe = RECIPE) -> Encoded:
    """Return the file of one variant, made as the renderer makes it."""
    file, _ = accept(source, recipe, LIMITS, only=name).render()
    assert isinstance(file, Encoded)
    return file


SOURCES: dict[str, Callable[[], bytes]] = {
    "jpeg": lambda: images.jpeg(SIZE),
    "a drawing": drawing,
    "thin lines": lambda: images.saved(line_art(SIZE), "PNG"),
    "alpha": lambda: images.alpha_png(SIZE),
    "narrower than two rungs": lambda: images.png((60, 40)),
    "smaller than all": lambda: images.png((30, 20)),
    "longer than better codecs hold": lambda: images.png((2, 20_000)),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_the_eager_files_are_made_and_have_the_bytes_that_each_has_alone(
    make: Callable[[], bytes],
) -> None:
    source = make()

    files, finished = made(accept(source, RECIPE, LIMITS))

    assert {*files} == EAGER_NAMES
    assert not finished.is_all_eager
    for name in RECIPE.eager_names():
        assert alone(source, name) == files[name]


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_the_lazy_files_are_described_as_each_is_made_alone(make: Callable[[], bytes]) -> None:
    source = make()
    files, finished = made(accept(source, RECIPE, LIMITS))

    described = {(name, each.slot): each for each in finished.lazy for name in each.variants}

    assert {*described} == {*RECIPE.lazy_names()}
    for name, lazy in described.items():
        one = alone(source, name)
        assert (lazy.variants, lazy.width, lazy.height) == (one.variants, one.width, one.height)
        assert lazy.limit == one.limit
        if not lazy.copy_of:
            assert lazy.codec is one.codec
        else:
            variant, slot = lazy.copy_of.split(".")
            assert lazy.codec is files[variant, Slot(slot)].codec


def test_a_lazy_webp_does_not_fill_the_avif_slot() -> None:
    # Of a picture this small, a WebP is smaller than an AVIF with its boxes.
    source = images.jpeg((16, 12))
    variant = Variant("w16", (Slot.AVIF, Slot.WEBP), width=16)
    lazy = replace(variant, lazy=WEBP)

    eager_files, _ = made(accept(source, Recipe("eager", (variant,)), LIMITS))
    files, finished = made(accept(source, Recipe("lazy", (lazy,)), LIMITS))

    assert eager_files["w16", Slot.AVIF].codec is Codec.WEBP
    assert files["w16", Slot.AVIF].codec is Codec.AVIF
    (described,) = finished.lazy
    assert described == LazyFile(("w16",), Slot.WEBP, Codec.WEBP, 16, 12)


def test_of_a_drawing_the_exact_webp_fills_the_avif_slot_and_the_lazy_one_is_a_copy() -> None:
    files, finished = made(accept(drawing(), RECIPE, LIMITS))

    assert files["w240", Slot.AVIF].codec is Codec.WEBP
    (copy,) = [each for each in finished.lazy if "w240" in each.variants]
    assert (copy.copy_of, copy.codec) == ("w240.avif", Codec.WEBP)


def test_a_fallback_that_is_smaller_than_the_avif_fills_the_lazy_webp_slot_too() -> None:
    variant = Variant("w16", ALL, width=16, lazy=WEBP, quality={Codec.JPEG: 1, Codec.AVIF: 90})

    files, finished = made(accept(images.jpeg((16, 12)), Recipe("tiny", (variant,)), LIMITS))

    assert files["w16", Slot.AVIF].codec is Codec.JPEG
    (copy,) = finished.lazy
    assert (copy.copy_of, copy.codec) == ("w16.avif", Codec.JPEG)


def test_a_lazy_fallback_is_no_copy_of_a_transparent_file() -> None:
    """It is flattened on the background, and the file of the avif slot is not."""
    too_long_for_avif = images.saved(Image.new("RGBA", (2, 20_000), (200, 30, 30, 90)), "PNG")
    variant = Variant("full", (Slot.AVIF, Slot.FALLBACK), lazy=(Slot.FALLBACK,))
    recipe = Recipe("icon", (variant,), background=(255, 255, 255))

    files, finished = made(accept(too_long_for_avif, recipe, LIMITS))

    assert files["full", Slot.AVIF].codec is Codec.PNG
    (lazy,) = finished.lazy
    assert (lazy.copy_of, lazy.codec) == ("", Codec.JPEG)


def test_of_a_photograph_no_webp_is_encoded_at_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[Codec] = []

    def noting(image: object, encoder: Encoder, **options: object) -> bytes:
        encoded.append(encoder.codec)
        return encode(image, encoder, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(slots_module, "encode", noting)
    ladder = replace(RECIPE, variants=RECIPE.variants[:3])

    made(accept(images.jpeg(SIZE), ladder, LIMITS))

    assert sorted(encoded) == [Codec.AVIF] * 3 + [Codec.JPEG]


NOT_ON_DEMAND: dict[str, tuple[Callable[[], bytes], Limits]] = {
    "moves": (lambda: images.animated_gif(SIZE), LIMITS),
    "takes more memory than the renderer has": (
        lambda: images.jpeg(SIZE),
        replace(LIMITS, on_demand_memory_bytes=MEBIBYTE),
    ),
}


@pytest.mark.parametrize(("make", "limits"), NOT_ON_DEMAND.values(), ids=NOT_ON_DEMAND.keys())
def test_a_source_that_cannot_be_rendered_on_demand_is_made_as_if_nothing_were_lazy(
    make: Callable[[], bytes], limits: Limits
) -> None:
    source = make()
    accepted = accept(source, RECIPE, limits)

    files, finished = made(accepted)

    assert accepted.is_all_eager
    assert finished.is_all_eager
    assert finished.lazy == ()
    whole, end = made(accept(source, RECIPE.all_eager(), limits))
    assert files == whole
    assert not end.is_all_eager


@pytest.mark.parametrize(
    ("width", "effort", "is_slow"),
    [(960, 4, True), (640, 4, False), (96, 9, False), (960, 3, False), (960, None, False)],
)
def test_a_lazy_file_that_takes_the_encoder_too_long_is_made_at_upload(
    width: int, effort: int | None, *, is_slow: bool
) -> None:
    """What is made at upload is cheap here, so that the time of the upload does not show it."""
    efforts: dict[str, int] = {} if effort is None else {Codec.AVIF: effort}
    slots, lazy = (Slot.AVIF, Slot.FALLBACK), (Slot.AVIF,)
    recipe = Recipe("slow", (Variant("w", slots, width=width, effort=efforts, lazy=lazy),))

    accepted = accept(images.jpeg((960, 720)), recipe, LIMITS)

    assert accepted.is_all_eager == is_slow
    assert any(each.lazy for each in accepted.plan.renditions) != is_slow


@pytest.mark.parametrize("slot", [Slot.AVIF, Slot.WEBP])
def test_the_estimated_time_of_an_encoder_grows_with_effort_and_pixels(slot: Slot) -> None:
    codec = Codec.AVIF if slot is Slot.AVIF else Codec.WEBP

    def seconds(width: int, effort: int) -> float:
        recipe = Recipe("r", (Variant("w", (slot,), width=width, effort={codec: effort}),))
        (rendition,) = plan_renditions(recipe, Size(4000, 3000))
        return encoding_seconds(rendition, slot)

    efforts = [seconds(100, effort) for effort in range(MAX_EFFORT[codec] + 1)]
    assert efforts == sorted(efforts)
    assert seconds(2000, 1) == pytest.approx(4 * seconds(1000, 1))


@pytest.mark.parametrize("recipe", [RECIPE, ALL_LAZY], ids=["some", "all"])
@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_lazy_files_of_a_costly_source_are_made_as_they_would_be_on_demand(
    make: Callable[[], bytes], recipe: Recipe
) -> None:
    source = make()
    cheap, described = made(accept(source, recipe, LIMITS))

    files, finished = made(accept(source, recipe, replace(LIMITS, on_demand_cpu_seconds=0)))

    to_render = {name for each in described.lazy if not each.copy_of for name in names(each)}
    assert {*files} == {*cheap} | to_render
    assert all(files[name] == file for name, file in cheap.items())
    assert all(files[name] == alone(source, name, recipe) for name in to_render)
    assert finished.is_all_eager == bool(to_render)
    assert finished.lazy == tuple(each for each in described.lazy if each.copy_of)
    assert finished.placeholder == described.placeholder


@pytest.mark.parametrize("canvas", range(1, 6))
def test_a_source_is_decoded_again_only_for_canvases_that_were_cheap(
    canvas: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source turns out to be costly at one of its four canvases, or after the last."""
    source, steps, decodes = images.jpeg(SIZE), list[str](), list[str]()
    wanted, _ = made(accept(source, RECIPE, replace(LIMITS, on_demand_cpu_seconds=0)))

    def note(module: ModuleType, name: str, noted: list[str]) -> None:
        original = getattr(module, name)

        def noting(*arguments: object) -> object:
            noted.append(name)
            return original(*arguments)

        monkeypatch.setattr(module, name, noting)

    note(canvases_module, "crop_or_pad", steps)
    note(render_module, "placeholder", steps)
    note(canvases_module, "load", decodes)
    monkeypatch.setattr(Accepted, "_is_costly", lambda _: len(steps) >= canvas)

    files, finished = made(accept(source, RECIPE, LIMITS))

    assert [*files.items()] == [*wanted.items()]
    assert finished.is_all_eager
    assert finished.lazy == ()
    assert len(decodes) == (1 if canvas == 1 else 2)


def names(lazy: LazyFile) -> list[tuple[str, Slot]]:
    return [(name, lazy.slot) for name in lazy.variants]


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES.keys())
def test_the_plan_has_the_eager_files_and_then_the_lazy_ones(make: Callable[[], bytes]) -> None:
    accepted = accept(make(), RECIPE, LIMITS)
    *files, finished = accepted.render()
    assert isinstance(finished, Finished)

    planned = plan_files(RECIPE, accepted.facts, accepted.reduction)

    found: list[tuple[Encoded | LazyFile, bool]] = [
        *((each, False) for each in files if isinstance(each, Encoded)),
        *((each, True) for each in finished.lazy),
    ]
    assert [(each.variants, each.slot, astuple(each.size), each.is_lazy) for each in planned] == [
        (each.variants, each.slot, (each.width, each.height), is_lazy) for each, is_lazy in found
    ]


@pytest.mark.parametrize("cpu_seconds", [1e9, 0.0], ids=["cheap", "costly"])
@pytest.mark.parametrize("make", [drawing, lambda: images.jpeg(SIZE), images.animated_gif])
def test_the_parent_accepts_what_a_child_says_of_lazy_files(
    child: RenderChild, make: Callable[[], bytes], cpu_seconds: float
) -> None:
    source, limits = make(), replace(LIMITS, on_demand_cpu_seconds=cpu_seconds)

    *files, done = child.render(source, Job(RECIPE, limits), time_limit_seconds=PATIENCE_SECONDS)

    assert isinstance(done, DoneFrame)
    *expected, finished = accept(source, RECIPE, limits).render()
    assert isinstance(finished, Finished)
    assert done.lazy == finished.lazy
    assert done.is_all_eager == finished.is_all_eager
    assert len(files) == len(expected)


def test_a_job_without_lazy_files_ends_without_them(child: RenderChild) -> None:
    job = Job(RECIPE.all_eager(), Limits(on_demand_cpu_seconds=0))

    *_, done = child.render(images.jpeg(SIZE), job, time_limit_seconds=PATIENCE_SECONDS)

    assert isinstance(done, DoneFrame)
    assert done.lazy == ()
    assert not done.is_all_eager
