"""Writes the tables of docs/cost.md about lazy files and purges."""

from math import isinf

from scripts.pixfleet.pricing.first_requests import DEFAULT_REQUESTS, KEPT_MONTHS, READERS
from shared.model.recipe import Slot
from tests.bench.cost_bill import TARGET_DOLLARS, Costs
from tests.bench.cost_model import Item, monthly, total
from tests.bench.cost_requests import (
    files_asked_for,
    first_request_bill,
    mean_cpu_seconds,
    purge_bill,
)

REQUESTS = (0, 1, 3, 10, 30, 100, 300, 1_000)
HEADINGS = (
    "requests a source",
    "of its {files} lazy files asked for",
    "uploads, $",
    "first requests, $",
    "together, $",
    "all files at upload, $",
    "kept, $ a month",
    "all kept, $ a month",
)


def assumption(_costs: Costs) -> list[str]:
    """Show what is assumed about readers."""
    avif, webp, neither = (f"{100 * READERS[slot]:.3g} %" for slot in Slot)
    requests = f"a source gets **{DEFAULT_REQUESTS:.0f} requests** while it is kept"
    readers = f"{avif} of the readers take AVIF, {webp} WebP but not AVIF, {neither} neither"
    return [
        f"Assumed, not measured: {requests}, spread evenly over sources and variants; {readers}."
    ]


def by_requests(costs: Costs) -> list[str]:
    """Show for several numbers of requests what lazy costs, beside all files at upload."""
    headings = " | ".join(HEADINGS).format(files=len(costs.lazy))
    of_target = _requests(costs.most_requests_of_target())
    at_once, in_months = (_requests(costs.most_requests_of_lazy(n)) for n in (0, KEPT_MONTHS))
    return [
        f"| {headings} |",
        "|--:|--:|--:|--:|--:|--:|--:|--:|",
        *(_row(costs, requests) for requests in REQUESTS),
        "",
        f"The target of ${TARGET_DOLLARS} holds up to **{of_target} requests** a source.",
        f"Lazy costs less than all files at upload up to {at_once} requests a source,",
        f"and with {KEPT_MONTHS} months of storage up to {in_months}.",
    ]


def _row(costs: Costs, requests: float) -> str:
    asked = files_asked_for(costs.lazy, requests)
    figures = (
        costs.upload(costs.default),
        costs.first(requests),
        costs.together(requests),
        costs.upload(costs.eager),
        costs.kept(requests),
        monthly(costs.eager.variant_bytes),
    )
    cells = (f"{requests:,}", f"{asked:.3g}", *(f"{each:.2f}" for each in figures))
    return f"| {' | '.join(cells)} |"


def _requests(number: float) -> str:
    """Return a number with two digits."""
    return "any number of" if isinf(number) else f"{float(f'{number:.2g}'):,.10g}"


def first_request(costs: Costs) -> list[str]:
    """Show what a first request costs by item, at the mean CPU time of the lazy files."""
    seconds = mean_cpu_seconds(costs.lazy, DEFAULT_REQUESTS)
    items = first_request_bill(seconds, factor=costs.factor)
    return [
        "| a first request uses | amount | price, $ | $ per million first requests |",
        "|---|--:|--:|--:|",
        *map(item_row, items),
        f"| **a first request** | | | **{total(items):.2f}** |",
    ]


def purge(_costs: Costs) -> list[str]:
    """Show what a removed picture costs, once the free paths of a month are spent."""
    items = purge_bill()
    return [
        "| a purge of a removed picture uses | amount | price, $ | $ per million pictures |",
        "|---|--:|--:|--:|",
        *map(item_row, items),
        f"| **a purge, after the free paths** | | | **{total(items):.2f}** |",
    ]


def item_row(item: Item) -> str:
    """Return one line of a bill."""
    unit, each = item.price.unit, item.price.each
    return f"| {item.what} | {item.amount:.4g} {unit} | {each:.6g} | {item.dollars:.2f} |"
