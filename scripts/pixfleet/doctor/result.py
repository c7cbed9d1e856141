"""What one look has found."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """What is to be said of one thing."""

    OK = "ok"
    WRONG = "wrong"
    UNSEEN = "could not look"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what to do about it where it is not as it should be."""

    area: str
    what: str
    verdict: Verdict = Verdict.OK
    remedy: str = ""

    @property
    def is_bad(self) -> bool:
        """Say whether it wants a person."""
        return self.verdict in {Verdict.WRONG, Verdict.UNSEEN}


def wrong(area: str, what: str, remedy: str) -> Finding:
    """Return the finding of something that is not as it should be."""
    return Finding(area, what, Verdict.WRONG, remedy)


def skipped(area: str, why: str) -> Finding:
    """Return the finding of something that this stack does not have."""
    return Finding(area, why, Verdict.SKIPPED)


def judged(area: str, is_right: bool, what: str, remedy: str) -> Finding:  # noqa: FBT001 - the verdict itself
    """Return a finding that is right or has a remedy; `what` says what was found."""
    return Finding(area, what) if is_right else wrong(area, what, remedy)
