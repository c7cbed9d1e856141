"""Checks each reply of a render child before any of it reaches manifest, ledger or log.

An image may have taken over the child, which can then send anything. What it sends about its own
image is not compared with the image: it may invent size, colours and pixels within these bounds.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import os
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from time import monotonic

from shared.imaging.child_frames import InvalidFrame
from shared.imaging.child_protocol import (
    DoneFrame,
    FailedFrame,
    HeaderFrame,
    Job,
    Reply,
    VariantFrame,
)
from shared.imaging.intake.sniff import sniff
from shared.imaging.placeholder_form import is_placeholder
from shared.model.animations import MOVING_FORMATS, SEQUENCE_FORMATS, why_still
from shared.model.codec import Codec
from shared.model.geometry import Size
from shared.model.limits import MAX_FRAMES_READ, MAX_SOURCE_SIDE, MEBIBYTE
from shared.model.manifest import SourceFacts
from shared.model.planned_files import MAX_FILES_BYTES, PlannedFile, plan_files
from shared.model.recipe import Slot
from shared.model.reductions import Reduction, SlotLimit, Still
from shared.model.renditions import plan_renditions, smaller_sizes
from shared.text import excerpt

# The codecs that every browser of a slot can display: a slot may hold a file of a lower one.
ANY_BROWSER = frozenset({Codec.JPEG, Codec.PNG, Codec.GIF})
CODECS: Mapping[Slot, frozenset[Codec]] = {
    Slot.FALLBACK: ANY_BROWSER,
    Slot.WEBP: ANY_BROWSER | {Codec.WEBP},
    Slot.AVIF: ANY_BROWSER | {Codec.WEBP, Codec.AVIF},
}
# The child reads the same clocks, and ends its measurement before the parent does.
CLOCK_TOLERANCE_SECONDS = 1.0
# What a child holds in addition to its jobs: interpreter, libvips, stacks.
OWN_MEMORY_BYTES = 1024 * MEBIBYTE


class ReplyChecks:
    """Checks the replies to one job: a header, each planned file in order, the end.

    A failure may come instead of any of them. Begins to measure the time when it is created.
    """

    def __init__(self, job: Job, source: bytes) -> None:
        self._job = job
        self._format, self._source_bytes = sniff(source), len(source)
        self._began = monotonic()
        self._facts: SourceFacts | None = None
        self._reduction = Reduction()
        self._planned: deque[PlannedFile] = deque()
        self._left_bytes = MAX_FILES_BYTES

    @property
    def max_payload_bytes(self) -> int:
        """Return how many bytes the payload of the next reply may have."""
        return min(self._planned[0].max_bytes, self._left_bytes) if self._planned else 0

    def check(self, reply: Reply, payload: bytes) -> None:
        """Raise `InvalidFrame` unless an honest child could send this reply now."""
        if not isinstance(reply, VariantFrame):
            _require("no payload", payload[:1], is_met=not payload)
        match reply:
            case HeaderFrame():
                self._check_header(reply.facts, reply.reduction)
            case VariantFrame():
                self._check_variant(reply, payload)
            case DoneFrame():
                self._check_done(reply)
            case FailedFrame():
                pass  # `failure_for` bounds and escapes its detail

    def _check_header(self, facts: SourceFacts, reduction: Reduction) -> None:
        _require("one header", facts, is_met=self._facts is None)
        _require(f"the format {self._format}", facts.format, is_met=facts.format == self._format)
        sides = (facts.width, facts.height)
        _require("sides of an image", sides, is_met=all(_is_side(side) for side in sides))
        most = self._most_frames(facts.format)
        _require("frames of an image", facts.frames, is_met=1 <= facts.frames <= most)
        is_within = facts.width * facts.height <= self._job.limits.max_pixels
        _require("an image within the limits", facts, is_met=is_within)
        self._facts, self._reduction = facts, reduction
        self._check_reduction(facts, reduction)
        job = self._job
        files = plan_files(job.recipe, facts, reduction, job.focal, only=job.only)
        self._planned.extend(files)

    def _most_frames(self, name: str) -> int:
        if name in MOVING_FORMATS:
            return MAX_FRAMES_READ
        # Only the still image beside a sequence is rendered, so any true number of frames will do.
        return max(1, self._source_bytes) if name in SEQUENCE_FORMATS else 1

    def _check_reduction(self, facts: SourceFacts, reduction: Reduction) -> None:
        """Refuse a reduction that no limits ask for.

        Whether the image would cost too much memory is not checked: a child that lies about it
        makes its own image still, or smaller.
        """
        recipe, still = self._job.recipe, reduction.still
        wanted = why_still(recipe, self._job.limits, facts)
        may_be = {wanted} if wanted or facts.frames == 1 else {None, Still.MEMORY}
        _require("a still image for a reason", still, is_met=still in may_be)
        upright = Size(facts.width, facts.height)
        sizes = smaller_sizes(plan_renditions(recipe, upright, focal=self._job.focal))
        most = reduction.most_pixels
        is_tried = most is None or (most in sizes and (facts.frames == 1 or still is not None))
        _require("a size that is tried", most, is_met=is_tried)

    def _check_variant(self, frame: VariantFrame, payload: bytes) -> None:
        _require("no more files", frame, is_met=bool(self._planned))
        planned = self._planned.popleft()
        self._left_bytes -= len(payload)
        named, wanted = (frame.variants, frame.slot), (planned.variants, planned.slot)
        _require(f"the file of {excerpt(wanted)}", named, is_met=named == wanted)
        size = Size(frame.width, frame.height)
        _require(f"{planned.size}", size, is_met=size == planned.size)
        _require(f"a codec of {frame.slot}", frame.codec, is_met=frame.codec in CODECS[frame.slot])
        _require("a limit of the slot", frame.limit, is_met=frame.limit in _limits(planned))
        found = sniff(payload)
        _require(f"a file of codec {frame.codec}", found, is_met=found == frame.codec)

    def _check_done(self, done: DoneFrame) -> None:
        missing = len(self._planned)
        _require("every file", missing, is_met=self._facts is not None and not missing)
        _require("the header's facts", done.facts, is_met=_is_same(done.facts, self._facts))
        _require("the reduction", done.reduction, is_met=done.reduction == self._reduction)
        shown = done.placeholder
        is_wanted = self._job.recipe.placeholder and self._job.only is None
        is_formed = is_placeholder(shown) if shown else True
        _require("a placeholder", shown, is_met=is_formed and bool(shown) == is_wanted)
        most = monotonic() - self._began + CLOCK_TOLERANCE_SECONDS
        wall, cpu = done.wall_seconds, done.cpu_seconds
        _require("wall seconds that have passed", wall, is_met=0 <= wall <= most)
        _require("CPU seconds", cpu, is_met=0 <= cpu <= most * (os.cpu_count() or 1))
        peak, memory = done.peak_bytes, self._job.limits.memory_bytes + OWN_MEMORY_BYTES
        _require("memory that a child may take", peak, is_met=0 <= peak <= memory)


def _limits(planned: PlannedFile) -> set[SlotLimit | None]:
    """Return what may keep a slot from its own codec; nothing keeps the fallback from its own."""
    if planned.limit or planned.slot is Slot.FALLBACK:
        return {planned.limit}
    return {None, SlotLimit.MEMORY}


def _is_side(pixels: int) -> bool:
    return 1 <= pixels <= MAX_SOURCE_SIDE


def _is_same(done: SourceFacts, header: SourceFacts | None) -> bool:
    """Return whether the facts are the header's; alpha that hides nothing may be gone."""
    return header is not None and done in {header, replace(header, has_alpha=False)}


def _require(wanted: str, found: object, *, is_met: bool) -> None:
    if not is_met:
        raise InvalidFrame(f"Expected {wanted}, got {excerpt(found)}.")
