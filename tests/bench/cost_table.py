"""Writes the tables of docs/cost.md from the cost model."""

from collections.abc import Iterable

from scripts.pixfleet.pricing.first_requests import DEFAULT_REQUESTS
from scripts.pixfleet.pricing.prices import MILLION, Architecture
from tests.bench.cost_bill import TARGET_DOLLARS, Costs, alone
from tests.bench.cost_lazy_table import (
    assumption,
    by_requests,
    first_request,
    item_row,
    purge,
)
from tests.bench.cost_model import Item, Work, monthly, standing, total
from tests.bench.cost_requests import files_asked_for, lazy_monthly

BEGIN, END = "<!-- made by tests.bench.cost: begin -->", "<!-- made by tests.bench.cost: end -->"
KILOBYTE, MEGABYTE = 1e3, 1e6
CHOICE_HEADINGS = (
    "choice",
    "CPU s",
    "objects",
    "KB of variants",
    "$ per million uploads",
    "more or less",
    "$ a month per million, kept",
)


def page(costs: Costs) -> str:
    """Return all tables."""
    parts = (
        _bill,
        assumption,
        by_requests,
        first_request,
        _ways,
        _keeping,
        purge,
        _standing,
        _choices,
        _others,
    )
    return "\n\n".join("\n".join(part(costs)) for part in parts)


def replace_tables(text: str, tables: str) -> str:
    """Return a page with its tables replaced; `ValueError` if the page has no markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or not after:
        raise ValueError(f"Expected the lines {BEGIN!r} and {END!r}, got a page without.")
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def _bill(costs: Costs) -> list[str]:
    """Show what uploads cost by item, and what first requests add."""
    all_in_all, first = costs.together(DEFAULT_REQUESTS), costs.first(DEFAULT_REQUESTS)
    over = all_in_all - TARGET_DOLLARS
    difference = (
        f"${abs(over):.2f} {'over' if over > 0 else 'under'} the target of ${TARGET_DOLLARS}"
    )
    asked = files_asked_for(costs.lazy, DEFAULT_REQUESTS)
    figures = f"{asked:.4g} files | {first / asked / MILLION:.4g} | {first:.2f}"
    return [
        "| a source uses | amount | price, $ | $ per million sources |",
        "|---|--:|--:|--:|",
        *map(item_row, costs.items(costs.default)),
        f"| **uploads** | | | **{costs.upload(costs.default):.2f}** |",
        f"| first requests of lazy files, below | {figures} |",
        f"| **all of it** ({difference}) | | | **{all_in_all:.2f}** |",
    ]


def _ways(costs: Costs) -> list[str]:
    default, eager = costs.default, costs.eager
    rows = {
        "uploads, in full batches of ten": [costs.upload(default, each) for each in Architecture],
        "uploads, each alone in its batch": [
            costs.upload(alone(default), each) for each in Architecture
        ],
        "first requests": [costs.first(DEFAULT_REQUESTS, each) for each in Architecture],
        "all files at upload, in full batches": [
            costs.upload(eager, each) for each in Architecture
        ],
    }
    return [
        "| $ per million sources | arm64 | x86_64 |",
        "|---|--:|--:|",
        *(f"| {what} | {_dollars(figures)}" for what, figures in rows.items()),
    ]


def _keeping(costs: Costs) -> list[str]:
    work, lazy = costs.default, costs.lazy_bytes(DEFAULT_REQUESTS)
    rows = {
        "variants and manifests of uploads": (work.variant_bytes, monthly(work.variant_bytes)),
        "lazy files made at requests, and their tags": (
            lazy,
            lazy_monthly(costs.lazy, DEFAULT_REQUESTS),
        ),
        "the sources": (work.source_bytes, monthly(work.source_bytes)),
    }
    return [
        "| kept in S3 Standard | MB a source | $ a month per million sources |",
        "|---|--:|--:|",
        *(
            f"| {what} | {size / MEGABYTE:.2f} | {dollars:.2f} |"
            for what, (size, dollars) in rows.items()
        ),
    ]


def _standing(_costs: Costs) -> list[str]:
    items = standing()
    return [
        "| the default stack, idle | amount a month | price, $ | $ a month |",
        "|---|--:|--:|--:|",
        *(_each_month(item) for item in items),
        f"| **all of it, a month** | | | **{total(items) / MILLION:.2f}** |",
    ]


def _each_month(item: Item) -> str:
    unit, each = item.price.unit, item.price.each
    dollars = item.dollars / MILLION
    return f"| {item.what} | {item.amount:,.0f} {unit} | {each:.6g} | {dollars:.2f} |"


def _choices(costs: Costs) -> list[str]:
    usual = costs.upload(costs.default)
    return [
        f"| {' | '.join(CHOICE_HEADINGS)} |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(_choice(name, work, costs, usual) for name, work in costs.choices.items()),
    ]


def _choice(name: str, work: Work, costs: Costs, usual: float) -> str:
    dollars = costs.upload(work)
    figures = (
        f"{work.child_cpu_seconds:.2f}",
        f"{work.puts}",
        f"{work.variant_bytes / KILOBYTE:.0f}",
        f"{dollars:.2f}",
        f"{dollars - usual:+.2f}",
        f"{monthly(work.variant_bytes):.2f}",
    )
    return f"| {name} | {' | '.join(figures)} |"


def _others(costs: Costs) -> list[str]:
    return [
        "| another source, by the default recipe | MB | CPU s | $ per million uploads |",
        "|---|--:|--:|--:|",
        *(
            f"| {name} | {work.source_bytes / MEGABYTE:.1f} | {work.child_cpu_seconds:.2f} "
            f"| {costs.upload(work):.2f} |"
            for name, work in costs.others.items()
        ),
    ]


def _dollars(figures: Iterable[float]) -> str:
    return " | ".join(f"{each:.2f}" for each in figures) + " |"
