"""What a backfill will take, before it begins: images, hours and dollars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scripts.pixfleet.backfill.selection import Feeder, Page, Wanted
from scripts.pixfleet.pricing.averages import BUSY_SHARE, DEFAULT_AVERAGES, Averages
from scripts.pixfleet.pricing.prices import MEGABYTES_PER_VCPU
from scripts.pixfleet.stack.document import Lane, Stack
from shared.cloud.ledger_reader import BATCH_KEYS, LedgerReader
from shared.cloud.status_index import StatusIndex
from shared.model.entry import PUBLISHED

# Two pages: the mean of so many is good to a tenth or so, where images are alike.
SAMPLE_IMAGES = 2 * BATCH_KEYS
# To count ten million takes ten thousand calls; of some pages it is also asked what they hold.
COUNT_KEYS = 1000
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Selected:
    """What a selection holds: how many are listed, sent and made. The last two are of a sample."""

    listed: int
    sent: int
    made: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """Images, and what they take at the averages; `hours` is 0 where nobody knows."""

    selected: Selected
    images: int
    made: int
    hours: float
    dollars: float
    averages: Averages


def sampled_averages(ledger: LedgerReader, index: StatusIndex) -> Averages:
    """Return what the latest images took, or what docs/cost.md says where there are none."""
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


def count_selection(feeder: Feeder, *, enough: int | None) -> Selected:
    """Return how much there is, counted to its end, or until so many are listed.

    The first thousand are looked at closely, and of page 2, 4, 8… a hundred: all of what is small,
    and of what is large both beginning and end.
    """
    listed = looked = sent = made = 0
    next_look = 1
    for number, page in enumerate(feeder.pages("", COUNT_KEYS), start=1):
        listed += len(page.listed)
        if number == next_look:
            next_look *= 2
            closely = page.listed if number == 1 else page.listed[:BATCH_KEYS]
            wanted = _chosen(feeder, Page(closely, page.cursor))
            looked += len(closely)
            sent += len(wanted)
            made += sum(not each.is_current for each in wanted)
        if enough is not None and listed >= enough:
            break
    share = listed / looked if looked else 0.0
    return Selected(listed, round(sent * share), round(made * share))


def _chosen(feeder: Feeder, page: Page) -> Sequence[Wanted]:
    parts = (page.listed[at : at + BATCH_KEYS] for at in range(0, len(page.listed), BATCH_KEYS))
    return [each for part in parts for each in feeder.choose(Page(part, "")).wanted]


def estimate(
    selected: Selected, averages: Averages, stack: Stack, lane: Lane, limits: "Limits"
) -> Estimate:
    """Return what so much takes on a lane, within the limits."""
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
    """Where a run stops by itself; what is none has no bound. `rate` is of images a second."""

    max_images: int | None = None
    max_dollars: float | None = None
    stop_after_failures: int | None = None
    rate: float | None = None

    def images(self, dollars_each: float) -> Iterable[int]:
        """Return the bounds there are, as numbers of images."""
        if self.max_images is not None:
            yield self.max_images
        if self.max_dollars is not None:
            yield int(self.max_dollars / dollars_each)
        yield 1 << 62
