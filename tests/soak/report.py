"""What the soak has found, and whether that is good."""

from dataclasses import dataclass

from tests.soak.memory import Growth, Sample

# What a thousand images may leave behind, in MB. Sources kept by mistake would be 10; the
# first few thousand images still cost one, less and less of it, for pools that fill.
MOST_GROWTH = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """Every figure of one soak; the lists name keys, so that somebody can look."""

    done: dict[str, int]  # what was done to sources, by kind
    outcomes: dict[str, int]  # what the runners say came of it
    kills: int
    left_behind: int  # render children that outlived their runner
    keys: int
    wrong: dict[str, list[str]]  # by the kind of wrong
    dead_letters: int
    unexplained: list[str]
    unreported: list[str]
    runner_memory: Growth
    child_memory: Growth
    samples: list[Sample]
    dropping_seconds: float
    quiet_seconds: float  # from the last drop until nothing was left to do
    unsettled: int  # messages that were still in the queue when the wait was over

    @property
    def is_flat(self) -> bool:
        """Say whether memory did not grow with images; true where there were too few to tell."""
        slopes = (self.runner_memory.slope, self.child_memory.slope)
        return all(slope is None or slope <= MOST_GROWTH for slope in slopes)

    @property
    def images_per_second(self) -> float:
        """Return how many sets of variants were made in a second."""
        seconds = self.dropping_seconds + self.quiet_seconds
        return self.outcomes.get("made", 0) / seconds if seconds else 0.0

    @property
    def problems(self) -> list[str]:
        """Return what is not as it must be, each in a sentence."""
        counts = {
            **{kind: len(keys) for kind, keys in self.wrong.items()},
            "unexplained dead letters": len(self.unexplained),
            "corrupt without a dead letter": len(self.unreported),
            "render children that outlived their runner": self.left_behind,
            "messages that never came to an end": self.unsettled,
        }
        found = [f"Expected 0 {what}, got {count}." for what, count in counts.items() if count]
        if not self.is_flat:
            slopes = f"{self.runner_memory.slope} and {self.child_memory.slope}"
            found.append(
                f"Expected at most {MOST_GROWTH} MB more for a thousand images, got {slopes}."
            )
        if not self.outcomes.get("made"):
            found.append("Expected images to be made, got none.")
        return found

    @property
    def exit_code(self) -> int:
        """Return what the program ends with."""
        return 1 if self.problems else 0
