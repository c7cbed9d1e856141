"""The tables of docs/scale.md that come from the model, in Markdown."""

from collections.abc import Sequence
from math import isfinite

from tests.bench.scale_limits import (
    LEAST_EVENTS_A_SECOND,
    MOST_EVENTS_A_SECOND,
    arrival_seconds,
    environment_seconds,
    lanes_of,
    provisioned_seconds,
    start_seconds,
)
from tests.bench.scale_model import MILLION, Long, Modelled, Remade
from tests.simulator.queues import MOST_IN_FLIGHT

FLEETS = "the model's table"
OVER_TIME = "the model's first hour"
REMADE = "the model's million made again"
RATES = "the model's ramps"
REAL = "the real run and the model's"


def written(page: str, name: str, table: str) -> str:
    """Return the page with the table between the comments of this name."""
    begin, end = comments(name)
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"Expected {begin} and {end} in the page.")
    return f"{before}{begin}\n\n{table}\n\n{end}{after}"


def comments(name: str) -> tuple[str, str]:
    """Return the comments that stand around a table in the page."""
    return f"<!-- {name} -->", f"<!-- end of {name} -->"


def fleets(all_of_them: Sequence[Modelled]) -> str:
    """Return the figures of each fleet on a bucket that is not split."""
    head = (
        *("workers", "images/s", "of S3's limit", "writes refused", "renders thrown away"),
        *("a million takes", "Lambda's time, $ per million"),
    )
    return _table(
        head,
        [
            (
                f"{each.workers:,}",
                f"{each.images_per_second:.1f}",
                f"{each.share_of_limit:.0%}",
                f"{each.refused_share:.1%}",
                f"{each.wasted}",
                f"{each.million_seconds / 3600:.1f} h",
                f"{each.million_dollars:,.0f}",
            )
            for each in all_of_them
        ],
    )


def over_time(all_of_them: Sequence[Long]) -> str:
    """Return what each fleet does before S3 has split the bucket, and after it."""
    head = (
        *("workers", "images/s before the split", "S3 splits after", "images/s after it"),
        *("renders thrown away", "a million is done after", "writes/s of the table's limit"),
        *("messages in flight", "throttled by DynamoDB"),
    )
    return _table(head, [_over_time_row(each) for each in all_of_them])


def _over_time_row(each: Long) -> tuple[str, ...]:
    split, end = each.split_seconds[0], each.curve[-1][0]
    full = start_seconds(each.workers, each.workers)
    million = each.million_seconds
    return (
        f"{each.workers:,}",
        f"{each.images_per_second(full, split):.0f}",
        f"{split / 60:.0f} min",
        # A minute for the workers to find the new rate.
        f"{each.images_per_second(split + 60, end):.0f}",
        f"{each.wasted}",
        f"{million / 60:.0f} min" if isfinite(million) else f"over {end / 60:.0f} min",
        f"{each.table_share:.0%}",
        f"{each.in_flight:,.0f} of {MOST_IN_FLIGHT:,}",
        f"{each.throttled}",
    )


def remade(found: Remade) -> str:
    """Return how a new table and its index take a million images that are made again."""
    head = (
        *("workers", "images/s", "a million takes", "write units/s of the table's 4,000"),
        *("of the index's 4,000", "busiest key of the index, of 1,000", "throttled"),
        "renders thrown away",
    )
    row = (
        f"{found.workers:,}",
        f"{found.images_per_second:,.0f}",
        f"{MILLION / found.images_per_second / 60:.0f} min",
        f"{found.table_share:.0%}",
        f"{found.index_share:.0%}",
        f"{found.busiest_key_share:.0%}",
        f"{found.throttled}",
        f"{found.wasted}",
    )
    return _table(head, [row])


def rates(all_workers: Sequence[int]) -> str:
    """Return when so many workers are there, and when the events of a million have come."""
    head = (
        *("workers", "lanes", "pollers are there after", "provisioned pollers after"),
        *("Lambda's environments after", "a million events take, in the largest regions"),
        "in the smallest",
    )
    return _table(
        head,
        [
            (
                f"{each:,}",
                f"{lanes_of(each)}",
                f"{start_seconds(each, each):.0f} s",
                f"{provisioned_seconds(each):.0f} s",
                f"{environment_seconds(each):.0f} s",
                f"{arrival_seconds(MILLION, MOST_EVENTS_A_SECOND):.0f} s",
                f"{arrival_seconds(MILLION, LEAST_EVENTS_A_SECOND) / 60:.0f} min",
            )
            for each in all_workers
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ("--:",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
