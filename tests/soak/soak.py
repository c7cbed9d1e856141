"""Runs a soak: uploads, kills, waits and checks."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.model.recipe_reader import read_recipes
from tests.e2e.fleet import Fleet
from tests.e2e.processes import worker_environment
from tests.soak.check import Defect, KeyState, defects, unexplained, unreported
from tests.soak.memory import Sample, growth, sample
from tests.soak.pixels import keys_with_other_pixels
from tests.soak.plan import Action, Kind, Wave, bytes_of
from tests.soak.processes import process_table
from tests.soak.read_state import read_dead_letters, read_states
from tests.soak.report import Report
from tests.soak.runners import Log, Runner, running

SAMPLE_SECONDS = 2.0
# SQS's counts are approximate, so the queue must be empty several times in a row.
QUIET_CHECKS = 3

# Three small variants and the manifest per source, so that thousands fit into memory.
RECIPES = {
    "version": 1,
    "recipes": [
        {
            "name": "soak",
            "match": {"prefix": "soak/"},
            "variants": [
                {"widths": [48, 96], "formats": ["webp"]},
                {
                    "name": "thumb",
                    "width": 32,
                    "height": 32,
                    "fit": "cover",
                    "formats": ["fallback"],
                },
            ],
        }
    ],
}
SETTINGS = {
    "PIXFLEET_BATCH_SECONDS": "60",
    "PIXFLEET_POLL_SECONDS": "1",
    "PIXFLEET_RENDER_CHILDREN": "1",
}

# Called with what is going on, and the share of it that is done, from 0 to 1.
OnProgress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """The intervals of a soak, in seconds; `program` is the module of the runner."""

    dropping_seconds: float
    wave_seconds: float
    kill_every_seconds: float
    max_quiet_seconds: float
    program: str = "worker.runner"

    @property
    def waves(self) -> int:
        """Return the number of waves."""
        return max(1, round(self.dropping_seconds / self.wave_seconds))


@dataclass
class Soak:
    """A running soak: the actions so far, and the samples of the runner that is not killed."""

    fleet: Fleet
    pace: Pace
    folder: Path
    progress: OnProgress
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    corrupt: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)
    samples: list[Sample] = field(default_factory=list)
    messages_left: int = 0

    def __post_init__(self) -> None:
        environment = worker_environment(self.fleet.stack, **SETTINGS)
        self.steady, self.killed = (
            Runner(name, self.pace.program, environment) for name in ("steady", "doomed")
        )
        self.logs = [Log(self.folder / f"runner-{name}.log") for name in ("steady", "doomed")]
        self._sampled_at = 0.0

    def run(self, waves: Sequence[Wave]) -> Report:
        """Run the plan and return the report; all processes have ended then."""
        with running((self.steady, self.killed), self.folder):
            began_at = time.monotonic()
            self._drop(waves)
            dropped_at = time.monotonic()
            self._wait_until_quiet()
            quiet_at = time.monotonic()
            left_behind = self._left_behind()
        return self._report(
            left_behind,
            dropping_seconds=round(dropped_at - began_at, 1),
            quiet_seconds=round(quiet_at - dropped_at, 1),
        )

    def _drop(self, waves: Sequence[Wave]) -> None:
        """Run the plan, wave by wave; actions for which there is no time are left out."""
        began_at = time.monotonic()
        self._killed_at = began_at
        for number, wave in enumerate(waves):
            for action in wave:
                if time.monotonic() - began_at > self.pace.dropping_seconds:
                    return
                self._do(action)
                self._meanwhile(kills=True)
            ends_at = began_at + self.pace.dropping_seconds * (number + 1) / len(waves)
            while (left := ends_at - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
                self._meanwhile(kills=True)
            self.progress(f"dropped {self.done[Kind.DROP]} images", (number + 1) / len(waves))

    def _do(self, action: Action) -> None:
        self.done[action.kind] += 1
        if action.kind is Kind.DELETE:
            self.fleet.delete(action.key)
        elif action.kind is Kind.UNDELETE:
            self.fleet.undelete(action.key)
        else:
            etag = self.fleet.put(action.key, bytes_of(action))
            if action.kind is Kind.CORRUPT:
                self.corrupt.add(etag)
                self.spoiled.add(action.key)

    def _meanwhile(self, *, kills: bool) -> None:
        """Kill a runner if it is time, and sample the other one."""
        now = time.monotonic()
        if kills and now - self._killed_at > self.pace.kill_every_seconds:
            self.killed.kill_and_replace()
            self._killed_at = time.monotonic()
        if now - self._sampled_at > SAMPLE_SECONDS:
            self._sampled_at = now
            self.steady.require_alive()
            self.logs[0].read_new_lines()
            made = self.logs[0].outcomes.get("made", 0)
            if taken := sample(self.steady.pid, made, process_table()):
                self.samples.append(taken)

    def _wait_until_quiet(self) -> None:
        """Wait until no message is left, visible or in flight, or until the timeout."""
        queue, began_at, checks = self.fleet.stack.live_queue, time.monotonic(), 0
        while checks < QUIET_CHECKS:
            left = self.fleet.waiting(queue) + self.fleet.in_flight(queue)
            checks = 0 if left else checks + 1
            waited = time.monotonic() - began_at
            if waited > self.pace.max_quiet_seconds:
                self.messages_left = left
                return
            self.progress(f"{left} messages left", waited / self.pace.max_quiet_seconds)
            time.sleep(0.5)
            self._meanwhile(kills=False)

    def _left_behind(self) -> int:
        """Return how many render children are alive whose runner was killed."""
        table = process_table()
        return len(self.killed.left_behind(table)) + len(self.steady.left_behind(table))

    def _report(
        self, left_behind: int, *, dropping_seconds: float, quiet_seconds: float
    ) -> Report:
        states = read_states(
            self.fleet,
            self.corrupt,
            lambda done, of: self.progress("checking every object", done / of),
        )
        dead_letters = read_dead_letters(self.fleet)
        strange = unexplained(dead_letters, self.spoiled)
        return Report(
            done=self.done,
            outcomes=self._outcomes(),
            kills=self.killed.kills,
            left_behind=left_behind,
            keys=len(states),
            wrong=self._defects(states),
            dead_letters=len(dead_letters),
            unexplained=[f"{each.key} ({each.cause or 'no cause'})" for each in strange],
            unreported=list(unreported(states, dead_letters)),
            runner_memory=growth([(each.images, each.runner_bytes) for each in self.samples]),
            child_memory=growth([(each.images, each.child_bytes) for each in self.samples]),
            samples=self.samples,
            dropping_seconds=dropping_seconds,
            quiet_seconds=quiet_seconds,
            messages_left=self.messages_left,
        )

    def _defects(self, states: Mapping[str, KeyState]) -> dict[str, list[str]]:
        """Return the keys by defect."""
        (recipe,) = read_recipes(RECIPES).recipes
        names = {f"{variant}.{slot}" for variant, slot in recipe.stored_names()}
        found: dict[str, list[str]] = {kind.value: [] for kind in Defect}
        for key, each in states.items():
            for kind in defects(each, names):
                found[kind].append(key)
        found[Defect.OTHER_PIXELS] += keys_with_other_pixels(
            self.fleet,
            states,
            recipe,
            lambda done, of: self.progress("rendering some sources again", done / of),
        )
        return found

    def _outcomes(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for log in self.logs:
            log.read_new_lines()
            for what, count in log.outcomes.items():
                total[what] = total.get(what, 0) + count
        return total
