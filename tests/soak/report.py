"""The figures of a soak, and its problems."""

from dataclasses import dataclass

from tests.soak.memory import Growth, Sample

# MB by which memory may grow per thousand images. Sources that were never freed would be 10 MB;
# pools that fill cost about 1 MB in the first few thousand images.
MAX_GROWTH = 2.0


@dataclass(frozen=True, slots=True)
class Report:
    """All figures of one soak; the lists have keys."""

    done: dict[str, int]  # actions on sources, by kind
    outcomes: dict[str, int]  # outcomes in the runners' logs
    kills: int
    left_behind: int  # render children that outlived their runner
    keys: int
    wrong: dict[str, list[str]]  # keys by defect
    dead_letters: int
    unexplained: list[str]
    unreported: list[str]
    runner_memory: Growth
    child_memory: Growth
    samples: list[Sample]
    dropping_seconds: float
    quiet_seconds: float  # from the last action until the queue was empty
    messages_left: int  # in the queue when the wait timed out

    @property
    def is_flat(self) -> bool:
        """Return whether memory is constant; true if there were too few images to know."""
        slopes = (self.runner_memory.slope, self.child_memory.slope)
        return all(slope is None or slope <= MAX_GROWTH for slope in slopes)

    @property
    def images_per_second(self) -> float:
        """Return how many sources were rendered in a second."""
        seconds = self.dropping_seconds + self.quiet_seconds
        return self.outcomes.get("made", 0) / seconds if seconds else 0.0

    @property
    def problems(self) -> list[str]:
        """Return a sentence for each problem."""
        counts = {
            **{kind: len(keys) for kind, keys in self.wrong.items()},
            "unexplained dead letters": len(self.unexplained),
            "corrupt without a dead letter": len(self.unreported),
            "render children that outlived their runner": self.left_behind,
            "messages that were never processed": self.messages_left,
        }
        found = [f"Expected 0 {what}, got {count}." for what, count in counts.items() if count]
        if not self.is_flat:
            slopes = f"{self.runner_memory.slope} and {self.child_memory.slope}"
            found.append(
                f"Expected at most {MAX_GROWTH} MB more for a thousand images, got {slopes}."
            )
        if not self.outcomes.get("made"):
            found.append("Expected images to be made, got none.")
        return found

    @property
    def exit_code(self) -> int:
        """Return the exit code of the program."""
        return 1 if self.problems else 0
