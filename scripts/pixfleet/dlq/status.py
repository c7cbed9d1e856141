"""Reads what became of the messages of a redrive: fixed, failed again, or still waiting."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from enum import StrEnum

from scripts.pixfleet.dlq.records import Part, RedrivenMessage
from scripts.pixfleet.stack.dead_letters import DeadLetter
from shared.cloud.ledger import Ledger
from shared.cloud.objects import Objects
from shared.cloud.watermarks import Watermarks
from shared.model.entry import REJECTED
from shared.model.errors import Failure
from shared.model.recipe import Recipe, RecipeSet
from shared.model.state import CurrentRecipes, Reason, StateKind, assess

# S3's `LastModified` is in whole seconds: an entry written in the same second may be older than
# the redrive. If it is newer, its dead letter or the published variants show the outcome, too.
LAST_MODIFIED_SECONDS = 1.0
PROCESSED_BEFORE_CHANGE = (Reason.RECIPE_CHANGED, Reason.ENGINE_CHANGED, Reason.NOT_AT_UPLOAD)


class RedriveOutcome(StrEnum):
    """What became of a message. Of several keys, the one with the worst outcome counts."""

    FIXED = "fixed"
    DEAD = "dead"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True)
class MessageOutcome:
    """What became of one message; `cause` is empty unless it failed again."""

    outcome: RedriveOutcome
    key: str = ""
    cause: str = ""


@dataclass(slots=True)
class RedriveStatus:
    """How many messages had which outcome.

    `dead` counts messages by cause. `examples` has a key for each cause and for `waiting`: the
    first in the order of the alphabet, so that it is the same each time.
    """

    lanes_are_empty: bool
    fixed: int = 0
    waiting: int = 0
    dead: dict[str, int] = field(default_factory=dict)
    examples: dict[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Return how many messages were sent."""
        return self.fixed + self.waiting + sum(self.dead.values())

    def add(self, message: MessageOutcome) -> None:
        """Count one message."""
        if message.outcome is RedriveOutcome.FIXED:
            self.fixed += 1
            return
        if message.outcome is RedriveOutcome.WAITING:
            self.waiting += 1
        else:
            self.dead[message.cause] = self.dead.get(message.cause, 0) + 1
        kind = message.cause or RedriveOutcome.WAITING.value
        self.examples[kind] = min(self.examples.get(kind, message.key), message.key)


@dataclass(frozen=True, slots=True)
class FoundDeadLetters:
    """The dead letters of a redrive that are in the queue now, by the digests of their bodies.

    `again` have failed again after this redrive. `unsent` were recorded by a redrive that was
    interrupted before it sent them.
    """

    again: Mapping[str, DeadLetter]
    unsent: Mapping[str, DeadLetter]


@dataclass(frozen=True, slots=True)
class RedriveStatusReader:
    """Compares source and ledger entry of each key, as the worker would (worker/reconcile.py)."""

    objects: Objects
    ledger: Ledger
    recipes: RecipeSet
    watermarks: Watermarks
    on_demand: bool = False

    def read(
        self,
        parts: Iterable[Part],
        found: FoundDeadLetters,
        *,
        lanes_are_empty: bool,
        threads: Executor,
    ) -> RedriveStatus:
        """Return the outcomes of all messages on record."""
        status = RedriveStatus(lanes_are_empty)
        for part in parts:
            since = part.recorded_at.timestamp() + LAST_MODIFIED_SECONDS

            def outcome(message: RedrivenMessage, since: float = since) -> MessageOutcome:
                if dead_letter := found.again.get(message.digest):
                    return _dead(dead_letter)
                of_keys = self._of_message(message, since, lanes_are_empty=lanes_are_empty)
                dead_letter = found.unsent.get(message.digest)
                if of_keys.outcome is RedriveOutcome.WAITING and dead_letter:
                    return _dead(dead_letter)
                return of_keys

            for each in threads.map(outcome, part.messages):
                status.add(each)
        return status

    def _of_message(
        self, message: RedrivenMessage, since: float, *, lanes_are_empty: bool
    ) -> MessageOutcome:
        if not message.keys:
            # A body without keys has no ledger entry: all that shows is that it left the lane.
            return MessageOutcome(
                RedriveOutcome.FIXED if lanes_are_empty else RedriveOutcome.WAITING
            )
        return _worst([self._of_key(key, since) for key in message.keys])

    def _of_key(self, key: str, since: float) -> MessageOutcome:
        entry, source = self.ledger.read(key), self.objects.head(key)
        recipes = CurrentRecipes(self.recipes, self._fingerprint, on_demand=self.on_demand)
        state = assess(key, entry, source, recipes)
        # The recipe or the engine may have changed again since the message was processed.
        is_processed = entry.updated_at >= since and (
            state.kind in (StateKind.CURRENT, StateKind.REJECTED)
            or state.reason in PROCESSED_BEFORE_CHANGE
        )
        if is_processed and entry.status == REJECTED:
            return MessageOutcome(RedriveOutcome.DEAD, key, entry.cause)
        # The worker writes nothing where it has nothing to do.
        is_unchanged = not state.kind.needs_work and state.kind is not StateKind.REJECTED
        is_fixed = is_processed or is_unchanged
        return MessageOutcome(RedriveOutcome.FIXED if is_fixed else RedriveOutcome.WAITING, key)

    def _fingerprint(self, recipe: Recipe) -> str:
        try:
            return self.watermarks.resolve(recipe, self.objects).recipe.fingerprint
        except Failure:
            return ""  # nothing was ever published with this fingerprint


def _dead(dead_letter: DeadLetter) -> MessageOutcome:
    return MessageOutcome(RedriveOutcome.DEAD, dead_letter.key, dead_letter.cause)


def _worst(outcomes: Sequence[MessageOutcome]) -> MessageOutcome:
    order = (RedriveOutcome.WAITING, RedriveOutcome.DEAD, RedriveOutcome.FIXED)
    return min(outcomes, key=lambda each: order.index(each.outcome))
