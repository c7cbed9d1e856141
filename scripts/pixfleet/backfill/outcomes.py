"""Finds out what became of the sources that were sent, by the ledger."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.checkpoint import CPU_SECONDS, Journal, Noted
from scripts.pixfleet.backfill.selection import Ending, Wanted
from shared.cloud.ledger_reader import LedgerReader
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.state import GONE, StateKind

# Queues hand out roughly in order: behind so many pages without an end there is hardly one.
BARREN_PAGES = 3
PAGES_A_LOOK = 50
STRAGGLERS_A_LOOK = 10

_ENDINGS = {PUBLISHED: Ending.MADE, REJECTED: Ending.REJECTED, REMOVED: Ending.REMOVED}


@dataclass(slots=True)
class Endings:
    """Looks where ends are to be expected, so that ten million keys are not read again and again.

    `frontier` is the last page in which something had ended; behind it are stragglers, which are
    looked at in turn.
    """

    journal: Journal
    ledger: LedgerReader
    assessor: Assessor
    frontier: int = 0
    turn: int = 0

    def look(self) -> int:
        """Note the ends that are new, and return how many."""
        return self._look_ahead() + self._look_back()

    def look_everywhere(self) -> int:
        """Note the ends of whatever was sent, and return how many are new."""
        return sum(self._look_at(page) for page in self.journal.open_pages(0))

    def conclude(self) -> int:
        """Note an end for all: nothing is on its way any more. Return how many that are."""
        return sum(self._conclude(page) for page in self.journal.open_pages(0))

    def _look_ahead(self) -> int:
        found = barren = 0
        for page in islice(self.journal.open_pages(self.frontier), PAGES_A_LOOK):
            ended = self._look_at(page)
            found += ended
            barren = 0 if ended else barren + 1
            if ended:
                self.frontier = page.number
            if barren == BARREN_PAGES:
                break
        return found

    def _look_back(self) -> int:
        before = self.journal.open_pages(self.turn, self.frontier)
        pages = list(islice(before, STRAGGLERS_A_LOOK))
        self.turn = pages[-1].number + 1 if len(pages) == STRAGGLERS_A_LOOK else 0
        return sum(self._look_at(page) for page in pages)

    def _look_at(self, page: Noted) -> int:
        entries = self.ledger.entries([each.key for each in page.wanted], consistent=False)
        ended = {
            each.key: ending
            for each in page.wanted
            if (ending := _ending(each, entries[each.key]))
        }
        if ended:
            made = (key for key, ending in ended.items() if ending is Ending.MADE)
            spent = sum(entries[key].cpu_seconds for key in made)
            self.journal.settle(page, ended, {CPU_SECONDS: spent})
        return len(ended)

    def _conclude(self, page: Noted) -> int:
        """Give an end to sources whose entries did not change, by a look at each."""
        entries = self.ledger.entries([each.key for each in page.wanted], consistent=True)
        ended = {
            each.key: _ending(each, entries[each.key]) or self._last_word(each, entries[each.key])
            for each in page.wanted
        }
        self.journal.settle(page, ended, {})
        return len(ended)

    def _last_word(self, wanted: Wanted, entry: Entry) -> Ending:
        # A list may have been older than the entry: then there was nothing to be done.
        now = self.assessor.state_now(wanted.key, entry).kind
        if now is StateKind.CURRENT:
            return Ending.CURRENT
        return Ending.REMOVED if now in GONE else Ending.FAILED


def count(endings: Iterable[str], journal: Journal) -> int:
    """Return how many ended in one of these ways."""
    return sum(journal.tally(ending) for ending in endings)


def _ending(wanted: Wanted, entry: Entry) -> Ending | None:
    """Return what an entry says of a source that was sent, none if it is what it was before."""
    if entry.updated_at == wanted.before or entry.is_unfinished:
        return None
    return _ENDINGS.get(entry.status)
