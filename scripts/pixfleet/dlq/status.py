"""What became of the letters of a redrive: fixed, dead again, or still waiting."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from scripts.pixfleet.dlq.records import Part, Sent
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.model.entry import PUBLISHED, REJECTED, REMOVED, Entry
from shared.model.errors import Failure
from shared.model.recipe import RecipeSet
from shared.model.source import Source
from shared.model.state import recipe_for, shows

LOOK_SECONDS = 60.0
# S3 tells of whole seconds: what ended in this one may have ended before the redrive. What ended
# in it and after shows by its letter, or by what is published.
STAMP_SECONDS = 1.0


class State(StrEnum):
    """What became of a letter; of one with several keys, the worst of them."""

    FIXED = "fixed"
    DEAD = "dead"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one letter, and where it did not end well the key and the cause."""

    state: State
    key: str = ""
    cause: str = ""


@dataclass(slots=True)
class Receipts:
    """How many letters came to what; `dead` by cause; `examples` is a key of each kind."""

    fixed: int = 0
    waiting: int = 0
    dead: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many letters were sent."""
        return self.fixed + self.waiting + sum(self.dead.values())

    def add(self, fate: Fate) -> None:
        """Count one letter."""
        if fate.state is State.FIXED:
            self.fixed += 1
            return
        if fate.state is State.WAITING:
            self.waiting += 1
        else:
            self.dead[fate.cause] = self.dead.get(fate.cause, 0) + 1
        self.examples.setdefault(fate.cause or State.WAITING.value, fate.key)


@dataclass(frozen=True, slots=True)
class Letters:
    """Dead letters by the digests of their bodies.

    `dead` have died again in this redrive; `left` lie there since before: a redrive that was
    broken off has put them on record and sent them no more.
    """

    dead: Mapping[str, DeadLetter]
    left: Mapping[str, DeadLetter]


@dataclass(frozen=True, slots=True)
class Inspector:
    """Looks at source and ledger of each key, as the worker would (worker/reconcile.py)."""

    objects: Objects
    ledger: Ledger
    recipes: RecipeSet
    marks: Watermarks
    within: Callable[[float], Deadline]

    def inspect(
        self,
        parts: Iterable[Part],
        letters: Letters,
        *,
        lanes_are_quiet: bool,
        threads: Executor,
    ) -> Receipts:
        """Return what became of all that stands on record."""
        receipts = Receipts()
        for part in parts:
            since = part.noted_at.timestamp() + STAMP_SECONDS

            def fate(sent: Sent, since: float = since) -> Fate:
                if letter := letters.dead.get(sent.digest):
                    return Fate(State.DEAD, letter.key, letter.cause)
                found = self._fate(sent, since, lanes_are_quiet=lanes_are_quiet)
                if found.state is State.WAITING and (letter := letters.left.get(sent.digest)):
                    return Fate(State.DEAD, letter.key, letter.cause)
                return found

            for each in threads.map(fate, part.sent):
                receipts.add(each)
        return receipts

    def _fate(self, sent: Sent, since: float, *, lanes_are_quiet: bool) -> Fate:
        if not sent.keys:
            # Nothing else tells of a message that names no key: it is neither waiting nor dead.
            return Fate(State.FIXED if lanes_are_quiet else State.WAITING)
        return _worst([self._of_key(key, since) for key in sent.keys])

    def _of_key(self, key: str, since: float) -> Fate:
        entry, source = self.ledger.read(key), self.objects.head(key)
        waiting, fixed = Fate(State.WAITING, key), Fate(State.FIXED, key)
        is_ours = source is not None and self.recipes.matching(key) is not None
        if source is None or not is_ours:
            return waiting if entry.stored or entry.status not in ("", REMOVED) else fixed
        if entry.is_unfinished or entry.identity != source.identity:
            return waiting
        is_new = entry.updated_at >= since
        if entry.status == REJECTED and is_new:
            return Fate(State.DEAD, key, entry.cause)
        if entry.status == PUBLISHED and (is_new or self._shows(entry, source)):
            return fixed
        return waiting

    def _shows(self, entry: Entry, source: Source) -> bool:
        """Say whether there was nothing to do: the worker leaves no trace of that."""
        with suppress(Failure):
            recipe = recipe_for(source, self.recipes)
            if recipe is None:
                return False
            recipe = self.marks.resolve(recipe, self.within(LOOK_SECONDS)).recipe
            return shows(entry, source.identity, recipe.fingerprint)
        return False


def _worst(fates: Sequence[Fate]) -> Fate:
    order = (State.WAITING, State.DEAD, State.FIXED)
    return min(fates, key=lambda fate: order.index(fate.state))
