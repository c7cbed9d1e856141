"""What a child may say of lazy files: exactly what an honest one says, all or nothing."""

from dataclasses import replace

import msgspec
import pytest

from shared.imaging.child_frames import InvalidFrame
from shared.imaging.child_protocol import (
    MAX_REPLY_HEADER_BYTES,
    DoneFrame,
    HeaderFrame,
    Job,
    Reply,
    VariantFrame,
)
from shared.imaging.reply_checks import ReplyChecks
from shared.model.codec import Codec
from shared.model.lazy_file import LazyFile
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.reductions import Reduction, SlotLimit, Still

pytestmark = pytest.mark.unit

AVIF, WEBP, FALLBACK = Slot.AVIF, Slot.WEBP, Slot.FALLBACK
SOURCE, GIF = b"\xff\xd8\xff" + bytes(100), b"GIF89a" + bytes(100)
BYTES = {
    Codec.JPEG: b"\xff\xd8\xff....",
    Codec.WEBP: b"RIFF....WEBP....",
    Codec.AVIF: b"\0\0\0\x18ftypavif....",
}
RECIPE = Recipe(
    "lazy",
    (
        Variant("w64", tuple(Slot), width=64, lazy=(WEBP,)),
        Variant("w32", tuple(Slot), width=32, lazy=(WEBP, FALLBACK)),
    ),
)
FACTS = SourceFacts("jpeg", 128, 96, 1, has_alpha=False)
MOVING = SourceFacts("gif", 128, 96, 10, has_alpha=False)
TINY = Placeholder("data:image/webp;base64,UklGRgAAAABXRUJQ", "#c86432")
HEADER, DONE = HeaderFrame(FACTS), DoneFrame(FACTS, TINY, 0.0, 0.0, 1 << 20)
LARGE, SMALL = (64, 48), (32, 24)


def file(name: str, slot: Slot, codec: Codec) -> VariantFrame:
    return VariantFrame((name,), slot, codec, *(LARGE if name == "w64" else SMALL))


def lazy(name: str, slot: Slot, codec: Codec, copy_of: str = "") -> LazyFile:
    size = LARGE if name == "w64" else SMALL
    return LazyFile((name,), slot, codec, *size, copy_of=copy_of)


EAGER = (
    HEADER,
    file("w64", FALLBACK, Codec.JPEG),
    file("w64", AVIF, Codec.AVIF),
    # An exact WebP, which the lazy webp slot shares.
    file("w32", AVIF, Codec.WEBP),
)
LATER = (lazy("w64", WEBP, Codec.WEBP), lazy("w32", FALLBACK, Codec.JPEG))
COPY = lazy("w32", WEBP, Codec.WEBP, "w32.avif")
MADE = (file("w64", WEBP, Codec.WEBP), file("w32", FALLBACK, Codec.JPEG))


def done(*lazy_files: LazyFile, is_all_eager: bool = False) -> DoneFrame:
    return msgspec.structs.replace(DONE, lazy=lazy_files, is_all_eager=is_all_eager)


CHEAP: tuple[Reply, ...] = (*EAGER, done(*LATER, COPY))
COSTLY: tuple[Reply, ...] = (*EAGER, *MADE, done(COPY, is_all_eager=True))


def heard(replies: tuple[Reply, ...], job: Job | None = None, source: bytes = SOURCE) -> int:
    """Return how many of the replies the parent accepts."""
    checks = ReplyChecks(job or Job(RECIPE, Limits()), source)
    for number, reply in enumerate(replies):
        payload = BYTES[reply.codec] if isinstance(reply, VariantFrame) else b""
        try:
            if len(payload) > checks.max_payload_bytes:
                return number
            checks.check(reply, payload)
        except InvalidFrame:
            return number
    return len(replies)


@pytest.mark.parametrize("replies", [CHEAP, COSTLY], ids=["described", "made"])
def test_all_lazy_files_are_described_or_all_but_copies_are_made(
    replies: tuple[Reply, ...],
) -> None:
    assert heard(replies) == len(replies)


LIES: dict[str, tuple[Reply, ...]] = {
    "no lazy files": (*EAGER, done()),
    "one lazy file too few": (*EAGER, done(LATER[0], COPY)),
    "one lazy file too many": (*EAGER, done(*LATER, COPY, COPY)),
    "lazy files in another order": (*EAGER, done(*reversed(LATER), COPY)),
    "a lazy file of another name": (
        *EAGER,
        done(replace(LATER[0], variants=("w9",)), LATER[1], COPY),
    ),
    "a lazy file of another slot": (*EAGER, done(replace(LATER[0], slot=AVIF), LATER[1], COPY)),
    "a lazy file of another size": (*EAGER, done(replace(LATER[0], width=65), LATER[1], COPY)),
    "a lazy file of a codec that its browsers cannot read": (
        *EAGER,
        done(replace(LATER[0], codec=Codec.AVIF), LATER[1], COPY),
    ),
    "a limit of a side that the lazy file does not have": (
        *EAGER,
        done(replace(LATER[0], limit=SlotLimit.SIDE), LATER[1], COPY),
    ),
    "a copy of a file that browsers of the slot cannot read": (
        *EAGER,
        done(replace(LATER[0], copy_of="w64.avif"), LATER[1], COPY),
    ),
    "a fallback that is a copy": (
        *EAGER,
        done(LATER[0], replace(LATER[1], copy_of="w32.avif"), COPY),
    ),
    "a copy that is none": (*EAGER, done(*LATER, replace(COPY, copy_of=""))),
    "a copy of another file": (*EAGER, done(*LATER, replace(COPY, copy_of="w64.avif"))),
    "a copy of a file outside": (*EAGER, done(*LATER, replace(COPY, copy_of="../../evil"))),
    "a copy of another codec": (*EAGER, done(*LATER, replace(COPY, codec=Codec.JPEG))),
    "described files that are said to be made": (
        *EAGER,
        done(*LATER, COPY, is_all_eager=True),
    ),
    "made files that are described, too": (
        *EAGER,
        *MADE,
        done(*LATER, COPY, is_all_eager=True),
    ),
    "made files that are said to be lazy": (*EAGER, *MADE, done(COPY)),
    "one file made and one described": (
        *EAGER,
        MADE[0],
        done(LATER[1], COPY, is_all_eager=True),
    ),
    "lazy files that come first": (HEADER, MADE[0]),
    "lazy files in the middle": (*EAGER[:2], MADE[0]),
    "made files in another order": (*EAGER, MADE[1]),
    "a copy that is made": (*EAGER, *MADE, file("w32", WEBP, Codec.WEBP)),
    "a made file twice": (*EAGER, MADE[0], MADE[0]),
    "everything twice": (*EAGER, *MADE, MADE[0]),
}


@pytest.mark.parametrize("replies", LIES.values(), ids=LIES.keys())
def test_a_lie_about_lazy_files_is_refused(replies: tuple[Reply, ...]) -> None:
    assert heard(replies) == len(replies) - 1


@pytest.mark.parametrize(
    ("facts", "reduction", "recipe", "is_all_eager", "is_accepted"),
    [
        (FACTS, Reduction(), RECIPE, False, True),
        # Only the child knows what the source would cost.
        (FACTS, Reduction(), RECIPE, True, True),
        (FACTS, Reduction(), RECIPE.all_eager(), True, False),
        (MOVING, Reduction(), RECIPE, True, True),
        (MOVING, Reduction(), RECIPE, False, False),
        (MOVING, Reduction(), RECIPE.all_eager(), False, True),
        (MOVING, Reduction(Still.MEMORY), RECIPE, False, True),
    ],
)
def test_only_a_still_picture_may_have_lazy_files(
    facts: SourceFacts,
    reduction: Reduction,
    recipe: Recipe,
    *,
    is_all_eager: bool,
    is_accepted: bool,
) -> None:
    header = HeaderFrame(facts, reduction, is_all_eager)
    source = GIF if facts is MOVING else SOURCE

    assert heard((header,), Job(recipe, Limits()), source) == is_accepted


def test_a_child_that_begins_to_make_everything_ends_with_everything() -> None:
    header = msgspec.structs.replace(HEADER, is_all_eager=True)
    every = (
        header,
        file("w64", FALLBACK, Codec.JPEG),
        file("w64", WEBP, Codec.WEBP),
        file("w64", AVIF, Codec.AVIF),
        file("w32", FALLBACK, Codec.JPEG),
        file("w32", WEBP, Codec.WEBP),
        file("w32", AVIF, Codec.AVIF),
    )

    assert heard((*every, done(is_all_eager=True))) == len(every) + 1
    assert heard((*every, done())) == len(every)
    assert heard((*every, done(*LATER, COPY, is_all_eager=True))) == len(every)


def test_a_lazy_slot_is_no_copy_of_a_lazy_file() -> None:
    """Only what is stored at upload can be copied, even if a better lazy slot was made, too."""
    recipe = Recipe("all", (Variant("w64", tuple(Slot), width=64, lazy=(AVIF, WEBP)),))
    made = (
        HEADER,
        file("w64", FALLBACK, Codec.JPEG),
        file("w64", WEBP, Codec.WEBP),
        file("w64", AVIF, Codec.WEBP),
        done(is_all_eager=True),
    )
    described = done(lazy("w64", WEBP, Codec.WEBP), lazy("w64", AVIF, Codec.WEBP))

    assert heard(made, Job(recipe, Limits())) == len(made)
    assert heard((*made[:2], described), Job(recipe, Limits())) == 3


def test_a_job_for_one_lazy_variant_gets_its_file() -> None:
    job = Job(RECIPE, Limits(), only=("w32", WEBP))
    alone = (
        HEADER,
        file("w32", WEBP, Codec.WEBP),
        msgspec.structs.replace(DONE, placeholder=None),
    )
    described = msgspec.structs.replace(alone[-1], lazy=LATER)

    assert heard(alone, job) == len(alone)
    assert heard((*alone[:-1], described), job) == len(alone) - 1
    assert heard((msgspec.structs.replace(HEADER, is_all_eager=True),), job) == 0


def test_the_lazy_files_of_the_largest_recipe_fit_into_the_last_frame() -> None:
    names = [f"{'n' * 30}{number:02d}" for number in range(64)]
    every = [
        LazyFile((name,), slot, Codec.WEBP, 99_999, 99_999, SlotLimit.MEMORY, f"{name}.fallback")
        for name in names
        for slot in Slot
    ]

    encoded = msgspec.json.encode(done(*every))

    assert len(encoded) < MAX_REPLY_HEADER_BYTES
