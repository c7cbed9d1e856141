"""`pixfleet status`: whether all is well."""

import json
import time
from dataclasses import dataclass
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live

from scripts.pixfleet.command import Context, command
from scripts.pixfleet.status.reader import Lookout
from scripts.pixfleet.status.report import Report
from scripts.pixfleet.status.view import document, line, shown
from scripts.pixfleet.terminal.console import Console
from scripts.pixfleet.terminal.exits import FOUND_SOMETHING
from shared.clock import SystemClock

app = typer.Typer()


@command(app, "status")
def status(
    context: Context,
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Look again until Ctrl-C.")] = False,
    every: Annotated[
        float, typer.Option("--every", min=1.0, help="Seconds between two looks.")
    ] = 5.0,
) -> None:
    """Say whether all is well: queues, dead letters, pace, the last endings."""
    lookout = Lookout(context.stack, context.clients, SystemClock())
    report = lookout.look()
    watcher = _Watch(context.console, lookout, every)
    if watch:
        report = watcher.until_stopped(report)
    if not watch or watcher.is_in_place:
        context.console.result(document(report), *shown(report))
    if any(report.troubles()):
        raise typer.Exit(code=FOUND_SOMETHING)


@dataclass(frozen=True, slots=True)
class _Watch:
    """Shows one report after the other."""

    console: Console
    lookout: Lookout
    every: float

    @property
    def is_in_place(self) -> bool:
        """Say whether one report can be written over the other."""
        return self.console.out.is_terminal and not self.console.as_json

    def until_stopped(self, report: Report) -> Report:
        """Return the last report, when a person has typed Ctrl-C: that is how a watch ends."""
        return self._in_place(report) if self.is_in_place else self._in_lines(report)

    def _in_place(self, report: Report) -> Report:
        # The terminal's other page: what stood there before comes back at the end.
        with Live(
            Group(*shown(report)), console=self.console.out, screen=True, auto_refresh=False
        ) as live:
            try:
                while True:
                    time.sleep(self.every)
                    report = self.lookout.look()
                    live.update(Group(*shown(report)), refresh=True)
            except KeyboardInterrupt:
                return report

    def _in_lines(self, report: Report) -> Report:
        try:
            while True:
                told = json.dumps(document(report)) if self.console.as_json else line(report)
                print(told, flush=True)
                time.sleep(self.every)
                report = self.lookout.look()
        except KeyboardInterrupt:
            return report
