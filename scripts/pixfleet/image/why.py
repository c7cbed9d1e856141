"""Says in a sentence or two why one image is as it is, and what to type next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from shlex import quote

from scripts.pixfleet.image.history import Life
from scripts.pixfleet.image.runbook import PLACE, advice
from scripts.pixfleet.terminal.times import duration, timestamp
from scripts.pixfleet.verify.check_result import Kind, ObjectsReason
from shared.model.entry import REJECTED, REMOVED, Entry
from shared.model.errors import UnknownSchema
from shared.model.recipe import RecipeSet
from shared.model.state import Reason


@dataclass(frozen=True, slots=True)
class Answer:
    """The sentence, what explains it, and commands to type, the first of which helps most.

    `is_well` says that nothing has to be done.
    """

    sentence: str
    because: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    is_well: bool = False


def answer(life: Life, recipes: RecipeSet, now: float) -> Answer:
    """Return what a person wants to hear about a life."""
    entry, key = life.entry, life.key
    if isinstance(entry, UnknownSchema):
        return Answer(
            "Its ledger entry was written by another version of Pixfleet.",
            (entry.detail,),
            ("pixfleet doctor",),
        )
    if entry.lease_until >= now:
        left = f"{entry.lease_until - now:.0f} s"
        return Answer(
            f"Somebody is at work on it: the claim ends by itself in {left} at the latest.",
            _attempts(entry),
            (f"pixfleet why {quote(key)}",),
            is_well=True,
        )
    if not life.is_there:
        return _gone(life, entry)
    if life.verdict.kind is Kind.IGNORED:
        known = ", ".join(each.name for each in recipes.recipes)
        return Answer(
            f"No recipe is for this key: of {known}, none matches it.",
            ("Nothing is made of it until one does.",),
            (f"pixfleet recipes explain {quote(key)}",),
        )
    return _of_source(life, entry, now)


def _gone(life: Life, entry: Entry) -> Answer:
    key, kind = life.key, life.verdict.kind
    if kind.is_difference:
        return Answer(
            "The source is gone, and something of it is still there.",
            ("Its removal was not told to the fleet, or has not been worked off yet.",),
            ("pixfleet status", _repair(key)),
        )
    if entry.status == REMOVED:
        return Answer(
            f"The source was deleted, and its variants with it, at {timestamp(entry.updated_at)}.",
            ("Versions below are what S3 still keeps of it.",) if life.versions else (),
            is_well=True,
        )
    if life.versions:
        return Answer("The source was deleted, and nothing of it is stored.", is_well=True)
    return Answer(
        "Nothing of this key was ever seen: no source, no version, no ledger entry.",
        ("Keys are compared letter by letter, in the case they were written in.",),
    )


def _of_source(life: Life, entry: Entry, now: float) -> Answer:
    key, verdict = life.key, life.verdict
    if verdict.kind is Kind.CURRENT:
        objects = len(life.stored) - 1
        return Answer(
            f"It is published: {objects} variants, as recipe {entry.recipe} makes them now.",
            (),
            (f"pixfleet show {quote(key)}", f"pixfleet urls {quote(key)}"),
            is_well=True,
        )
    if verdict.kind is Kind.REJECTED:
        return _rejected(entry, key)
    next_ = ("pixfleet status", _repair(key))
    if verdict.kind is Kind.ORPHANED:
        sentence = "More is stored for it than should be."
        return Answer(sentence, (_PLAIN[verdict.reason], _objects(verdict.names)), next_[1:])
    if verdict.kind is Kind.WORKING:
        again = f"pixfleet why {quote(key)}"
        return Answer("It changed while this command was running.", (), (again,), is_well=True)
    if verdict.kind is Kind.MISSING and verdict.reason != ObjectsReason.MISSING:
        since = max(each.modified.timestamp() for each in life.versions)
        sentence = f"It was dropped {duration(now - since)} ago and not made yet."
        because = _attempts(entry) or ("It waits in its queue, or its event was lost.",)
        return Answer(sentence, because, (next_[0], "pixfleet dlq groups", next_[1]))
    because = (_PLAIN[verdict.reason], *_attempts(entry))
    if verdict.names:
        because = (*because, _objects(verdict.names))
    public = "What is served is not what it should be"
    sentence = "It was rejected before, and has to be looked at again"
    return Answer(f"{sentence if entry.status == REJECTED else public}.", because, next_)


def _rejected(entry: Entry, key: str) -> Answer:
    told = advice(entry.cause)
    because = [f"{entry.cause} at stage {entry.stage or 'unknown'}: {entry.detail}"]
    because += [f"It means: {told.means}."] if told.means else []
    because += [f"To do: {told.do}."] if told.do else []
    return Answer(
        f"It was rejected at {timestamp(entry.updated_at)}: {entry.cause}.",
        (*because, f"See {PLACE}."),
        (
            f"pixfleet dlq try --cause {entry.cause}",
            f"pixfleet dlq redrive --prefix {quote(key)} --dry-run",
        ),
    )


_PLAIN: Mapping[str, str] = {
    Reason.UNFINISHED: "Work on it began and has not come to an end.",
    Reason.NO_RECIPE: "No recipe matches its key any more, and its variants are still stored.",
    Reason.SOURCE_REPLACED: "The source has been replaced since its variants were made.",
    Reason.DROPPED_AGAIN: "The same bytes were dropped again since it was rejected.",
    Reason.OVERRIDES_CHANGED: "Its metadata asks for something else than when it was made.",
    Reason.RECIPE_CHANGED: "Its recipe has changed since it was made.",
    Reason.ENGINE_CHANGED: "Its variants were made by another engine version.",
    ObjectsReason.MISSING: "The ledger lists objects that are not in the bucket.",
    ObjectsReason.UNLISTED: "There are objects in the bucket that the ledger does not list.",
    ObjectsReason.UNLISTED_WITHOUT_RECIPE: "No recipe matches its key, but objects are stored.",
}


def _repair(key: str) -> str:
    # Whoever asks about one key does not want to wait ten minutes.
    return f"pixfleet verify --prefix {quote(key)} --grace 0s --repair"


def _objects(names: Sequence[str]) -> str:
    return f"Objects: {', '.join(names)}."


def _attempts(entry: Entry) -> tuple[str, ...]:
    told = []
    if entry.crashed_attempts:
        told.append(f"{entry.crashed_attempts} attempts ended without a word: their process died.")
    if entry.crashes:
        told.append(f"{entry.crashes} render children died over it.")
    return tuple(told)
