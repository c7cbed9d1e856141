"""Where dead letters are looked at: one stack, reached by one operator."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field

from scripts.pixfleet.dlq.details import Look
from scripts.pixfleet.dlq.records import Records, new_redrive_id
from scripts.pixfleet.dlq.redrive import Redriver, lane_for
from scripts.pixfleet.dlq.selection import LEAST_ID_CHARS, Selection
from scripts.pixfleet.dlq.status import Inspector, Letters, Receipts
from scripts.pixfleet.dlq.trial import Engine, Trial
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.dead_letter_scan import Scan
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.document import Stack
from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock, SystemClock
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.ledger import Ledger
from shared.cloud.queues import Queues
from shared.cloud.watermarks import Watermarks
from shared.deadline import Deadline
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Misconfigured
from shared.settings import Settings, read_settings

LOOKERS = 16
WATCH_SECONDS = 5.0
# SQS's counts lag behind: lanes must look empty so often in a row before that is believed.
QUIET_LOOKS = 3


@dataclass
class Desk:
    """Finds letters and asks about them; `tell` says to a person what no result can."""

    stack: Stack
    clients: AwsClients
    tell: Callable[[str], None]
    clock: Clock = field(default_factory=SystemClock)
    pause: Callable[[float], None] = time.sleep

    def __post_init__(self) -> None:
        self.queues = Queues(self.clients.sqs)
        self.records = Records(self.clients.s3, self.stack.variants_bucket)
        self.objects = objects_of(self.stack, self.clients)
        self.ledger = Ledger(self.clients.dynamodb, self.stack.ledger_table, self.clock)

    @contextmanager
    def sweep(self) -> Iterator[Scan]:
        """Look through the dead letters; say what a look cannot show."""
        with Scan(self.queues, self.stack.dead_letter_queue, self.clock) as sweep:
            if sweep.depth.in_flight:
                self.tell(
                    f"{sweep.depth.in_flight:,} letters are in other hands and not seen: somebody "
                    "else looks at them, or was stopped within the last minutes."
                )
            yield sweep
        if sweep.is_cut_short:
            self.tell(f"There are more than the {sweep.seen:,} letters that were looked at.")

    def one(self, letter_id: str) -> DeadLetter:
        """Return the letter of that id or its beginning; `Misconfigured` if there is none."""
        if len(letter_id) < LEAST_ID_CHARS:
            raise Misconfigured(
                f"{letter_id} is too short",
                [f"expected at least {LEAST_ID_CHARS} characters of an id"],
            )
        found = list(self._chosen(Selection(ids=(letter_id,))))
        if not found:
            raise Misconfigured(
                f"No dead letter {letter_id}",
                ["expected an id that `pixfleet dlq groups` shows; it may be in other hands"],
            )
        return found[0]

    def some_keys(self, selection: Selection, most: int) -> list[str]:
        """Return the first keys of letters that are meant, each once."""
        keys: dict[str, None] = {}
        for letter in self._chosen(selection):
            keys |= dict.fromkeys(letter.keys)
            if len(keys) >= most:
                break
        return list(keys)[:most]

    def count(self, selection: Selection) -> tuple[frozenset[str], Counter[str], Counter[str]]:
        """Return the ids of letters that are meant, how many of each cause, and for each lane."""
        ids: set[str] = set()
        causes: Counter[str] = Counter()
        lanes: Counter[str] = Counter()
        for letter in self._chosen(selection):
            ids.add(letter.id)
            causes[letter.cause] += 1
            lanes[lane_for(letter, self.stack)] += 1
        return frozenset(ids), causes, lanes

    def look(self) -> Look:
        """Return what looks at sources and ledger."""
        limits = self._settings().limits
        return Look(self.clients.s3, self.objects, self.ledger, limits, self.clock)

    def redriver(self, rate: float | None) -> Redriver:
        """Return a redrive that is about to begin."""
        identity = new_redrive_id(self.clock.now())
        return Redriver(identity, self.stack, self.queues, self.records, self.clock, rate)

    def trials(self, keys: Sequence[str]) -> Iterator[Trial]:
        """Yield what would happen to each key; nothing is written."""
        settings = self._settings()
        recipe_set = deployed_recipes(self.stack.recipes, self.objects)
        with closing(RenderPool(1, settings.limits)) as render_pool:
            engine = Engine(
                self.objects,
                recipe_set,
                TrialRenderer(render_pool, settings.limits, settings.render_seconds),
                self.clock,
            )
            yield from map(engine.attempt, keys)

    def receipts(self, redrive_id: str) -> tuple[Receipts, bool]:
        """Return what became of a redrive's letters, and whether nothing is on any lane."""
        # Lanes first: what leaves them meanwhile has been written down by the time we look there.
        is_quiet = all(
            self.queues.depth(lane.queue).is_quiet for lane in self.stack.lanes.values()
        )
        digests = {sent.digest for part in self.records.parts(redrive_id) for sent in part.sent}
        dead, left = {}, {}
        with self.sweep() as sweep:
            for letter in sweep:
                if letter.redrive_id == redrive_id:
                    dead[letter.digest] = letter
                elif letter.digest in digests:
                    left[letter.digest] = letter
        recipe_set = deployed_recipes(self.stack.recipes, self.objects)
        inspector = Inspector(
            self.objects,
            self.ledger,
            recipe_set,
            Watermarks(self.objects),
            lambda seconds: Deadline.after(seconds, self.clock),
        )
        with ThreadPoolExecutor(LOOKERS) as threads:
            found = inspector.inspect(
                self.records.parts(redrive_id),
                Letters(dead, left),
                lanes_are_quiet=is_quiet,
                threads=threads,
            )
        return found, is_quiet

    def watch(self, redrive_id: str, show: Callable[[Receipts], None]) -> tuple[Receipts, bool]:
        """Return the receipts once no letter waits, or none is left that could be waited for."""
        quiet_looks = 0
        while True:
            found, is_quiet = self.receipts(redrive_id)
            show(found)
            quiet_looks = quiet_looks + 1 if is_quiet else 0
            if not found.waiting or quiet_looks >= QUIET_LOOKS:
                return found, is_quiet
            self.pause(WATCH_SECONDS)

    def _chosen(self, selection: Selection) -> Iterator[DeadLetter]:
        with self.sweep() as sweep:
            for letter in sweep:
                if letter in selection:
                    yield letter
                if selection.is_found:
                    return

    def _settings(self) -> Settings:
        return read_settings(self.stack.environment)
