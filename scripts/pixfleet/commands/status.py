"""`pixfleet status`: what the stack does now, and what an operator has to do."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import typer

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.status.reader import StatusReader
from scripts.pixfleet.status.report import StatusReport
from scripts.pixfleet.status.view import document, line, view
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
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
    reader = StatusReader(context.stack, context.clients, SystemClock())
    report = reader.read()
    refresher = Watch(context.console, reader.read, pause=lambda: time.sleep(every))
    if watch:
        report = refresher.until_stopped(report)
    if not watch or refresher.is_in_place:
        context.console.result(document(report), *view(report))
    if any(report.troubles()):
        raise typer.Exit(code=FOUND_SOMETHING)


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
        """Print reports until Ctrl-C and return the last one: Ctrl-C is not an error here."""
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
