"""Drops, kills, waits and counts."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared.model.recipe_reader import read_recipes
from tests.e2e.fleet import Fleet
from tests.e2e.processes import worker_environment
from tests.soak.look import read_dead_letters, see_everything
from tests.soak.memory import Sample, growth, sample
from tests.soak.pixels import keys_with_other_pixels
from tests.soak.plan import Act, Kind, Wave, bytes_of
from tests.soak.processes import process_table
from tests.soak.report import Report
from tests.soak.runners import Log, Runner, running
from tests.soak.verdict import Seen, Wrong, unexplained, unreported, wrongs

SAMPLE_SECONDS = 2.0
# The queue's counts are approximate, so that one empty look says little.
QUIET_LOOKS = 3

# Three small files a source and the manifest: thousands of them fit.
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

Say = Callable[[str, float], None]  # what is going on, and how far it has come, from 0 to 1


@dataclass(frozen=True, slots=True)
class Pace:
    """When things happen, in seconds; `program` is the runner that is started."""

    dropping_seconds: float
    wave_seconds: float
    kill_every_seconds: float
    most_quiet_seconds: float
    program: str = "worker.runner"

    @property
    def waves(self) -> int:
        """Return in how many waves everything is dropped."""
        return max(1, round(self.dropping_seconds / self.wave_seconds))


@dataclass
class Soak:
    """One soak under way: what was done, and what was seen of the runner that lives on."""

    fleet: Fleet
    pace: Pace
    folder: Path
    say: Say
    done: dict[str, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    corrupt: set[str] = field(default_factory=set)
    spoiled: set[str] = field(default_factory=set)
    samples: list[Sample] = field(default_factory=list)
    unsettled: int = 0

    def __post_init__(self) -> None:
        environment = worker_environment(self.fleet.stack, **SETTINGS)
        self.steady, self.doomed = (
            Runner(name, self.pace.program, environment) for name in ("steady", "doomed")
        )
        self.logs = [Log(self.folder / f"runner-{name}.log") for name in ("steady", "doomed")]
        self._sampled_at = 0.0

    def run(self, waves: Sequence[Wave]) -> Report:
        """Return what came of it; everything that was started has ended."""
        with running((self.steady, self.doomed), self.folder):
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
        """Carry the plan out, wave by wave; what a slow machine has no time for is left out."""
        began_at = time.monotonic()
        self._killed_at = began_at
        for number, wave in enumerate(waves):
            for act in wave:
                if time.monotonic() - began_at > self.pace.dropping_seconds:
                    return
                self._do(act)
                self._meanwhile(kills=True)
            ends_at = began_at + self.pace.dropping_seconds * (number + 1) / len(waves)
            while (left := ends_at - time.monotonic()) > 0:
                time.sleep(min(left, 0.1))
                self._meanwhile(kills=True)
            self.say(f"dropped {self.done[Kind.DROP]} images", (number + 1) / len(waves))

    def _do(self, act: Act) -> None:
        self.done[act.kind] += 1
        if act.kind is Kind.DELETE:
            self.fleet.delete(act.key)
        elif act.kind is Kind.UNDELETE:
            self.fleet.undelete(act.key)
        else:
            etag = self.fleet.put(act.key, bytes_of(act))
            if act.kind is Kind.SPOIL:
                self.corrupt.add(etag)
                self.spoiled.add(act.key)

    def _meanwhile(self, *, kills: bool) -> None:
        """Kill when it is time to, and look at the runner that lives on."""
        now = time.monotonic()
        if kills and now - self._killed_at > self.pace.kill_every_seconds:
            self.doomed.kill_and_replace()
            self._killed_at = time.monotonic()
        if now - self._sampled_at > SAMPLE_SECONDS:
            self._sampled_at = now
            self.steady.require_alive()
            self.logs[0].read_on()
            made = self.logs[0].outcomes.get("made", 0)
            if taken := sample(self.steady.pid, made, process_table()):
                self.samples.append(taken)

    def _wait_until_quiet(self) -> None:
        """Wait until no message is left, visible or not, but not for ever."""
        queue, began_at, looks = self.fleet.stack.live_queue, time.monotonic(), 0
        while looks < QUIET_LOOKS:
            left = self.fleet.waiting(queue) + self.fleet.in_flight(queue)
            looks = 0 if left else looks + 1
            waited = time.monotonic() - began_at
            if waited > self.pace.most_quiet_seconds:
                self.unsettled = left
                return
            self.say(f"{left} messages left", waited / self.pace.most_quiet_seconds)
            time.sleep(0.5)
            self._meanwhile(kills=False)

    def _left_behind(self) -> int:
        """Return how many children outlived a killed runner, some moments after the last kill."""
        table = process_table()
        return len(self.doomed.left_behind(table)) + len(self.steady.left_behind(table))

    def _report(
        self, left_behind: int, *, dropping_seconds: float, quiet_seconds: float
    ) -> Report:
        seen = see_everything(
            self.fleet, self.corrupt, lambda done, of: self.say("checking every object", done / of)
        )
        dead_letters = read_dead_letters(self.fleet)
        strange = unexplained(dead_letters, self.spoiled)
        return Report(
            done=self.done,
            outcomes=self._outcomes(),
            kills=self.doomed.kills,
            left_behind=left_behind,
            keys=len(seen),
            wrong=self._wrong(seen),
            dead_letters=len(dead_letters),
            unexplained=[f"{each.key} ({each.cause or 'no cause'})" for each in strange],
            unreported=list(unreported(seen, dead_letters)),
            runner_memory=growth([(each.images, each.runner_bytes) for each in self.samples]),
            child_memory=growth([(each.images, each.child_bytes) for each in self.samples]),
            samples=self.samples,
            dropping_seconds=dropping_seconds,
            quiet_seconds=quiet_seconds,
            unsettled=self.unsettled,
        )

    def _wrong(self, seen: Mapping[str, Seen]) -> dict[str, list[str]]:
        """Return the keys that are wrong, by the kind of wrong."""
        (recipe,) = read_recipes(RECIPES).recipes
        names = {f"{variant}.{slot}" for variant, slot in recipe.stored_names()}
        found: dict[str, list[str]] = {kind.value: [] for kind in Wrong}
        for key, each in seen.items():
            for kind in wrongs(each, names):
                found[kind].append(key)
        found[Wrong.OTHER_PIXELS] += keys_with_other_pixels(
            self.fleet, seen, recipe, lambda done, of: self.say("making some again", done / of)
        )
        return found

    def _outcomes(self) -> dict[str, int]:
        total: dict[str, int] = {}
        for log in self.logs:
            log.read_on()
            for what, count in log.outcomes.items():
                total[what] = total.get(what, 0) + count
        return total
