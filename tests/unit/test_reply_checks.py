"""Whatever a child sends: what is accepted is what an honest child could have sent."""

import io
import math
import re
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.child_frames import NONCE_BYTES, InvalidFrame, write_frame
from shared.imaging.child_protocol import (
    DoneFrame,
    HeaderFrame,
    Job,
    Reply,
    VariantFrame,
    read_reply,
)
from shared.imaging.reply_checks import ReplyChecks
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import Recipe, Slot, Variant
from shared.model.reductions import Reduction, SlotLimit, Still

pytestmark = pytest.mark.unit

NONCE = bytes(NONCE_BYTES)
SOURCE = b"\xff\xd8\xff" + bytes(100)
JPEG, WEBP = b"\xff\xd8\xff....", b"RIFF....WEBP...."
RECIPE = Recipe(
    "two",
    (
        Variant("w64", (Slot.WEBP, Slot.FALLBACK), width=64),
        Variant("w32", (Slot.FALLBACK,), width=32),
    ),
)
JOB = Job(RECIPE, Limits())
FACTS = SourceFacts("jpeg", 128, 96, 1, has_alpha=True)
TINY = Placeholder("data:image/webp;base64,UklGRgAAAABXRUJQ", "#c86432")
HONEST: tuple[tuple[Reply, bytes], ...] = (
    (HeaderFrame(FACTS), b""),
    (VariantFrame(("w64",), Slot.FALLBACK, Codec.JPEG, 64, 48), JPEG),
    (VariantFrame(("w64",), Slot.WEBP, Codec.JPEG, 64, 48), JPEG),
    (VariantFrame(("w32",), Slot.FALLBACK, Codec.JPEG, 32, 24), JPEG),
    (DoneFrame(FACTS, TINY, 0.0, 0.0, 1 << 20), b""),
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["webp", "avif", "fallback", "jpeg", "gif", "w64", "w32", "#000000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
FIELDS = [
    (at, *path)
    for at, (reply, _) in enumerate(HONEST)
    for field in msgspec.structs.fields(reply)
    for path in (
        [(field.name, name) for name in ("format", "width", "height", "frames", "has_alpha")]
        if field.name == "facts"
        else [(field.name,), (field.name, "data_uri"), (field.name, "colour")]
        if field.name == "placeholder"
        else [(field.name,), (field.name, "still"), (field.name, "most_pixels")]
        if field.name == "reduction"
        else [(field.name,)]
    )
]


def changed(reply: Reply, path: tuple[str, ...], value: object) -> bytes:
    """Return a reply's header with one field replaced by any JSON."""
    document: Any = msgspec.json.decode(msgspec.json.encode(reply))
    inner = document
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return msgspec.json.encode(document)


def accepted(headers: list[tuple[bytes, bytes]]) -> list[tuple[Reply, bytes]]:
    """Return the replies that the parent accepts before it refuses one."""
    checks, heard = ReplyChecks(JOB, SOURCE), []
    for header, payload in headers:
        stream = io.BytesIO()
        write_frame(stream, msgspec.Raw(header), payload, nonce=NONCE)  # type: ignore[arg-type] # encoded already
        stream.seek(0)
        try:
            reply, sent = read_reply(
                stream, nonce=NONCE, max_payload_bytes=checks.max_payload_bytes
            )
            checks.check(reply, sent)
        except InvalidFrame:
            break
        heard.append((reply, sent))
    return heard


def encoded(replies: tuple[tuple[Reply, bytes], ...]) -> list[tuple[bytes, bytes]]:
    return [(msgspec.json.encode(reply), payload) for reply, payload in replies]


GIF = b"GIF89a" + bytes(100)
MOVING = SourceFacts("gif", 1000, 500, 10, has_alpha=False)
STILL = SourceFacts("gif", 1000, 500, 1, has_alpha=False)
# 95 % and 50 % of the sides of the largest rung, 64 x 32, and what is between the steps.
FIRST_STEP, LAST_STEP, NO_STEP = 64 * 32 * 95**2 // 100**2, 64 * 32 // 4, 1000


@pytest.mark.parametrize(
    ("facts", "reduction", "limits", "is_accepted"),
    [
        (MOVING, Reduction(), Limits(), True),
        (MOVING, Reduction(Still.MEMORY), Limits(), True),
        (MOVING, Reduction(Still.FRAMES), Limits(), False),
        (MOVING, Reduction(Still.RECIPE), Limits(), False),
        (MOVING, Reduction(Still.FRAMES), Limits(max_frames=9), True),
        (MOVING, Reduction(), Limits(max_frames=9), False),
        (MOVING, Reduction(Still.MEMORY), Limits(max_frames=9), False),
        (MOVING, Reduction(Still.PIXELS), Limits(max_pixels=4_999_999), True),
        (MOVING, Reduction(), Limits(max_pixels=4_999_999), False),
        (MOVING, Reduction(most_pixels=FIRST_STEP), Limits(), False),
        (MOVING, Reduction(Still.MEMORY, FIRST_STEP), Limits(), True),
        (STILL, Reduction(), Limits(), True),
        (STILL, Reduction(Still.MEMORY), Limits(), False),
        (STILL, Reduction(most_pixels=FIRST_STEP), Limits(), True),
        (STILL, Reduction(most_pixels=LAST_STEP), Limits(), True),
        (STILL, Reduction(most_pixels=LAST_STEP - 1), Limits(), False),
        (STILL, Reduction(most_pixels=NO_STEP), Limits(), False),
        (STILL, Reduction(most_pixels=1 << 60), Limits(), False),
        (STILL, Reduction(most_pixels=-1), Limits(), False),
    ],
)
def test_only_a_reduction_that_the_limits_may_ask_for_is_accepted(
    facts: SourceFacts, reduction: Reduction, limits: Limits, *, is_accepted: bool
) -> None:
    checks = ReplyChecks(Job(RECIPE, limits), GIF)
    header = HeaderFrame(facts, reduction)

    if is_accepted:
        checks.check(header, b"")
    else:
        with pytest.raises(InvalidFrame):
            checks.check(header, b"")


@pytest.mark.parametrize(
    ("slot", "height", "limit", "is_accepted"),
    [
        (Slot.WEBP, 48, None, True),
        (Slot.WEBP, 48, SlotLimit.MEMORY, True),
        (Slot.WEBP, 48, SlotLimit.SIDE, False),
        (Slot.WEBP, 20_000, SlotLimit.SIDE, True),
        (Slot.WEBP, 20_000, SlotLimit.MEMORY, False),
        (Slot.WEBP, 20_000, None, False),
        (Slot.FALLBACK, 20_000, None, True),
        (Slot.FALLBACK, 48, SlotLimit.MEMORY, False),
    ],
)
def test_only_a_limit_that_the_slot_may_have_is_accepted(
    slot: Slot, height: int, limit: SlotLimit | None, *, is_accepted: bool
) -> None:
    checks = ReplyChecks(Job(Recipe("one", (Variant("full", (slot,)),)), Limits()), SOURCE)
    checks.check(HeaderFrame(SourceFacts("jpeg", 64, height, 1, has_alpha=False)), b"")
    frame = VariantFrame(("full",), slot, Codec.JPEG, 64, height, limit)

    if is_accepted:
        checks.check(frame, JPEG)
    else:
        with pytest.raises(InvalidFrame):
            checks.check(frame, JPEG)


ONE: dict[str, tuple[Reply, bytes]] = {
    "header": (HeaderFrame(FACTS), b""),
    "wanted": (VariantFrame(("w64",), Slot.WEBP, Codec.WEBP, 64, 48), WEBP),
    "other slot": (VariantFrame(("w64",), Slot.FALLBACK, Codec.JPEG, 64, 48), JPEG),
    "other variant": (VariantFrame(("w32",), Slot.FALLBACK, Codec.JPEG, 32, 24), JPEG),
    "end": (DoneFrame(FACTS, None, 0.0, 0.0, 1 << 20), b""),
    "end with a placeholder": (DoneFrame(FACTS, TINY, 0.0, 0.0, 1 << 20), b""),
}


@pytest.mark.parametrize(
    ("names", "accepted"),
    [
        (["header", "wanted", "end"], 3),
        (["header", "wanted", "end with a placeholder"], 2),
        (["header", "wanted", "other slot"], 2),
        (["header", "wanted", "wanted"], 2),
        (["header", "other slot"], 1),
        (["header", "other variant"], 1),
        (["header", "end"], 1),
        (["wanted"], 0),
    ],
)
def test_a_job_for_one_variant_gets_its_file_and_no_other(names: list[str], accepted: int) -> None:
    checks, heard = ReplyChecks(Job(RECIPE, Limits(), only=("w64", Slot.WEBP)), SOURCE), 0

    for reply, payload in (ONE[name] for name in names):
        try:
            checks.check(reply, payload)
        except InvalidFrame:
            break
        heard += 1

    assert heard == accepted


def test_honest_replies_are_accepted() -> None:
    assert accepted(encoded(HONEST)) == list(HONEST)


@given(st.sampled_from(FIELDS), JSON)
def test_what_is_accepted_could_be_true(field: tuple[Any, ...], value: object) -> None:
    at, *path = field
    headers = encoded(HONEST)
    headers[at] = (changed(HONEST[at][0], tuple(path), value), HONEST[at][1])

    heard = accepted(headers)

    for reply, payload in heard:
        require_plausible(reply, payload)
    names = [name for reply, _ in heard for name in named(reply)]
    assert len(names) == len(set(names))
    assert set(names) <= set(RECIPE.stored_names())
    if heard and isinstance(heard[-1][0], DoneFrame):
        assert set(names) == set(RECIPE.stored_names())


def named(reply: Reply) -> list[tuple[str, Slot]]:
    if not isinstance(reply, VariantFrame):
        return []
    return [(name, reply.slot) for name in reply.variants]


def require_plausible(reply: Reply, payload: bytes) -> None:
    """Fail for a reply that could do harm in a manifest, a ledger entry or a log line."""
    if isinstance(reply, HeaderFrame | DoneFrame):
        facts = reply.facts
        assert (facts.format, facts.frames) == ("jpeg", 1)
        assert min(facts.width, facts.height) >= 1
        assert facts.width * facts.height <= JOB.limits.max_pixels
    if isinstance(reply, VariantFrame):
        assert 1 <= reply.width <= 64
        assert 1 <= reply.height <= 64 * 1_000_000
        assert payload.startswith((b"\xff\xd8\xff", b"RIFF"))
    if isinstance(reply, DoneFrame):
        numbers = (reply.wall_seconds, reply.cpu_seconds, float(reply.peak_bytes))
        assert all(math.isfinite(number) and number >= 0 for number in numbers)
        assert reply.placeholder is not None
        assert re.fullmatch(r"data:image/webp;base64,[A-Za-z0-9+/=]+", reply.placeholder.data_uri)
        assert re.fullmatch("#[0-9a-f]{6}", reply.placeholder.colour)
        assert len(reply.placeholder.data_uri) <= 400


@given(st.lists(st.sampled_from(encoded(HONEST)), max_size=9))
def test_replies_in_any_order_are_accepted_up_to_the_first_wrong_one(
    headers: list[tuple[bytes, bytes]],
) -> None:
    heard = accepted(headers)

    assert heard == list(HONEST)[: len(heard)]
    assert len(heard) <= len(HONEST)


AVIF = b"\0\0\0\x1cftypavif" + bytes(100)


@pytest.mark.parametrize(
    ("frames", "still", "is_accepted"),
    [
        (1, None, True),
        (1, Still.FORMAT, False),
        (2, Still.FORMAT, True),
        (2, None, False),
        (2, Still.MEMORY, False),
        (len(AVIF), Still.FORMAT, True),
        (len(AVIF) + 1, Still.FORMAT, False),
    ],
)
def test_a_sequence_stands_still_and_has_no_more_frames_than_bytes(
    frames: int, still: Still | None, *, is_accepted: bool
) -> None:
    checks = ReplyChecks(Job(RECIPE, Limits()), AVIF)
    header = HeaderFrame(SourceFacts("avif", 1000, 500, frames, has_alpha=False), Reduction(still))

    if is_accepted:
        checks.check(header, b"")
    else:
        with pytest.raises(InvalidFrame):
            checks.check(header, b"")
