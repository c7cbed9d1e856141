"""Reads everything that explains one key: S3, the ledger, the recipes and the log."""

from dataclasses import dataclass
from math import inf

from scripts.pixfleet.image.history import HistoryReader, KeyHistory
from scripts.pixfleet.image.logs import KeyLog, read_logs
from scripts.pixfleet.image.why import Explanation, explain
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.parts import Parts
from scripts.pixfleet.stack.ssm_parameter import Stack
from scripts.pixfleet.stack.stack_recipes import current_recipes
from scripts.pixfleet.verify.check import Checker
from shared.cloud.ledger_reader import LedgerReader


@dataclass(frozen=True, slots=True)
class Answer:
    """The history of a key, why it is in its state, and its log lines."""

    history: KeyHistory
    explanation: Explanation
    log: KeyLog


def read_answer(
    stack: Stack, clients: AwsClients, key: str, *, now: float, log_since: float
) -> Answer:
    """Return the answer for a key, with the parts that AWS refuses; times in seconds since 1970.

    Raises the first error if AWS refuses every part.
    """
    parts, objects = Parts(), objects_of(stack, clients)
    recipes = parts.read(
        "recipes",
        lambda: current_recipes(stack, objects),
        None,
        means="Whether its variants are those of its recipe is unknown.",
    )
    checker = (
        Checker(recipes, objects.head, objects.stored_version, since=inf) if recipes else None
    )
    entry = parts.read(
        "ledger entry",
        lambda: LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table).of([key])[key],
        None,
        means="What a worker did last, and whether one is at work, is unknown.",
    )
    history = HistoryReader(clients.s3, stack, checker, objects.head).read(key, entry, parts)
    parts.require_any()
    log = read_logs(clients.logs, stack.log_groups, key, since=log_since)
    return Answer(history, explain(history, recipes.recipe_set if recipes else None, now), log)
