"""What a person is shown of a plan."""

from rich.table import Table

from scripts.pixfleet.plan.changes import Kind
from scripts.pixfleet.plan.report import Report
from scripts.pixfleet.plan.totals import Estimate, Means, Row
from scripts.pixfleet.terminal.console import facts, table
from scripts.pixfleet.terminal.text import counted, dollars
from scripts.pixfleet.terminal.times import duration

NEXT = (
    "Nothing was changed. To go on: `terraform apply` with this file, then "
    "`pixfleet backfill enqueue --only stale`."
)


def shown(report: Report) -> list[Table | str]:
    """Return the tables and sentences that tell a person what a plan found."""
    parts: list[Table | str] = [
        table("recipe", "", rows=[(each.name, each.what) for each in report.changes]),
        "",
        *_listing(report),
    ]
    if report.make_the_same or not report.census.made:
        return [*parts, "", _nothing_to_make(report)]
    for recipe in dict.fromkeys(row.recipe for row in report.rows):
        rows = [row for row in report.rows if row.recipe == recipe]
        parts += ["", f"{recipe}: each file in the mean, by bytes and SSIMULACRA2", _rows(rows)]
    if mean := report.means:
        parts += ["", _totals(mean)]
    parts += _refusals(report)
    if reckoned := report.estimate:
        parts += ["", _estimate(reckoned, report)]
    return [*parts, "", NEXT]


def _listing(report: Report) -> list[str]:
    counts, census = report.census.counts, report.census
    again, first, same = (counts[kind] for kind in (Kind.CHANGED, Kind.NEW, Kind.SAME))
    listed = counted(census.listed, "source")
    told = [
        f"{listed} listed: {again:,} to make again, {first:,} for the first time, {same:,} stay."
    ]
    if counts[Kind.ENDS]:
        told.append(
            f"{counts[Kind.ENDS]:,} would match no recipe any more: their variants stay until "
            "their sources change."
        )
    if not census.is_whole:
        told.append(
            f"The listing stopped after {census.listed:,} keys (--max-keys), in the order of "
            "their names: the sample is of those."
        )
    if not report.is_counted:
        told.append(f"There are more than {report.total:,}: say how many by --sources.")
    return told


def _nothing_to_make(report: Report) -> str:
    if report.make_the_same:
        return "These recipes make what the present ones make: nothing would be made again."
    return (
        "No listed source would get anything else. Sources that ask for a recipe by their "
        "metadata are not known from a listing."
    )


def _rows(rows: list[Row]) -> Table:
    """Return bytes and, where there are any, scores."""
    is_scored = any(row.new_score is not None or row.old_score is not None for row in rows)
    headings = ["KB now", "KB then", "change", *(["score now", "score then"] * is_scored)]
    cells = [
        [
            f"{row.variant}.{row.slot}",
            _kilobytes(row.old_bytes),
            _kilobytes(row.new_bytes),
            "same" if row.is_same else _change(row.old_bytes, row.new_bytes),
            *([_score(row.old_score), _score(row.new_score)] * is_scored),
        ]
        for row in rows
    ]
    return _figures_right(table("file", *headings, rows=cells))


def _totals(mean: Means) -> Table:
    pairs = (
        ("KB stored", mean.old_bytes / 1000, mean.new_bytes / 1000),
        ("files", mean.old_objects, mean.new_objects),
        ("CPU seconds", mean.old_cpu_seconds, mean.new_cpu_seconds),
    )
    made = table(
        f"a source, of {mean.sources}",
        "now",
        "then",
        "change",
        rows=[(name, old, new, _change(old, new)) for name, old, new in pairs],
    )
    return _figures_right(made)


def _refusals(report: Report) -> list[Table | str]:
    told = [(each.key, each.old_refused, each.new_refused) for each in report.trials]
    rows = [row for row in told if row[1] or row[2]]
    if not rows:
        return []
    return ["", "Refused, and left out of all means:", table("key", "now", "then", rows=rows)]


def _estimate(reckoned: Estimate, report: Report) -> Table:
    machines = report.machines
    more = reckoned.dollars_a_month - reckoned.old_dollars_a_month
    difference = f"{dollars(abs(more))} {'more' if more >= 0 else 'less'} than now"
    at_once = counted(machines.environments, "Lambda environment")
    return facts(
        {
            "to make": f"{reckoned.sources:,} of {report.total:,} sources",
            "time": f"{duration(reckoned.hours * 3600)} with {at_once}",
            "once": f"{dollars(reckoned.dollars)}, for {reckoned.cpu_hours:,.1f} CPU hours",
            "a month": f"{dollars(reckoned.dollars_a_month)} to keep them, {difference}",
        }
    )


def _figures_right(made: Table) -> Table:
    for column in made.columns[1:]:
        column.justify = "right"
    return made


def _kilobytes(size: float | None) -> str | None:
    return None if size is None else f"{size / 1000:,.1f}"


def _score(score: float | None) -> str | None:
    return None if score is None else f"{score:.1f}"


def _change(old: float | None, new: float | None) -> str:
    if not old:
        return "new"
    return "gone" if not new else f"{new / old - 1:+.1%}"
