"""Finds out from the ledger what became of the sources that were sent."""

from dataclasses import dataclass
from itertools import islice

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.checkpoint import CPU_SECONDS, Checkpoint, OpenPage
from scripts.pixfleet.backfill.selection import SourceOutcome, Wanted
from shared.cloud.ledger_reader import LedgerReader
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.state import GONE, StateKind

# SQS delivers roughly in order: later pages hardly have an outcome after this many without one.
MAX_PAGES_WITHOUT_OUTCOME = 3
PAGES_AHEAD = 50
PAGES_BEHIND = 10

_BY_STATUS = {
    PUBLISHED: SourceOutcome.MADE,
    REJECTED: SourceOutcome.REJECTED,
    REMOVED: SourceOutcome.REMOVED,
}


@dataclass(slots=True)
class Outcomes:
    """Looks for outcomes where they are likely, so that not all keys are read again and again.

    `frontier` is the last page with an outcome. Earlier pages that are still open are read in
    turn; `turn` is the next of them.
    """

    checkpoint: Checkpoint
    ledger: LedgerReader
    assessor: Assessor
    frontier: int = 0
    turn: int = 0

    def update(self) -> int:
        """Record new outcomes near the frontier, and return how many."""
        return self._update_ahead() + self._update_behind()

    def update_all(self) -> int:
        """Record the new outcomes of everything that was sent, and return how many."""
        return sum(self._update_page(page) for page in self.checkpoint.open_pages(0))

    def conclude(self) -> int:
        """Record an outcome for every source, as the queues are empty; return how many."""
        return sum(self._conclude_page(page) for page in self.checkpoint.open_pages(0))

    def _update_ahead(self) -> int:
        found = without = 0
        for page in islice(self.checkpoint.open_pages(self.frontier), PAGES_AHEAD):
            new = self._update_page(page)
            found += new
            without = 0 if new else without + 1
            if new:
                self.frontier = page.number
            if without == MAX_PAGES_WITHOUT_OUTCOME:
                break
        return found

    def _update_behind(self) -> int:
        pages = list(islice(self.checkpoint.open_pages(self.turn, self.frontier), PAGES_BEHIND))
        self.turn = pages[-1].number + 1 if len(pages) == PAGES_BEHIND else 0
        return sum(self._update_page(page) for page in pages)

    def _update_page(self, page: OpenPage) -> int:
        entries = self.ledger.entries([each.key for each in page.wanted], consistent=False)
        outcomes = {
            each.key: outcome
            for each in page.wanted
            if (outcome := _outcome(each, entries[each.key]))
        }
        if outcomes:
            made = (key for key, outcome in outcomes.items() if outcome is SourceOutcome.MADE)
            spent = sum(entries[key].cpu_seconds for key in made)
            causes = {key: entries[key].cause for key in outcomes}
            self.checkpoint.add_outcomes(page, outcomes, {CPU_SECONDS: spent}, causes)
        return len(outcomes)

    def _conclude_page(self, page: OpenPage) -> int:
        entries = self.ledger.entries([each.key for each in page.wanted], consistent=True)
        outcomes = {
            each.key: _outcome(each, entries[each.key]) or self._by_head(each, entries[each.key])
            for each in page.wanted
        }
        causes = {key: entries[key].cause for key in outcomes}
        self.checkpoint.add_outcomes(page, outcomes, {}, causes)
        return len(outcomes)

    def _by_head(self, wanted: Wanted, entry: Entry) -> SourceOutcome:
        """Return the outcome of a source whose entry did not change, by a HEAD."""
        # If the list was older than the entry, the source was current and the worker did nothing.
        now = self.assessor.state_now(wanted.key, entry).kind
        if now is StateKind.CURRENT:
            return SourceOutcome.CURRENT
        return SourceOutcome.REMOVED if now in GONE else SourceOutcome.FAILED


def _outcome(wanted: Wanted, entry: Entry) -> SourceOutcome | None:
    """Return the outcome by a source's entry; None if it has not changed since it was sent."""
    if entry.updated_at == wanted.before or entry.is_unfinished:
        return None
    return _BY_STATUS.get(entry.status)
