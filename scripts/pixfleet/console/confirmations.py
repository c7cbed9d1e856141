"""What forms have shown: a change does what its form has counted, and nothing else."""

from collections import OrderedDict
from dataclasses import dataclass, field
from secrets import token_urlsafe
from threading import Lock

from starlette.datastructures import FormData

from shared.model.errors import Misconfigured

CONFIRMATION_FIELD, NUMBER_FIELD = "confirmation", "number"
MOST_KEPT = 20
UNKNOWN = "This form was sent already, or is too old: open it again."


@dataclass(frozen=True, slots=True)
class Shown:
    """The dead letters of a cause, by message id, that the form of an action has counted."""

    action: str
    cause: str
    ids: frozenset[str]


@dataclass
class Confirmations:
    """The last forms that were shown, each of which may be sent once."""

    _shown: OrderedDict[str, Shown] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def add(self, shown: Shown) -> str:
        """Keep what a form shows, and return the value of its hidden field."""
        name = token_urlsafe(16)
        with self._lock:
            self._shown[name] = shown
            while len(self._shown) > MOST_KEPT:
                self._shown.popitem(last=False)
        return name

    def take(self, form: FormData, action: str, cause: str) -> Shown:
        """Return what a form has shown, once; `Misconfigured` unless its number was typed."""
        name = str(form.get(CONFIRMATION_FIELD, ""))
        with self._lock:
            shown = self._shown.get(name)
            if shown is None or (shown.action, shown.cause) != (action, cause):
                raise Misconfigured("Nothing was done", [UNKNOWN])
            typed = str(form.get(NUMBER_FIELD, "")).strip().replace(",", "")
            if typed != str(len(shown.ids)):
                raise Misconfigured(
                    "Nothing was done", [f"expected the number {len(shown.ids):,}, got {typed!r}"]
                )
            return self._shown.pop(name)
