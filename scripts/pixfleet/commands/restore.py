"""`pixfleet restore`: puts an earlier version of a source back."""

from dataclasses import asdict
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.image.history import SourceVersion, versions_of
from scripts.pixfleet.image.restoring import Restoration, plan_restoration, restore
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.tables import Table, table
from scripts.pixfleet.terminal.text import human_bytes, quoted
from scripts.pixfleet.terminal.times import timestamp

app = typer.Typer()


@command(app, "restore")
def restore_source(
    context: Context,
    key: Annotated[str, typer.Argument(help="The key of a source, which may be deleted.")],
    *,
    version: Annotated[
        str,
        typer.Option("--version", help="The id of a version, or its beginning.  [the one before]"),
    ] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Put an earlier version of a source back as a new newest version.

    What would be done is shown first. No version is deleted, so that this can be undone.
    """
    stack, clients = context.stack, context.clients
    with context.console.working(f"Reading the versions of {quoted(key)}"):
        versions = versions_of(clients.s3, stack, key)
    plan = plan_restoration(key, versions, version)
    document = {
        "key": key,
        "restores": asdict(plan.chosen),
        "replaces": asdict(plan.current),
        "is_restored": False,
    }
    if dry_run or plan.changes_nothing:
        context.console.result(document, *_shown(plan))
        return
    context.console.note(*_shown(plan))
    context.console.confirm(f"Restore {quoted(key)}?", yes=yes)
    made = restore(clients.s3, clients.calls, stack.sources_bucket, plan)
    context.console.result(
        {**document, "is_restored": True, "version": made},
        f"{quoted(key)} is restored. A worker makes its variants now.",
        f"  {suggest('wait', key)}",
    )


def _shown(plan: Restoration) -> tuple[str | Table, ...]:
    rows = [(_arrow(plan, each), *_cells(each)) for each in plan.versions]
    versions = table("", "Version", "When", "Size", rows=rows)
    if plan.changes_nothing:
        return versions, "", "The newest version has the same bytes: nothing is to be done."
    what = "It is deleted now" if plan.undeletes else "The newest version stays as the one before"
    return versions, "", f"{what}; the version at > becomes the newest again, as a copy."


def _arrow(plan: Restoration, version: SourceVersion) -> str:
    return ">" if version.id == plan.chosen.id else ""


def _cells(version: SourceVersion) -> tuple[object, ...]:
    when = timestamp(version.modified)
    now = " (now)" if version.is_latest else ""
    if not version.etag:
        return version.id, when, f"deleted{now}"
    return version.id, when, f"{human_bytes(version.size_bytes)}{now}"
