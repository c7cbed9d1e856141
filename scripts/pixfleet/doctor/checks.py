"""Looks at every part; a part that cannot be looked at does not keep us from the others."""

from collections.abc import Iterator, Mapping
from types import ModuleType

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.doctor import alarms, parts, permissions, queues, recipes, settings, trigger
from scripts.pixfleet.doctor.result import Finding, Verdict
from scripts.pixfleet.doctor.stack_under_test import Patient
from scripts.pixfleet.stack.access import message_and_code
from shared.model.errors import PixfleetError

# In the order in which one thing needs the other.
LOOKS: Mapping[str, ModuleType] = {
    "permissions": permissions,
    "settings": settings,
    "recipes": recipes,
    "queues": queues,
    "trigger": trigger,
    "parts": parts,
    "alarms": alarms,
}


def examine(patient: Patient) -> Iterator[Finding]:
    """Yield every finding of every look."""
    for area, look in LOOKS.items():
        try:
            yield from look.look(patient)
        except (ClientError, BotoCoreError) as refused:
            told, _ = message_and_code(refused)
            yield Finding(area, told, Verdict.UNSEEN, _remedy(refused))
        except PixfleetError as problem:
            behind = problem.__cause__
            told = message_and_code(behind)[0] if isinstance(behind, ClientError) else str(problem)
            yield Finding(area, told, Verdict.UNSEEN, "see the permissions above")


def _remedy(refused: ClientError | BotoCoreError) -> str:
    if isinstance(refused, ClientError):
        return f"see whether it exists, and the permissions above for {refused.operation_name}"
    return "see that it can be reached"
