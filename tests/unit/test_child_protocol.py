import io
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import IO

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging import child_protocol
from shared.imaging.child_frames import (
    NO_NONCE,
    NONCE_BYTES,
    PREFIX,
    InvalidFrame,
    new_nonce,
    write_frame,
)
from shared.imaging.child_protocol import (
    MAX_REPLY_HEADER_BYTES,
    DoneFrame,
    FailedFrame,
    HeaderFrame,
    Job,
    ReadyFrame,
    ReceivedJob,
    RenderStage,
    Reply,
    VariantFrame,
    WatermarkFrame,
    read_job,
    read_ready,
    write_job,
)
from shared.imaging.sandbox.lock import Lock
from shared.model.codec import Codec
from shared.model.errors import Cause
from shared.model.focal import Focal
from shared.model.limits import Limits
from shared.model.manifest import Placeholder, SourceFacts
from shared.model.recipe import (
    Caps,
    Fit,
    Gravity,
    Match,
    Position,
    Recipe,
    Slot,
    Variant,
    Watermark,
)

pytestmark = pytest.mark.unit

FACTS = SourceFacts("jpeg", 160, 120, 1, has_alpha=False)
NONCE = bytes(range(NONCE_BYTES))
MAX_PAYLOAD_BYTES = 1 << 20
REPLIES: dict[str, Reply] = {
    "header": HeaderFrame(FACTS),
    "variant": VariantFrame(("w640", "w320"), Slot.AVIF, Codec.WEBP, 160, 120),
    "done": DoneFrame(
        FACTS, Placeholder("data:image/webp;base64,x", "#c86432"), 1.5, 1.25, 1 << 27
    ),
    "done without a placeholder": DoneFrame(FACTS, None, 0.0, 0.0, 0),
    "failed": FailedFrame(Cause.TRUNCATED, RenderStage.RENDER, "Expected café, got ☠."),
}
FULL_RECIPE = Recipe(
    name="full",
    variants=(
        Variant("w640", (Slot.AVIF, Slot.FALLBACK), width=640, quality={Codec.AVIF: 50}),
        Variant("sq", (Slot.WEBP,), 16, 16, Fit.COVER, Gravity.ATTENTION, effort={"webp": 6}),
        Variant("lazy", (Slot.AVIF, Slot.WEBP), lazy=(Slot.WEBP,)),
    ),
    match=Match("photos/", (".jpg",)),
    background=(1, 2, 3),
    caps=Caps(100, None),
    watermark=Watermark("logo.png", Position.CENTRE),
    metadata=("copyright",),
    placeholder=False,
)


def written(header: msgspec.Struct, payload: bytes = b"") -> bytes:
    stream = io.BytesIO()
    write_frame(stream, header, payload, nonce=NONCE)
    return stream.getvalue()


def read_reply(stream: IO[bytes]) -> tuple[Reply, bytes]:
    """Read a reply to the job with the nonce `NONCE`."""
    return child_protocol.read_reply(stream, nonce=NONCE, max_payload_bytes=MAX_PAYLOAD_BYTES)


def frame(header: bytes, payload: bytes = b"") -> bytes:
    """Return a frame with any header and correct lengths."""
    return PREFIX.pack(NONCE, len(header), len(payload)) + header + payload


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
@given(payload=st.binary())
def test_a_reply_is_read_as_it_was_written(reply: Reply, payload: bytes) -> None:
    stream = io.BytesIO(written(reply, payload))

    assert read_reply(stream) == (reply, payload)
    assert stream.read() == b""


def sent(job: Job, source: bytes, watermark: bytes) -> bytes:
    stream = io.BytesIO()
    write_job(stream, job, source, watermark, nonce=NONCE)
    return stream.getvalue()


@given(st.binary(), st.binary())
def test_a_job_is_read_as_it_was_written(source: bytes, watermark: bytes) -> None:
    job = Job(FULL_RECIPE, Limits(max_pixels=7), Focal(0.62, 0.31))
    stream = io.BytesIO(sent(job, source, watermark) * 2)

    received = read_job(stream)

    assert received is not None
    assert received == ReceivedJob(NONCE, job, source, watermark) == read_job(stream)
    back = received.job
    assert back.recipe.fingerprint == FULL_RECIPE.fingerprint
    assert isinstance(back.recipe.watermark, Watermark)
    assert isinstance(back.recipe.watermark.position, Position)
    assert isinstance(back.recipe.variants[0].slots[0], Slot)
    assert isinstance(back.recipe.variants[2].lazy[0], Slot)


@given(st.lists(st.tuples(st.sampled_from([*REPLIES.values()]), st.binary(max_size=50))))
def test_frames_on_one_stream_do_not_run_into_each_other(
    conversation: list[tuple[Reply, bytes]],
) -> None:
    stream = io.BytesIO(b"".join(written(*each) for each in conversation))

    heard = [read_reply(stream) for _ in conversation]

    assert heard == conversation


def test_a_job_without_a_watermark_is_one_frame() -> None:
    job = Job(replace(FULL_RECIPE, watermark=None), Limits())

    assert sent(job, b"source", b"") == written(job, b"source")
    assert read_job(io.BytesIO(sent(job, b"source", b""))) == ReceivedJob(
        NONCE, job, b"source", b""
    )


def test_a_job_that_ends_before_its_watermark_is_an_invalid_frame() -> None:
    whole = written(Job(FULL_RECIPE, Limits()), b"source")

    with pytest.raises(InvalidFrame):
        read_job(io.BytesIO(whole))


def every_cut(whole: bytes) -> Iterable[bytes]:
    return (whole[:kept] for kept in range(len(whole)))


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_reply_cut_at_any_byte_is_an_invalid_frame(reply: Reply) -> None:
    whole = written(reply, b"payload")

    for cut in every_cut(whole):
        with pytest.raises(InvalidFrame):
            read_reply(io.BytesIO(cut))


def test_a_job_cut_at_any_byte_is_an_invalid_frame_and_an_empty_stream_is_the_end() -> None:
    nothing, *cuts = every_cut(written(Job(FULL_RECIPE, Limits()), b"payload"))

    assert read_job(io.BytesIO(nothing)) is None
    for cut in cuts:
        with pytest.raises(InvalidFrame):
            read_job(io.BytesIO(cut))


class Endless(io.RawIOBase):
    """An endless stream of a child; records the largest size that was read at once."""

    def __init__(self, start: bytes) -> None:
        self._start = io.BytesIO(start)
        self.asked = 0

    def read(self, size: int = -1, /) -> bytes:
        self.asked = max(self.asked, size)
        return self._start.read(size) or bytes(size)


@pytest.mark.parametrize(
    ("header_bytes", "payload_bytes"),
    [(MAX_REPLY_HEADER_BYTES + 1, 0), (0, MAX_PAYLOAD_BYTES + 1), (2**32 - 1, 2**64 - 1)],
    ids=["header", "payload", "both"],
)
def test_lengths_over_the_limits_are_refused_before_reading(
    header_bytes: int, payload_bytes: int
) -> None:
    stream = Endless(PREFIX.pack(NONCE, header_bytes, payload_bytes))

    with pytest.raises(InvalidFrame, match="bounded frame"):
        read_reply(stream)  # type: ignore[arg-type] # reads as IO does

    assert stream.asked == PREFIX.size


GOOD = json.loads(msgspec.json.encode(REPLIES["variant"]))
INVALID: dict[str, bytes] = {
    "nothing": b"",
    "an unknown stage": b'{"type":"failed","cause":"corrupt","stage":"brake","detail":""}',
    "seconds that are no number": msgspec.json.encode(REPLIES["done"]).replace(b"1.25", b"NaN"),
    "seconds without end": msgspec.json.encode(REPLIES["done"]).replace(b"1.25", b"1e999"),
    "no json": b"Traceback (most recent call last):",
    "not utf-8": b'{"type":"failed","cause":"unknown","stage":"\xff","detail":""}',
    "a list": b"[]",
    "a word": b'"done"',
    "no tag": b"{}",
    "an unknown tag": b'{"type":"shell","command":"id"}',
    "a tag of another type": b'{"type":7}',
    "too little": b'{"type":"variant"}',
    "two documents": b"{}{}",
    "an unknown slot": json.dumps({**GOOD, "slot": "gif"}).encode(),
    "an unknown codec": json.dumps({**GOOD, "codec": "svg"}).encode(),
    "a width in words": json.dumps({**GOOD, "width": "160"}).encode(),
    "variants that are no names": json.dumps({**GOOD, "variants": [1]}).encode(),
    "an unknown cause": b'{"type":"failed","cause":"bored","stage":"render","detail":""}',
    "json without end": b"[" * MAX_REPLY_HEADER_BYTES,
    "json without end in a field nobody knows": b'{"type":"variant","x":' + b"[" * 16_000,
}


@pytest.mark.parametrize("header", INVALID.values(), ids=INVALID.keys())
def test_an_invalid_header_is_an_invalid_frame(header: bytes) -> None:
    with pytest.raises(InvalidFrame) as caught:
        read_reply(io.BytesIO(frame(header)))

    assert len(str(caught.value)) < 1000


@given(st.binary(max_size=200))
def test_any_bytes_of_a_child_are_read_or_an_invalid_frame(data: bytes) -> None:
    for stream in (io.BytesIO(data), io.BytesIO(frame(data))):
        with pytest.raises(InvalidFrame):
            read_reply(stream)


def test_a_reply_with_another_nonce_is_an_invalid_frame() -> None:
    stream = io.BytesIO()
    write_frame(stream, REPLIES["failed"], nonce=NO_NONCE)
    stream.seek(0)

    with pytest.raises(InvalidFrame, match="nonce"):
        read_reply(stream)

    assert stream.read().startswith(b"{")  # not even the header was read


def test_nonces_do_not_repeat_and_are_not_that_of_the_ready_frame() -> None:
    nonces = {new_nonce() for _ in range(1000)}

    assert len(nonces | {NO_NONCE}) == 1001
    assert {len(each) for each in nonces} == {NONCE_BYTES}


def test_a_watermark_with_another_nonce_is_an_invalid_frame() -> None:
    stream = io.BytesIO()
    write_frame(stream, Job(FULL_RECIPE, Limits()), b"source", nonce=NONCE)
    write_frame(stream, WatermarkFrame(), b"watermark", nonce=new_nonce())
    stream.seek(0)

    with pytest.raises(InvalidFrame):
        read_job(stream)


def test_a_job_carries_no_name_of_the_source_and_no_credential() -> None:
    # `only` is a variant and a slot of the recipe.
    assert set(Job.__struct_fields__) == {"recipe", "limits", "focal", "only"}


def test_a_ready_frame_is_read() -> None:
    stream = io.BytesIO()
    write_frame(stream, ReadyFrame((Lock.SECCOMP,), walks_jpegs=True))
    stream.seek(0)

    ready = read_ready(stream)

    assert ready.locks == (Lock.SECCOMP,)
    assert stream.read() == b""


def test_a_ready_frame_names_known_locks_only() -> None:
    header = b'{"type":"ready","locks":["chroot"],"walks_jpegs":true}'

    with pytest.raises(InvalidFrame, match="chroot"):
        read_ready(io.BytesIO(PREFIX.pack(NO_NONCE, len(header), 0) + header))


@pytest.mark.parametrize("reply", REPLIES.values(), ids=REPLIES.keys())
def test_a_reply_is_not_a_ready_frame(reply: Reply) -> None:
    stream = io.BytesIO()
    write_frame(stream, reply)
    stream.seek(0)

    with pytest.raises(InvalidFrame, match="Expected"):
        read_ready(stream)


def test_a_ready_frame_is_not_a_reply() -> None:
    stream = io.BytesIO()
    write_frame(stream, ReadyFrame((), walks_jpegs=True))
    stream.seek(0)

    with pytest.raises(InvalidFrame):
        read_reply(stream)


def test_a_child_that_exits_before_its_ready_frame_is_not_ready() -> None:
    with pytest.raises(InvalidFrame, match="end of the stream"):
        read_ready(io.BytesIO())
