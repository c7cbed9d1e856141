"""Estimates a backfill before it begins: images, hours and dollars."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from scripts.pixfleet.backfill.selection import Feeder, Page, Wanted
from scripts.pixfleet.pricing.averages import BUSY_SHARE, DEFAULT_AVERAGES, Averages
from scripts.pixfleet.pricing.prices import MEGABYTES_PER_VCPU
from scripts.pixfleet.stack.ssm_parameter import Lane, Stack
from shared.cloud.ledger_reader import BATCH_KEYS, LedgerReader
from shared.cloud.status_index import StatusIndex
from shared.model.entry import PUBLISHED

# Two lookups. If images are alike, the mean of this many is accurate to about a tenth.
SAMPLE_IMAGES = 2 * BATCH_KEYS
# The keys of one call; counting ten million keys takes ten thousand calls.
COUNT_KEYS = 1000
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Selected:
    """Numbers of images listed, sent and rendered; the last two are extrapolated from a sample.

    `keys` are the first of those that are sent. If it `has_more`, the count was stopped before the
    end, and the numbers are those of the beginning.
    """

    listed: int
    sent: int
    made: int
    keys: Sequence[str] = ()
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class Estimate:
    """Images, and what they cost at the averages."""

    selected: Selected
    images: int
    made: int
    hours: float
    dollars: float
    averages: Averages


def sampled_averages(ledger: LedgerReader, index: StatusIndex) -> Averages:
    """Return the averages of the latest images, or those of docs/cost.md if there are none."""
    keys = [each.key for each in index.newest(PUBLISHED, most=SAMPLE_IMAGES)]
    pages = [keys[at : at + BATCH_KEYS] for at in range(0, len(keys), BATCH_KEYS)]
    read = [each for page in pages for each in ledger.entries(page, consistent=False).values()]
    entries = [entry for entry in read if entry.cpu_seconds and entry.stored]
    if not entries:
        return DEFAULT_AVERAGES
    return Averages(
        cpu_seconds=sum(entry.cpu_seconds for entry in entries) / len(entries),
        objects=sum(len(entry.stored) for entry in entries) / len(entries),
        variant_bytes=sum(entry.variant_bytes for entry in entries) / len(entries),
        origin=f"the ledger, of the latest {len(entries)} images",
    )


def count_selection(
    feeder: Feeder,
    *,
    enough: int | None,
    most_keys: int = COUNT_KEYS,
    is_late: Callable[[], bool] = lambda: False,
) -> Selected:
    """Count a selection to its end, or until `enough` images are listed, or until it `is_late`.

    Up to `most_keys` keys are named: every page is assessed completely until there are so many, if
    they are more than those of the first page.

    The first page, a thousand images, is assessed completely, and a hundred images of each of the
    pages 2, 4, 8 and so on. So a small selection is assessed completely, and a large one by a
    sample from all of its parts.
    """
    listed = assessed = sent = made = 0
    next_assessed = 1
    keys: list[str] = []
    stopped = False
    for number, page in enumerate(feeder.pages("", COUNT_KEYS), start=1):
        if number > 1 and is_late():
            stopped = True
            break
        listed += len(page.listed)
        names_all = most_keys > COUNT_KEYS and len(keys) < most_keys
        if number == next_assessed or names_all:
            next_assessed = 2 * number if number == next_assessed else next_assessed
            sample = page.listed if number == 1 or names_all else page.listed[:BATCH_KEYS]
            wanted = _chosen(feeder, Page(sample, page.cursor))
            assessed += len(sample)
            sent += len(wanted)
            made += sum(not each.is_current for each in wanted)
            if number == 1 or names_all:
                keys += [each.key for each in wanted]
        if enough is not None and listed >= enough:
            break
    share = listed / assessed if assessed else 0.0
    named = tuple(keys[:most_keys])
    return Selected(listed, round(sent * share), round(made * share), named, stopped)


def _chosen(feeder: Feeder, page: Page) -> Sequence[Wanted]:
    parts = (page.listed[at : at + BATCH_KEYS] for at in range(0, len(page.listed), BATCH_KEYS))
    return [each for part in parts for each in feeder.choose(Page(part, "")).wanted]


def estimate(
    selected: Selected, averages: Averages, stack: Stack, lane: Lane, limits: "Limits"
) -> Estimate:
    """Return the estimate of a selection on a lane, within the limits."""
    each = averages.dollars(stack.architecture)
    images = min(selected.sent, *limits.images(each))
    made = round(images * selected.made / selected.sent) if selected.sent else 0
    cpus = lane.maximum_concurrency * max(1.0, stack.memory_mb / MEGABYTES_PER_VCPU) * BUSY_SHARE
    hours = made * averages.cpu_seconds / cpus / SECONDS_AN_HOUR
    if limits.rate:
        hours = max(hours, images / limits.rate / SECONDS_AN_HOUR)
    return Estimate(selected, images, made, hours, made * each, averages)


@dataclass(frozen=True, slots=True)
class Limits:
    """Where a run stops; None means no limit. `rate` is in images a second."""

    max_images: int | None = None
    max_dollars: float | None = None
    stop_after_failures: int | None = None
    rate: float | None = None

    def images(self, dollars_each: float) -> Iterable[int]:
        """Yield each limit as a number of images."""
        if self.max_images is not None:
            yield self.max_images
        if self.max_dollars is not None:
            yield int(self.max_dollars / dollars_each)
        yield 1 << 62
