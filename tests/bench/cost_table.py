"""Writes the tables of docs/cost.md from the cost model."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from scripts.pixfleet.pricing.prices import MILLION, Architecture
from tests.bench.cost_model import (
    Item,
    Work,
    bill,
    monthly,
    standing,
    total,
)

TARGET_DOLLARS = 140
BEGIN, END = "<!-- made by tests.bench.cost: begin -->", "<!-- made by tests.bench.cost: end -->"
KILOBYTE, MEGABYTE = 1e3, 1e6
CHOICE_HEADINGS = (
    "choice",
    "CPU s",
    "objects",
    "KB of variants",
    "$ per million",
    "more or less",
    "$ a month per million, kept",
)


@dataclass(frozen=True, slots=True)
class Costs:
    """The measured work: of the headline source by each choice, and of other sources.

    The first of `choices` is the default recipe's.
    """

    choices: Mapping[str, Work]
    others: Mapping[str, Work]
    factor: float

    @property
    def default(self) -> Work:
        """Return the headline source under the default recipe."""
        return next(iter(self.choices.values()))


def page(costs: Costs) -> str:
    """Return all tables."""
    parts = (_bill, _ways, _keeping, _standing, _choices, _others)
    return "\n\n".join("\n".join(part(costs)) for part in parts)


def replace_tables(text: str, tables: str) -> str:
    """Return a page with its tables replaced; `ValueError` if the page has no markers."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest or not after:
        raise ValueError(f"Expected the lines {BEGIN!r} and {END!r}, got a page without.")
    return f"{before}{BEGIN}\n{tables}\n{END}{after}"


def _bill(costs: Costs) -> list[str]:
    items = bill(costs.default, factor=costs.factor)
    all_in_all, over = total(items), total(items) - TARGET_DOLLARS
    difference = (
        f"${abs(over):.2f} {'over' if over > 0 else 'under'} the target of ${TARGET_DOLLARS}"
    )
    return [
        "| a source uses | amount | price, $ | $ per million sources |",
        "|---|--:|--:|--:|",
        *(_item(item) for item in items),
        f"| **all of it** ({difference}) | | | **{all_in_all:.2f}** |",
    ]


def _item(item: Item) -> str:
    unit, each = item.price.unit, item.price.each
    return f"| {item.what} | {item.amount:.4g} {unit} | {each:.6g} | {item.dollars:.2f} |"


def _ways(costs: Costs) -> list[str]:
    work, factor = costs.default, costs.factor
    full = {each: total(bill(work, each, factor=factor)) for each in Architecture}
    alone = {each: total(bill(_alone(work), each, factor=factor)) for each in Architecture}
    return [
        "| $ per million sources | arm64 | x86_64 |",
        "|---|--:|--:|",
        "| in full batches of ten | " + _dollars(full.values()),
        "| each alone in its batch | " + _dollars(alone.values()),
    ]


def _alone(work: Work) -> Work:
    """Return the work of the same source alone in its batch."""
    return replace(work, share=1, idle_seconds=work.idle_seconds / work.share)


def _keeping(costs: Costs) -> list[str]:
    work = costs.default
    rows = {"variants and manifests": work.variant_bytes, "the sources": work.source_bytes}
    return [
        "| kept in S3 Standard | MB a source | $ a month per million sources |",
        "|---|--:|--:|",
        *(
            f"| {what} | {size / MEGABYTE:.2f} | {monthly(size):.2f} |"
            for what, size in rows.items()
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
    usual = total(bill(costs.default, factor=costs.factor))
    return [
        f"| {' | '.join(CHOICE_HEADINGS)} |",
        "|---|--:|--:|--:|--:|--:|--:|",
        *(_choice(name, work, usual, costs.factor) for name, work in costs.choices.items()),
    ]


def _choice(name: str, work: Work, usual: float, factor: float) -> str:
    dollars = total(bill(work, factor=factor))
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
        "| another source, by the default recipe | MB | CPU s | $ per million |",
        "|---|--:|--:|--:|",
        *(
            f"| {name} | {work.source_bytes / MEGABYTE:.1f} | {work.child_cpu_seconds:.2f} "
            f"| {total(bill(work, factor=costs.factor)):.2f} |"
            for name, work in costs.others.items()
        ),
    ]


def _dollars(figures: Iterable[float]) -> str:
    return " | ".join(f"{each:.2f}" for each in figures) + " |"
