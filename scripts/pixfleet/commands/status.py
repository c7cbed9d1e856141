"""`pixfleet status`: what the stack does now, and what an operator has to do."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, NoReturn

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.status.reader import StatusReader
from scripts.pixfleet.status.report import StatusReport
from scripts.pixfleet.status.view import document, line, view
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING, INTERRUPTED
from shared.clock import SystemClock

app = typer.Typer()


@command(app, "status")
def status(
    context: Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option("--every", min=1.0, help="Seconds between two refreshes.")
    ] = 5.0,
) -> None:
    """Show queues, dead letters, alarms, pace and the latest outcomes."""
    reader = StatusReader(context.stack, context.clients.impatient(), SystemClock())
    with context.console.working("Reading queues, ledger and alarms"):
        report = reader.read()
    if watch:
        _watch(context.console, reader, report, every)
    context.console.result(document(report), *view(report))
    if any(report.troubles()):
        raise typer.Exit(code=FOUND_SOMETHING)
    if report.unknown:
        raise typer.Exit(code=FAILED)


def _watch(console: Console, reader: StatusReader, report: StatusReport, every: float) -> NoReturn:
    """Show reports until Ctrl-C, which ends every command with the same code."""
    watch = Watch(console, reader.read, pause=lambda: time.sleep(every))
    report = watch.until_stopped(report)
    if watch.is_in_place:
        console.result(document(report), *view(report))
    raise typer.Exit(code=INTERRUPTED)


@dataclass(frozen=True, slots=True)
class Watch:
    """Prints one report after another; `pause` is called between two of them."""

    console: Console
    read: Callable[[], StatusReport]
    pause: Callable[[], None]

    @property
    def is_in_place(self) -> bool:
        """Return whether a report can replace the one before on the screen."""
        return self.console.is_in_place

    def until_stopped(self, report: StatusReport) -> StatusReport:
        """Print reports until Ctrl-C and return the last one."""
        return self._in_place(report) if self.is_in_place else self._in_lines(report)

    def _in_place(self, report: StatusReport) -> StatusReport:
        with self.console.in_place(view(report)) as replace:
            try:
                while True:
                    self.pause()
                    report = self.read()
                    replace(view(report))
            except KeyboardInterrupt:
                return report

    def _in_lines(self, report: StatusReport) -> StatusReport:
        try:
            while True:
                self.console.line(document(report), line(report))
                self.pause()
                report = self.read()
        except KeyboardInterrupt:
            return report
