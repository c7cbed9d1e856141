"""One line of a drill's result."""

from collections.abc import Callable
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError

from scripts.pixfleet.stack.access import message_and_code
from shared.model.errors import PixfleetError

# AWS refuses, throttles or does not answer: a drill goes on, and says what it does not know.
TROUBLES = (PixfleetError, ClientError, BotoCoreError)


@dataclass(frozen=True, slots=True)
class Step:
    """One comparison; `is_right` is `None` if there is nothing to compare.

    Not `is_known`: it could not be made, so that it is neither right nor wrong.
    """

    what: str
    expected: str
    found: str
    is_right: bool | None
    is_known: bool = True


def compare(what: str, expected: str, found: str) -> Step:
    """Return a step that is right if `found` is one of the words that `expected` lists."""
    return Step(what, expected, found, found in expected.split(" or "))


def unknown(what: str, expected: str, why: str) -> Step:
    """Return a step that could not be made."""
    return Step(what, expected, f"not known: {why}", is_right=None, is_known=False)


def attempt(what: str, expected: str, make: Callable[[], Step]) -> Step:
    """Return the step, or an unknown one if AWS does not let it be made."""
    try:
        return make()
    except TROUBLES as trouble:
        return unknown(what, expected, reason(trouble))


def reason(trouble: Exception) -> str:
    """Return in a sentence what AWS refused."""
    cause = trouble.__cause__
    for each in (trouble, cause):
        if isinstance(each, ClientError | BotoCoreError):
            return message_and_code(each)[0]
    return str(trouble)
