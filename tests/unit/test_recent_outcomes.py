"""How many entries of the status index are read for what is shown."""

from typing import Any

import pytest

from scripts.pixfleet.status.outcomes import MAX_ENTRIES, SHOWN, recent_outcomes
from shared.cloud.status_index import StatusEntry
from shared.model.entry import PUBLISHED, REJECTED, REMOVED

pytestmark = pytest.mark.unit

NOW = 10_000.0


class Index:
    """An index with a change of each status every second; `read` counts the entries by status."""

    def __init__(self) -> None:
        self.read: dict[str, int] = {}

    def newest(self, status: str, *, most: int) -> list[StatusEntry]:
        self.read[status] = most
        cause = "corrupt" if status == REJECTED else ""
        return [StatusEntry(f"{status} {n}", status, cause, NOW - n) for n in range(most)]


@pytest.mark.parametrize(("needs_rate", "most"), [(True, MAX_ENTRIES), (False, SHOWN)])
def test_many_entries_are_read_only_for_causes_and_for_a_rate(
    *, needs_rate: bool, most: int
) -> None:
    index: Any = Index()

    found = recent_outcomes(index, NOW, needs_rate=needs_rate)

    assert index.read == {PUBLISHED: most, REJECTED: MAX_ENTRIES, REMOVED: most}
    assert found.per_second == pytest.approx(3.01 if needs_rate else 0, abs=0.01)


def test_fewer_entries_show_the_same() -> None:
    index: Any = Index()

    few, many = (recent_outcomes(index, NOW, needs_rate=each) for each in (False, True))

    assert few.latest == many.latest
    assert len(few.latest) == SHOWN
    assert few.causes == many.causes == {"corrupt": MAX_ENTRIES}
    assert few.are_more_rejected
