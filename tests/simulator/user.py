"""What people do to the sources and to the fleet while workers run."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from shared.cloud.finish import TOMBSTONE_SECONDS
from shared.events import backfill, purge
from shared.model.errors import Cause
from tests.simulator.pictures import (
    BOUNDLESS,
    CORRUPT,
    CRASHING,
    GIANT,
    GOOD,
    HANGING,
    LONG,
)
from tests.simulator.services import KEYS, PURGE, SOURCES, TABLE, VARIANTS, Services
from tests.simulator.tape import BYTES, Tape
from tests.simulator.trace import Trace
from tests.simulator.workers import Workers

# By which a lifecycle rule finds what renderers stored.
LAZY_TAGS = {"pixfleet": "lazy"}
WAIT_SECONDS = (0.0, 0.05, 0.3, 1.0, 5.0, 40.0, 400.0, 3000.0)
OUTAGE_SECONDS = (60.0, 900.0, 3600.0)
OUTAGE_SERVICES = ("s3", "dynamodb", "sqs", "sns")
# A backfill after a deployment begins when no process of the former deployment can still run.
DRAIN_SECONDS = 330.0
YOUNG_SECONDS = 300.0

METADATA: Sequence[tuple[dict[str, str], Cause | None]] = (
    ({"recipe": "square"}, None),
    ({"focal": "0.25,0.75"}, None),
    ({"recipe": "missing"}, Cause.UNKNOWN_RECIPE),
    ({"focal": "nowhere"}, Cause.BAD_FOCAL),
    ({}, None),
)
CAUSES = {
    CORRUPT: Cause.CORRUPT,
    CRASHING: Cause.DECODER_CRASH,
    HANGING: Cause.DECODE_TIMEOUT,
    BOUNDLESS: Cause.TOO_COSTLY,
}
# Of a message that is received for the last time before its source is forwarded.
CAUSES_BEFORE_FORWARDS = {LONG: Cause.DECODE_TIMEOUT}


class Act(StrEnum):
    """What a person may do; the first is the simplest."""

    PUT = "put a good version"
    DELETE = "delete"
    PUT_AGAIN = "put the same bytes again"
    CORRUPT = "put a corrupt version"
    CRASHING = "put a version that crashes the child"
    HANGING = "put a version that hangs the child"
    DELETE_OLD = "delete an old version"
    ROLL_BACK = "delete the newest version"
    UNDELETE = "take the delete marker away"
    METADATA = "put other metadata"
    DEPLOY = "deploy other recipes"
    EXPIRE = "let tombstones expire"
    OUTAGE = "an outage"
    VERIFY = "verify"
    REDRIVE = "redrive dead letters"
    LOOK = "look at a variant"
    EVICT = "let the edge evict everything"
    EXPIRE_LAZY = "expire what renderers stored"
    PURGE = "purge"
    GIANT = "put a version that one lane cannot hold"
    LONG = "put a version that one lane cannot finish"
    BOUNDLESS = "put a version that no lane can hold"


@dataclass(frozen=True, slots=True)
class Action:
    """One act on one key, after a pause; `choice` selects a form of the act."""

    act: Act
    key: int = 0
    wait: int = 0
    choice: int = 0

    def __str__(self) -> str:
        return f"after {WAIT_SECONDS[self.wait]:g} s: {self.act} of {KEYS[self.key]}"


class User:
    """Performs a list of actions; `deserved` holds the causes that a key's contents justify."""

    def __init__(self, services: Services, workers: Workers, outages: set[str]) -> None:
        self._services = services
        self._workers = workers
        self._outages = outages
        self._number = 0
        self._recipe_sets = 0
        self.is_done = False
        self.pending = 0
        self.expected_causes: dict[str, set[Cause]] = defaultdict(set)
        self.said = ""
        # What viewers and the edge do.
        self.look: Callable[[str, int], None] = lambda key, choice: None
        self.evict: Callable[[], None] = lambda: None

    def act(self, actions: Sequence[Action], trace: Trace) -> None:
        """Perform the actions one after another."""
        for action in actions:
            self._services.scheduler.sleep(WAIT_SECONDS[action.wait])
            self.said = ""
            _ACTS[action.act](self, KEYS[action.key], action.choice)
            trace.add("user", f"{action.act} {KEYS[action.key]} {self.said}".rstrip())
        self.is_done = True

    def verify(self) -> None:
        """Enqueue every key that exists or existed, as a backfill does."""
        known = self._services.tables.items(TABLE)
        keys = [
            key for key in KEYS if key in known or self._services.buckets.versions(SOURCES, key)
        ]
        if keys:
            self._services.send(backfill.write(SOURCES, keys))

    def put(self, key: str, kind: bytes = GOOD) -> None:
        """Put a new version."""
        self._number += 1
        if cause := CAUSES.get(kind) or CAUSES_BEFORE_FORWARDS.get(kind):
            self.expected_causes[key].add(cause)
        self._put(key, b"%s %d" % (kind, self._number), {})

    def delete(self, key: str) -> None:
        """Delete the object; without one, S3 adds another delete marker."""
        self._services.buckets.delete_object(Bucket=SOURCES, Key=key)

    def put_again(self, key: str) -> None:
        """Put the current bytes again."""
        if found := self._services.buckets.objects(SOURCES).get(key):
            self._put(key, found.body, dict(found.headers["Metadata"]))

    def delete_old(self, key: str, choice: int) -> None:
        """Delete a version that is not the current one."""
        old = self._services.buckets.versions(SOURCES, key)[:-1]
        if old:
            self._delete_version(key, old[choice % len(old)].id)

    def roll_back(self, key: str) -> None:
        """Delete the newest version or marker, so that the one before becomes current."""
        versions = self._services.buckets.versions(SOURCES, key)
        if versions:
            self._delete_version(key, versions[-1].id)

    def undelete(self, key: str) -> None:
        """Delete the delete marker."""
        versions = self._services.buckets.versions(SOURCES, key)
        if versions and versions[-1].is_marker:
            self._delete_version(key, versions[-1].id)

    def put_metadata(self, key: str, choice: int) -> None:
        """Put the same bytes with other metadata."""
        found = self._services.buckets.objects(SOURCES).get(key)
        if found:
            metadata, cause = METADATA[choice % len(METADATA)]
            if cause:
                self.expected_causes[key].add(cause)
            self._put(key, found.body, metadata)

    def deploy(self) -> None:
        """Change the recipes, and enqueue every key once no process uses the former ones."""
        self._recipe_sets += 1
        number = self._recipe_sets % len(self._workers.recipe_sets)
        self._workers.deploy(self._workers.recipe_sets[number])
        self.said = f"(number {number})"
        self.pending += 1
        self._services.scheduler.after(DRAIN_SECONDS, self._backfill)

    def expire(self) -> None:
        """Have DynamoDB delete tombstones as if they had expired.

        Young tombstones stay, because a request from before them may still be under way.
        """
        written_before = self._services.scheduler.time - YOUNG_SECONDS
        gone = self._services.tables.expire(TABLE, written_before + TOMBSTONE_SECONDS)
        self.said = f"({gone} gone)"

    def outage(self, choice: int) -> None:
        """Have one service refuse every call for a while."""
        service = OUTAGE_SERVICES[choice % len(OUTAGE_SERVICES)]
        seconds = OUTAGE_SECONDS[choice // len(OUTAGE_SERVICES) % len(OUTAGE_SECONDS)]
        self.said = f"({service}, {seconds:g} s)"
        self._outages.add(service)
        self._services.scheduler.after(seconds, lambda: self._outages.discard(service))

    def redrive(self) -> None:
        """Move all dead letters back."""
        self.said = f"({self._services.redrive()})"

    def expire_lazy(self) -> None:
        """Delete what renderers stored, as a lifecycle rule that looks for their tag does."""
        buckets = self._services.buckets
        found = buckets.objects(VARIANTS).items()
        lazy = [stored for stored, each in found if each.tags == LAZY_TAGS]
        for stored in lazy:
            buckets.delete_object(Bucket=VARIANTS, Key=stored)
        self.said = f"({len(lazy)})"

    def purge(self, key: str) -> None:
        """Ask for a purge of a key, as the command does."""
        self._services.send(purge.write(key), PURGE)

    def _backfill(self) -> None:
        self.pending -= 1
        self.verify()

    def _put(self, key: str, body: bytes, metadata: dict[str, str]) -> None:
        self.said = f"{body.decode()} {metadata or ''}"
        self._services.buckets.put_object(Bucket=SOURCES, Key=key, Body=body, Metadata=metadata)

    def _delete_version(self, key: str, version_id: str) -> None:
        self._services.buckets.delete_object(Bucket=SOURCES, Key=key, VersionId=version_id)


_ACTS: dict[Act, Callable[[User, str, int], None]] = {
    Act.PUT: lambda user, key, _: user.put(key),
    Act.DELETE: lambda user, key, _: user.delete(key),
    Act.PUT_AGAIN: lambda user, key, _: user.put_again(key),
    Act.CORRUPT: lambda user, key, _: user.put(key, CORRUPT),
    Act.CRASHING: lambda user, key, _: user.put(key, CRASHING),
    Act.HANGING: lambda user, key, _: user.put(key, HANGING),
    Act.DELETE_OLD: lambda user, key, choice: user.delete_old(key, choice),
    Act.ROLL_BACK: lambda user, key, _: user.roll_back(key),
    Act.UNDELETE: lambda user, key, _: user.undelete(key),
    Act.METADATA: lambda user, key, choice: user.put_metadata(key, choice),
    Act.DEPLOY: lambda user, _, __: user.deploy(),
    Act.EXPIRE: lambda user, _, __: user.expire(),
    Act.OUTAGE: lambda user, _, choice: user.outage(choice),
    Act.VERIFY: lambda user, _, __: user.verify(),
    Act.REDRIVE: lambda user, _, __: user.redrive(),
    Act.LOOK: lambda user, key, choice: user.look(key, choice),
    Act.EVICT: lambda user, _, __: user.evict(),
    Act.EXPIRE_LAZY: lambda user, _, __: user.expire_lazy(),
    Act.PURGE: lambda user, key, _: user.purge(key),
    Act.GIANT: lambda user, key, _: user.put(key, GIANT),
    Act.LONG: lambda user, key, _: user.put(key, LONG),
    Act.BOUNDLESS: lambda user, key, _: user.put(key, BOUNDLESS),
}
# Most actions of people are puts and deletes.
ACTS = (Act.PUT,) * 6 + (Act.DELETE,) * 3 + tuple(Act)[2:]


def action_from(tape: Tape) -> Action:
    """Return an action of four bytes."""
    act = ACTS[tape.draw() % len(ACTS)]
    key = min(len(KEYS) - 1, tape.draw() * 4 // BYTES)
    return Action(act, max(0, key), tape.draw() % len(WAIT_SECONDS), tape.draw())
