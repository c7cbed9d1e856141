"""What a check found."""

from dataclasses import dataclass
from enum import StrEnum


class FindingStatus(StrEnum):
    """Whether a finding is as it should be."""

    OK = "ok"
    WRONG = "wrong"
    UNSEEN = "could not look"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked, and what to do about it if it is wrong."""

    area: str
    what: str
    status: FindingStatus = FindingStatus.OK
    remedy: str = ""

    @property
    def is_bad(self) -> bool:
        """Return whether a person has to act on it."""
        return self.status in {FindingStatus.WRONG, FindingStatus.UNSEEN}


def wrong(area: str, what: str, remedy: str) -> Finding:
    """Return a finding of something that is wrong."""
    return Finding(area, what, FindingStatus.WRONG, remedy)


def skipped(area: str, why: str) -> Finding:
    """Return a finding of something that this stack does not have or that cannot be checked."""
    return Finding(area, why, FindingStatus.SKIPPED)


def ok_or_wrong(area: str, is_right: bool, what: str, remedy: str) -> Finding:  # noqa: FBT001 - the result of a comparison
    """Return a finding that is ok, or wrong with the remedy; `what` describes both."""
    return Finding(area, what) if is_right else wrong(area, what, remedy)
