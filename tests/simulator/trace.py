"""The trace of a schedule: virtual time, actor, action and outcome, one line for each step."""

from tests.simulator.scheduler import BEGINNING, Scheduler

LONGEST = 400


class Trace:
    """Collects lines if they are wanted: formatting them takes longer than the steps."""

    def __init__(self, scheduler: Scheduler, *, is_wanted: bool) -> None:
        self._scheduler = scheduler
        self._is_wanted = is_wanted
        self._lines: list[str] = []

    def add(self, who: str, what: object, outcome: object = "", seconds: float = 0.0) -> None:
        """Note one step."""
        if self._is_wanted:
            moment = self._scheduler.time - BEGINNING
            lasting = f" for {seconds:g} s" if seconds else ""
            said = f" -> {outcome}{lasting}" if outcome else ""
            self._lines.append(f"{moment:10.2f} s  {who:9} {what}{said}")

    def __str__(self) -> str:
        lines = self._lines
        if len(lines) > LONGEST:
            cut = f"... {len(lines) - LONGEST} lines ..."
            lines = [*lines[: LONGEST // 2], cut, *lines[-LONGEST // 2 :]]
        return "\n".join(lines)
