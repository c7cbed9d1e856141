"""Assesses listed sources, with a HEAD where a list is not enough."""

from dataclasses import dataclass

from shared.cloud.objects import Objects
from shared.model.entry import Entry
from shared.model.source import Listed
from shared.model.state import CurrentRecipes, Reason, State, StateKind, assess

# A list may be older than the ledger entry: an S3 Inventory is up to a week old.
_NEWER_ENTRY_POSSIBLE = (Reason.SOURCE_REPLACED, Reason.DROPPED_AGAIN)


@dataclass(frozen=True, slots=True)
class Assessor:
    """Assesses sources by the recipes and watermarks that were deployed when the run began."""

    recipes: CurrentRecipes
    objects: Objects

    def state(self, listed: Listed, entry: Entry) -> State:
        """Return the state of a listed source."""
        state = assess(listed.key, entry, listed, self.recipes)
        if state.kind is StateKind.NEEDS_HEAD or state.reason in _NEWER_ENTRY_POSSIBLE:
            return self.state_now(listed.key, entry)
        return state

    def state_now(self, key: str, entry: Entry) -> State:
        """Return the state of a source by a HEAD."""
        return assess(key, entry, self.objects.head(key), self.recipes)
