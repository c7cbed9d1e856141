"""Runs every check; an error in one check does not stop the others."""

from collections.abc import Callable, Iterator, Mapping

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.doctor import (
    account,
    alarms,
    api,
    edge_functions,
    lanes,
    permissions,
    purge,
    queues,
    recipes,
    render_children,
    renderer,
    resources,
    settings,
    trigger,
)
from scripts.pixfleet.doctor.finding import Finding, FindingStatus
from scripts.pixfleet.doctor.stack_under_test import StackUnderTest
from scripts.pixfleet.stack.access import message_and_code
from shared.model.errors import PixfleetError

# A fault that makes other checks fail, such as a missing permission, is found first.
CHECKS: Mapping[str, Callable[[StackUnderTest], Iterator[Finding]]] = {
    "permissions": permissions.check,
    "settings": settings.check,
    "recipes": recipes.check,
    "queues": queues.check,
    "trigger": trigger.check,
    lanes.AREA: lanes.check,
    account.AREA: account.check,
    "parts": resources.check,
    edge_functions.EDGE_FUNCTIONS: edge_functions.check,
    renderer.RENDERER: renderer.check,
    purge.AREA: purge.check,
    api.AREA: api.check,
    "render children": render_children.check,
    "alarms": alarms.check,
}


def run_checks(subject: StackUnderTest) -> Iterator[Finding]:
    """Yield every finding of every check."""
    for area, check in CHECKS.items():
        try:
            yield from check(subject)
        except (ClientError, BotoCoreError) as refused:
            what, _ = message_and_code(refused)
            yield Finding(area, what, FindingStatus.UNSEEN, _remedy(refused))
        except PixfleetError as problem:
            aws_error = problem.__cause__
            if isinstance(aws_error, ClientError):
                what, _ = message_and_code(aws_error)
            else:
                what = str(problem)
            yield Finding(area, what, FindingStatus.UNSEEN, "see the permissions above")


def _remedy(refused: ClientError | BotoCoreError) -> str:
    if isinstance(refused, ClientError):
        return f"check that it exists, and the permissions above for {refused.operation_name}"
    return "check that it can be reached"
