"""The terminal view of a plan."""

from scripts.pixfleet.plan.changes import Effect
from scripts.pixfleet.plan.estimate import FileMeans, PlanEstimate, SourceMeans
from scripts.pixfleet.plan.lazy import LazyEstimate
from scripts.pixfleet.plan.report import PlanReport
from scripts.pixfleet.pricing.first_requests import KEPT_MONTHS, READERS
from scripts.pixfleet.terminal.console import Part
from scripts.pixfleet.terminal.tables import Table, facts, numbers_right, table
from scripts.pixfleet.terminal.text import counted, dollars, quoted
from scripts.pixfleet.terminal.times import duration

DEPLOY = "Nothing was changed. To deploy: `terraform apply` with this file"
NEXT = f"{DEPLOY}, then `pixfleet backfill enqueue --only stale`."
LAZIER = "of them would have more lazy files if they were new: they keep what is stored."
ASSUMED = (
    f"Assumed: files are kept for {KEPT_MONTHS} months, requests are spread evenly over sources "
    "and variants, {avif:.0%} of readers take AVIF and {webp:.1%} WebP but not AVIF. Where "
    "requests favour a few sources, fewer lazy files are asked for."
)


def view(report: PlanReport) -> list[Part]:
    """Return the tables and sentences that describe a plan's result."""
    parts: list[Part] = [
        table("recipe", "", rows=[(each.name, each.summary) for each in report.changes]),
        "",
        *_listing(report),
    ]
    if report.changes_nothing:
        return [*parts, "", _nothing_to_render(report)]
    for recipe in dict.fromkeys(each.recipe for each in report.file_means):
        files = [each for each in report.file_means if each.recipe == recipe]
        parts += [
            "",
            f"{quoted(recipe)}: mean KB and SSIMULACRA2 score of each file",
            _files(files),
        ]
    if mean := report.source_means:
        parts += ["", _source(mean)]
    parts += _refusals(report)
    if report.estimate:
        parts += ["", _estimate(report.estimate, report)]
    if lazy := report.lazy:
        parts += ["", *_lazy(lazy)]
    return [*parts, "", NEXT if report.sample.to_render else f"{DEPLOY}."]


def _listing(report: PlanReport) -> list[str]:
    counts, sample = report.sample.counts, report.sample
    again, first, same = (counts[each] for each in (Effect.CHANGED, Effect.NEW, Effect.SAME))
    listed = counted(sample.listed, "source")
    lines = [
        (
            f"{listed} listed: {again:,} to render again, {first:,} for the first time, "
            f"{same + counts[Effect.LAZIER]:,} unchanged."
        )
    ]
    if counts[Effect.LAZIER]:
        lines.append(f"{counts[Effect.LAZIER]:,} {LAZIER}")
    if counts[Effect.ENDS]:
        lines.append(
            f"{counts[Effect.ENDS]:,} would match no recipe any more: their variants stay until "
            "their sources change."
        )
    if not sample.is_whole:
        lines.append(
            f"The listing stopped after {sample.listed:,} keys (--max-keys), in the order of "
            "their names. The sample is drawn from these."
        )
    if not report.is_counted:
        lines.append(
            f"There are more than {report.total:,} sources: give their number with --sources."
        )
    return lines


def _nothing_to_render(report: PlanReport) -> str:
    if report.is_equivalent:
        return (
            "These recipes make the same variants as the current ones: nothing would be rendered."
        )
    return (
        "No listed source would get other variants. A listing does not show which sources ask "
        "for a recipe by their metadata."
    )


def _files(files: list[FileMeans]) -> Table:
    """Return a table of bytes, and of scores if there are any."""
    is_scored = any(each.new_score is not None or each.old_score is not None for each in files)
    headings = ["KB now", "KB new", "change", *(["score now", "score new"] * is_scored)]
    rows = [
        [
            f"{each.variant}.{each.slot}{' (lazy)' if each.is_lazy else ''}",
            _kilobytes(each.old_bytes),
            _kilobytes(each.new_bytes),
            "same" if each.is_same else _change(each.old_bytes, each.new_bytes),
            *([_score(each.old_score), _score(each.new_score)] * is_scored),
        ]
        for each in files
    ]
    return numbers_right(table("file", *headings, rows=rows))


def _lazy(lazy: LazyEstimate) -> list[Part]:
    """Return what the lazy files save, by the requests that a source gets."""
    rows = [
        (
            f"{each.requests:,g}",
            f"{each.asked_for:.1%}",
            dollars(each.unmade_dollars),
            dollars(each.made_dollars),
            _signed(each.saved_dollars),
        )
        for each in lazy.costs
    ]
    headings = ("requests a source", "asked for", "saved first", "spent later", "saved")
    return [
        (
            f"{lazy.files:g} of the {lazy.all_files:g} files of a new source are made at the "
            "first request. Dollars for a million sources, of "
            f"{dollars(lazy.eager_dollars)} with all files at upload:"
        ),
        numbers_right(table(*headings, rows=rows)),
        (
            f"Lazy pays while fewer than {lazy.break_even:.0%} of the lazy files are ever asked "
            "for. " + ASSUMED.format(**{slot.value: share for slot, share in READERS.items()})
        ),
    ]


def _source(mean: SourceMeans) -> Table:
    pairs = (
        ("KB stored", mean.old_bytes / 1000, mean.new_bytes / 1000),
        ("files", mean.old_objects, mean.new_objects),
        ("CPU seconds", mean.old_cpu_seconds, mean.new_cpu_seconds),
    )
    means = table(
        f"mean of {counted(mean.sources, 'source')}",
        "now",
        "new",
        "change",
        rows=[(name, old, new, _change(old, new)) for name, old, new in pairs],
    )
    return numbers_right(means)


def _refusals(report: PlanReport) -> list[Part]:
    rows = [
        (each.key, each.old_refused, each.new_refused) for each in report.trials if each.is_refused
    ]
    if not rows:
        return []
    return ["", "Rejected, and left out of all means:", table("key", "now", "new", rows=rows)]


def _estimate(estimate: PlanEstimate, report: PlanReport) -> Table:
    capacity = report.capacity
    more = estimate.dollars_a_month - estimate.old_dollars_a_month
    difference = f"{dollars(abs(more))} {'more' if more >= 0 else 'less'} than now"
    environments = counted(capacity.environments, "Lambda environment")
    return facts(
        {
            "to render": f"{estimate.sources:,} of {report.total:,} sources",
            "time": f"{duration(estimate.hours * 3600)} with {environments}",
            "once": f"{dollars(estimate.dollars)}, for {estimate.cpu_hours:,.1f} CPU hours",
            "a month": f"{dollars(estimate.dollars_a_month)} for storage, {difference}",
        }
    )


def _signed(amount: float) -> str:
    return dollars(amount) if amount >= 0 else f"-{dollars(-amount)}"


def _kilobytes(size: float | None) -> str | None:
    return None if size is None else f"{size / 1000:,.1f}"


def _score(score: float | None) -> str | None:
    return None if score is None else f"{score:.1f}"


def _change(old: float | None, new: float | None) -> str:
    if not old:
        return "new"
    return "gone" if not new else f"{new / old - 1:+.1%}"
