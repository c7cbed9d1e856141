"""Explains in a sentence or two why a key is in its state, and which command to run next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scripts.pixfleet.image.history import KeyHistory
from scripts.pixfleet.image.runbook import SECTION, advice
from scripts.pixfleet.page.rows import STILL_REASONS
from scripts.pixfleet.stack.causes import RedriveHelps, facts_of
from scripts.pixfleet.terminal.suggestions import suggest
from scripts.pixfleet.terminal.text import counted, quoted
from scripts.pixfleet.terminal.times import duration, timestamp
from scripts.pixfleet.verify.check_result import CheckResult, Kind, ObjectsReason
from shared.model.entry import REJECTED, REMOVED, Entry
from shared.model.errors import UnknownSchema
from shared.model.manifest import Manifest
from shared.model.recipe import RecipeSet
from shared.model.state import Reason


@dataclass(frozen=True, slots=True)
class Explanation:
    """One sentence, its reasons, and the commands to run next, the most useful first.

    `is_well` means that nothing has to be done. With `is_unknown` AWS refused to tell.
    """

    sentence: str
    because: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    is_well: bool = False
    is_unknown: bool = False


def explain(history: KeyHistory, recipes: RecipeSet | None, now: float) -> Explanation:
    """Return why a key is in its state; `now` is in seconds since the epoch.

    `recipes` is None if they could not be read.
    """
    entry, key, check = history.entry, history.key, history.check
    if isinstance(entry, UnknownSchema):
        return Explanation(
            "Another version of Pixfleet wrote its ledger entry.",
            (entry.detail,),
            ("pixfleet doctor",),
        )
    if entry is None or check is None or recipes is None:
        return _unknown(history, entry, now)
    if entry.lease_until >= now and not entry.is_serving(now):
        left = f"{entry.lease_until - now:.0f} s"
        return Explanation(
            f"A worker is processing it: its claim expires in {left} at the latest.",
            _crashes(entry),
            (suggest("why", key),),
            is_well=True,
        )
    if not history.source_exists:
        return _without_source(history, entry, check)
    if check.kind is Kind.IGNORED:
        known = ", ".join(each.name for each in recipes.recipes)
        return Explanation(
            f"No recipe matches this key; the recipes are {known}.",
            ("Nothing is made of it until a recipe matches.",),
            (suggest("recipes explain", key),),
        )
    is_forwarded = entry.forwarded_to and check.kind is not Kind.CURRENT
    return (
        _forwarded(entry, key, now) if is_forwarded else _with_source(history, entry, check, now)
    )


def _unknown(history: KeyHistory, entry: Entry | None, now: float) -> Explanation:
    """Return what is known although AWS refused a part of the answer."""
    unread = ", ".join(each.name for each in history.missing)
    because = []
    if history.source_exists:
        uploaded_at = max(each.modified.timestamp() for each in history.versions)
        because.append(f"Its source was uploaded {duration(now - uploaded_at)} ago.")
    if history.stored:
        because.append(f"{counted(len(history.stored), 'object')} are stored for it.")
    if entry and entry.status:
        said = f" ({quoted(entry.cause)})" if entry.status == REJECTED and entry.cause else ""
        because.append(f"The ledger says {entry.status}{said} at {timestamp(entry.updated_at)}.")
    return Explanation(
        f"Its state is unknown, because this could not be read: {unread}.",
        tuple(because),
        (suggest("why", history.key), "pixfleet doctor"),
        is_unknown=True,
    )


def _without_source(history: KeyHistory, entry: Entry, check: CheckResult) -> Explanation:
    key = history.key
    if check.kind.is_difference:
        return Explanation(
            "The source is gone, but its variants or its ledger entry are still there.",
            ("The event of its removal was lost, or its message waits in a queue.",),
            ("pixfleet status", _repair(key)),
        )
    if entry.status == REMOVED:
        kept = ("S3 still keeps the versions below.",) if history.versions else ()
        return Explanation(
            f"The source was deleted, and its variants with it, at {timestamp(entry.updated_at)}.",
            (*kept, *_purge(entry)),
            _restore(history),
            is_well=True,
        )
    if history.versions:
        return Explanation(
            "The source was deleted, and nothing is stored for it.",
            next=_restore(history),
            is_well=True,
        )
    return Explanation(
        "This key is unknown: it has no source, no version and no ledger entry.",
        ("Keys are case-sensitive.",),
    )


def _with_source(history: KeyHistory, entry: Entry, check: CheckResult, now: float) -> Explanation:
    key = history.key
    if check.kind is Kind.CURRENT:
        variants = counted(len(entry.stored), "variant")
        return Explanation(
            f"It is published: {variants} by the current recipe {quoted(entry.recipe)}.",
            (*_origin(entry), *_reductions(history.manifest), *_on_demand(history, entry, now)),
            (suggest("show", key), suggest("urls", key)),
            is_well=True,
        )
    if check.kind is Kind.REJECTED:
        return _rejected(history, entry)
    next_ = ("pixfleet status", _repair(key))
    if check.kind is Kind.ORPHANED:
        return Explanation(
            "Objects are stored that should not be there.",
            (_REASONS[check.reason], _objects(check.names)),
            next_[1:],
        )
    if check.kind is Kind.WORKING:
        again = suggest("why", key)
        return Explanation(
            "It changed while this command was running.", (), (again,), is_well=True
        )
    if check.kind is Kind.MISSING and check.reason != ObjectsReason.MISSING:
        uploaded_at = max(each.modified.timestamp() for each in history.versions)
        return Explanation(
            f"It was uploaded {duration(now - uploaded_at)} ago, and its variants are not made "
            "yet.",
            _crashes(entry) or ("Its message waits in a queue, or its event was lost.",),
            (next_[0], "pixfleet dlq groups", next_[1]),
        )
    objects = (_objects(check.names),) if check.names else ()
    because = (_REASONS[check.reason], *_crashes(entry), *objects)
    sentence = "Its published variants are outdated or incomplete."
    if entry.status == REJECTED:
        sentence = "It was rejected before, and has to be processed again."
    return Explanation(sentence, because, next_)


def _forwarded(entry: Entry, key: str, now: float) -> Explanation:
    """Explain a source that waits for a larger lane; it is neither published nor rejected yet."""
    because = [f"The lane before it could not render it: {entry.forwarded_why}"]
    if entry.is_published:
        because.append("The version before it stays published until then.")
    return Explanation(
        f"It was forwarded to the lane {quoted(entry.forwarded_to)} "
        f"{duration(now - entry.forwarded_at)} ago, which has not rendered it yet.",
        (*because, *_crashes(entry)),
        ("pixfleet status", suggest("why", key)),
        is_well=True,
    )


def _origin(entry: Entry) -> tuple[str, ...]:
    if not entry.forwarded_from:
        return ()
    return (f"The lane {quoted(entry.forwarded_from)} could not render it and forwarded it.",)


def _restore(history: KeyHistory) -> tuple[str, ...]:
    """Return the command that puts an earlier version back, if S3 keeps one."""
    can_be_put_back = any(each.etag and not each.is_latest for each in history.versions)
    return (suggest("restore --dry-run", history.key),) if can_be_put_back else ()


def _rejected(history: KeyHistory, entry: Entry) -> Explanation:
    key, found = history.key, advice(entry.cause)
    cause, stage = quoted(entry.cause), quoted(entry.stage or "unknown")
    because = [f"{cause} at stage {stage}: {entry.detail}"]
    because += [f"It means: {found.means}."] if found.means else []
    because += [f"To do: {found.do}."] if found.do else []
    facts = facts_of(entry.cause)
    next_ = [suggest("dlq try", prefix=key)]
    if facts.redrive_helps is RedriveHelps.NEVER:
        because.append(f"A redrive cannot help. Fixed by: {facts.fixed_by}.")
    else:
        because.append(f"A redrive can help {facts.redrive_helps}. Fixed by: {facts.fixed_by}.")
        next_.append(suggest("dlq redrive --dry-run", prefix=key))
    if restore := _restore(history):
        because.append("An earlier version of the source can be put back.")
        next_ += restore
    return Explanation(
        f"It was rejected at {timestamp(entry.updated_at)}: {cause}.",
        (*because, *_origin(entry), *_purge(entry), f"See {SECTION}."),
        tuple(next_),
    )


_REASONS: Mapping[str, str] = {
    Reason.UNFINISHED: "An attempt began and did not finish.",
    Reason.NO_RECIPE: "No recipe matches its key any more, but its variants are still stored.",
    Reason.SOURCE_REPLACED: "The source was replaced after it was last processed.",
    Reason.DROPPED_AGAIN: "The same bytes were uploaded again after it was rejected.",
    Reason.OVERRIDES_CHANGED: "Its metadata has changed since it was last processed.",
    Reason.RECIPE_CHANGED: "Its recipe has changed since it was last processed.",
    Reason.ENGINE_CHANGED: "It was last processed by another engine version.",
    Reason.NOT_AT_UPLOAD: "Variants that have to be stored at upload are not: what the recipe "
    "makes lazy has changed, or the stack has no renderer any more.",
    ObjectsReason.OUTDATED: "The bucket holds lazy variants of another version.",
    ObjectsReason.MISSING: "The ledger lists objects that are not in the bucket.",
    ObjectsReason.UNLISTED: "The bucket holds objects that the ledger does not list.",
    ObjectsReason.UNLISTED_WITHOUT_RECIPE: "No recipe matches its key, but objects are stored.",
}


def _repair(key: str) -> str:
    # Without a grace period: one key is repaired at once.
    return suggest("verify --grace 0s --repair", prefix=key)


def _objects(names: Sequence[str]) -> str:
    return f"Objects: {', '.join(map(quoted, names))}."


def _reductions(manifest: Manifest | None) -> tuple[str, ...]:
    """Return what the limits took from the variants, in sentences."""
    if manifest is None:
        return ()
    sentences = []
    if manifest.still:
        frames, reason = manifest.source.frames, STILL_REASONS[manifest.still]
        sentences.append(f"Only the first of its {frames} frames is rendered: {reason}.")
    limited = [quoted(each.label) for each in manifest.variants if each.limit]
    if limited:
        sentences.append(
            f"Memory or the picture's length forbid the codec of these slots, so they hold a "
            f"plainer one: {', '.join(limited)}."
        )
    return tuple(sentences)


def _on_demand(history: KeyHistory, entry: Entry, now: float) -> tuple[str, ...]:
    """Return what was made at a request, or will be, in sentences."""
    sentences = []
    if entry.is_all_eager:
        sentences.append("Its lazy variants were made at upload: a request would take too long.")
    if entry.equal:
        one = len(entry.equal) == 1
        sentences.append(
            f"{counted(len(entry.equal), 'name')} {'shares' if one else 'share'} the bytes of "
            f"another, and {'is' if one else 'are'} copied when somebody asks."
        )
    if entry.lazy:
        stored = {each.name for each in history.stored} & entry.lazy
        sentences.append(
            f"Requests have added {counted(len(stored), 'variant')}: "
            f"{', '.join(map(quoted, sorted(stored))) or 'none is stored any more'}."
        )
    if entry.is_serving(now):
        sentences.append("A renderer is storing a lazy variant of it.")
    return tuple(sentences)


def _purge(entry: Entry) -> tuple[str, ...]:
    if not entry.purge_due:
        return ()
    due = timestamp(entry.purge_due)
    return (f"CloudFront has to be purged of it since {due}: the next worker asks for it.",)


def _crashes(entry: Entry) -> tuple[str, ...]:
    sentences = []
    if entry.crashed_attempts:
        sentences.append(f"Worker processes that crashed on it: {entry.crashed_attempts}.")
    if entry.crashes:
        sentences.append(f"Render children that crashed on it: {entry.crashes}.")
    return tuple(sentences)
