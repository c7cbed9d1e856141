"""Checks each reply of a render child before any of it reaches manifest, ledger or log.

An image may have taken over the child, which can then send anything. What it sends about its own
image is not compared with the image: it may invent size, colours and pixels within these bounds.

This module must never import libvips: decoder bugs must not run in the process that holds the
credentials.
"""

import os
from collections import deque
from dataclasses import replace
from time import monotonic

from shared.imaging.child_protocol import (
    DoneFrame,
    FailedFrame,
    HeaderFrame,
    Job,
    Reply,
    VariantFrame,
)
from shared.imaging.file_checks import check_file, require
from shared.imaging.intake.sniff import sniff
from shared.imaging.lazy_checks import LazyChecks
from shared.imaging.placeholder_form import is_placeholder
from shared.model.animations import MOVING_FORMATS, SEQUENCE_FORMATS, why_still
from shared.model.geometry import Size
from shared.model.limits import MAX_FRAMES_READ, MAX_SOURCE_SIDE, MEBIBYTE
from shared.model.manifest import SourceFacts
from shared.model.planned_files import MAX_FILES_BYTES, PlannedFile, plan_files
from shared.model.reductions import Reduction, Still
from shared.model.renditions import plan_renditions, smaller_sizes

# The child reads the same clocks, and ends its measurement before the parent does.
CLOCK_TOLERANCE_SECONDS = 1.0
# What a child holds in addition to its jobs: interpreter, libvips, stacks.
OWN_MEMORY_BYTES = 1024 * MEBIBYTE


class ReplyChecks:
    """Checks the replies to one job: a header, each planned file in order, the end.

    Lazy files may follow: all that are no copies, or none.

    A failure may come instead of any of them. Begins to measure the time when it is created.
    """

    def __init__(self, job: Job, source: bytes) -> None:
        self._job = job
        self._format, self._source_bytes = sniff(source), len(source)
        self._began = monotonic()
        self._facts: SourceFacts | None = None
        self._reduction = Reduction()
        self._planned: deque[PlannedFile] = deque()
        self._is_all_eager = False
        self._lazy = LazyChecks()
        self._left_bytes = MAX_FILES_BYTES

    @property
    def max_payload_bytes(self) -> int:
        """Return how many bytes the payload of the next reply may have."""
        following = self._planned or self._lazy.to_make()
        return min(following[0].max_bytes, self._left_bytes) if following else 0

    def check(self, reply: Reply, payload: bytes) -> None:
        """Raise `InvalidFrame` unless an honest child could send this reply now."""
        if not isinstance(reply, VariantFrame):
            require("no payload", payload[:1], is_met=not payload)
        match reply:
            case HeaderFrame():
                self._check_header(reply)
            case VariantFrame():
                self._check_variant(reply, payload)
            case DoneFrame():
                self._check_done(reply)
            case FailedFrame():
                pass  # `failure_for` bounds and escapes its detail

    def _check_header(self, header: HeaderFrame) -> None:
        facts, reduction = header.facts, header.reduction
        require("one header", facts, is_met=self._facts is None)
        require(f"the format {self._format}", facts.format, is_met=facts.format == self._format)
        sides = (facts.width, facts.height)
        require("sides of an image", sides, is_met=all(_is_side(side) for side in sides))
        most = self._most_frames(facts.format)
        require("frames of an image", facts.frames, is_met=1 <= facts.frames <= most)
        is_within = facts.width * facts.height <= self._job.limits.max_pixels
        require("an image within the limits", facts, is_met=is_within)
        self._facts, self._reduction = facts, reduction
        self._check_reduction(facts, reduction)
        self._check_all_eager(header)
        job = self._job
        recipe = job.recipe.all_eager() if header.is_all_eager else job.recipe
        files = plan_files(recipe, facts, reduction, job.focal, only=job.only)
        self._planned.extend(each for each in files if not each.is_lazy)
        self._lazy.plan([each for each in files if each.is_lazy])

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
        require("a still image for a reason", still, is_met=still in may_be)
        upright = Size(facts.width, facts.height)
        sizes = smaller_sizes(plan_renditions(recipe, upright, focal=self._job.focal))
        most = reduction.most_pixels
        is_tried = most is None or (most in sizes and (facts.frames == 1 or still is not None))
        require("a size that is tried", most, is_met=is_tried)

    def _check_all_eager(self, header: HeaderFrame) -> None:
        """Refuse lazy files of a picture that moves.

        Whether it would cost too much memory is not checked: a child that lies about it makes its
        own image's files at upload, or later in another child, which then refuses.
        """
        has_lazy = bool(self._job.recipe.lazy_names()) and self._job.only is None
        moves = header.facts.frames > 1 and header.reduction.still is None
        may_be = {True} if has_lazy and moves else {False, has_lazy}
        said = header.is_all_eager
        require("lazy files of a still image", said, is_met=said in may_be)
        self._is_all_eager = said

    def _check_variant(self, frame: VariantFrame, payload: bytes) -> None:
        if not self._planned:
            self._planned.extend(self._lazy.make())
        require("no more files", frame, is_met=bool(self._planned))
        planned = self._planned.popleft()
        self._left_bytes -= len(payload)
        check_file(frame, planned)
        found = sniff(payload)
        require(f"a file of codec {frame.codec}", found, is_met=found == frame.codec)
        self._lazy.note(planned, frame)

    def _check_done(self, done: DoneFrame) -> None:
        missing = len(self._planned)
        require("every file", missing, is_met=self._facts is not None and not missing)
        require("the header's facts", done.facts, is_met=_is_same(done.facts, self._facts))
        require("the reduction", done.reduction, is_met=done.reduction == self._reduction)
        self._lazy.check(done.lazy)
        is_all_eager = self._is_all_eager or self._lazy.are_made
        require("what was lazy", done.is_all_eager, is_met=done.is_all_eager is is_all_eager)
        shown = done.placeholder
        is_wanted = self._job.recipe.placeholder and self._job.only is None
        is_formed = is_placeholder(shown) if shown else True
        require("a placeholder", shown, is_met=is_formed and bool(shown) == is_wanted)
        most = monotonic() - self._began + CLOCK_TOLERANCE_SECONDS
        wall, cpu = done.wall_seconds, done.cpu_seconds
        require("wall seconds that have passed", wall, is_met=0 <= wall <= most)
        require("CPU seconds", cpu, is_met=0 <= cpu <= most * (os.cpu_count() or 1))
        peak, memory = done.peak_bytes, self._job.limits.memory_bytes + OWN_MEMORY_BYTES
        require("memory that a child may take", peak, is_met=0 <= peak <= memory)


def _is_side(pixels: int) -> bool:
    return 1 <= pixels <= MAX_SOURCE_SIDE


def _is_same(done: SourceFacts, header: SourceFacts | None) -> bool:
    """Return whether the facts are the header's; alpha that hides nothing may be gone."""
    return header is not None and done in {header, replace(header, has_alpha=False)}
