"""Progress bars on standard error."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from scripts.pixfleet.terminal.markup import plain_markup


class ProgressBar:
    """One progress bar."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, by: float = 1) -> None:
        """Increase the amount that is done."""
        self._progress.advance(self._task, by)

    def describe(self, doing: str) -> None:
        """Change the description."""
        self._progress.update(self._task, description=plain_markup(doing))

    def total(self, total: float) -> None:
        """Set the total amount, once it is known."""
        self._progress.update(self._task, total=total)


@contextmanager
def progress_bar(err: Console, doing: str, *, total: float | None) -> Iterator[ProgressBar]:
    """Show a bar while the block runs, if the console is a terminal; `doing` is markup."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield ProgressBar(progress, progress.add_task(doing, total=total))
