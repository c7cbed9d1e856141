"""The dead-letter queue of one stack, and the operations on its messages."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field

import msgspec

from scripts.pixfleet.dlq.details import DetailsReader
from scripts.pixfleet.dlq.records import Records, Redrive, new_redrive_id
from scripts.pixfleet.dlq.redrive import Redriver, Tally, lane_for
from scripts.pixfleet.dlq.sampling import CauseSample, Trial, sample_causes
from scripts.pixfleet.dlq.selection import MIN_ID_CHARS, Selected, Selection
from scripts.pixfleet.dlq.status import FoundDeadLetters, RedriveStatus, RedriveStatusReader
from scripts.pixfleet.dlq.trial import TrialProcessor
from scripts.pixfleet.rate_limit import RateLimit, RateLimiter
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.dead_letter_scan import Coverage, Scan, ScanPolicy
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.ssm_parameter import LIVE, Stack
from scripts.pixfleet.stack.stack_recipes import stack_recipes
from scripts.pixfleet.terminal.text import quoted
from scripts.pixfleet.trial_render import TrialRenderer
from shared.clock import Clock, SystemClock
from shared.cloud.ledger import Ledger
from shared.cloud.queues import Depth, Queues
from shared.cloud.watermarks import Watermarks
from shared.imaging.render_pool import RenderPool
from shared.model.errors import Misconfigured
from shared.settings import Settings, read_settings

STATUS_THREADS = 16
SCAN_POLICY = ScanPolicy(receivers=4)


@dataclass(frozen=True, slots=True)
class WatchPolicy:
    """How often the status of a redrive is read, and when waiting ends."""

    seconds_between: float = 5.0
    # SQS's counts are approximate: this many reads in a row must show empty lanes.
    empty_reads: int = 3


@dataclass(frozen=True, slots=True)
class SelectionCount:
    """The selected dead letters: their ids, their keys, and how many of each cause and lane.

    `keys` are sorted, each once; a dead letter whose key is unknown has none.
    """

    ids: frozenset[str]
    keys: Sequence[str]
    causes: Counter[str]
    lanes: Counter[str]

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class DeadLetterQueue:
    """Reads the dead-letter queue; `on_partial` gets how far a scan looked that missed some.

    A scan hides what it has read: `alone` is a lock for those that would hide it from each other.
    """

    stack: Stack
    clients: AwsClients
    on_partial: Callable[[Coverage], None]
    clock: Clock = field(default_factory=SystemClock)
    sleep: Callable[[float], None] = time.sleep
    policy: ScanPolicy = SCAN_POLICY
    alone: AbstractContextManager[object] = field(default_factory=nullcontext)

    def __post_init__(self) -> None:
        self.queues = Queues(self.clients.sqs, self.clients.calls)
        self.records = Records(self.clients.s3, self.stack.variants_bucket)
        self.objects = objects_of(self.stack, self.clients)
        self.ledger = Ledger(
            self.clients.dynamodb, self.clients.calls, self.stack.ledger_table, self.clock
        )

    @contextmanager
    def scan(self) -> Iterator[Scan]:
        """Scan the queue; report a scan that its caller did not stop and that missed messages."""
        queue, policy = self.stack.dead_letter_queue, self.policy
        with self.alone, Scan(self.queues, queue, self.clock, policy=policy) as scan:
            yield scan
        coverage = scan.coverage
        is_at_its_end = coverage.is_finished or coverage.is_cut_short
        if is_at_its_end and not coverage.is_complete:
            self.on_partial(coverage)

    def depth(self) -> Depth:
        """Return how many dead letters there are, approximately."""
        return self.queues.depth(self.stack.dead_letter_queue)

    def find(self, message_id: str) -> DeadLetter:
        """Return the dead letter of that id or beginning of an id, or raise `Misconfigured`."""
        if len(message_id) < MIN_ID_CHARS:
            raise Misconfigured(
                f"{quoted(message_id)} is too short",
                [f"expected at least {MIN_ID_CHARS} characters of an id"],
            )
        found = list(self._selected(Selection(ids=(message_id,))))
        if not found:
            raise Misconfigured(
                f"No dead letter {quoted(message_id)}",
                ["expected an id that `pixfleet dlq groups` shows; the message may be in flight"],
            )
        return found[0]

    def sample(self, selection: Selection, most: int, *, seed: int = 0) -> Sequence[CauseSample]:
        """Return up to `most` keys of each cause of the selected dead letters, chosen at random.

        Those that every image meets come first, as in `group_by_cause`.
        """
        return sample_causes(self._selected(selection), most, seed)

    def count(self, selection: Selection) -> SelectionCount:
        """Count the selected dead letters."""
        ids: set[str] = set()
        keys: dict[str, None] = {}
        causes: Counter[str] = Counter()
        lanes: Counter[str] = Counter()
        for dead_letter in self._selected(selection):
            ids.add(dead_letter.id)
            keys |= dict.fromkeys(dead_letter.keys or filter(None, (dead_letter.key,)))
            causes[dead_letter.cause] += 1
            lanes[lane_for(dead_letter, self.stack)] += 1
        return SelectionCount(frozenset(ids), tuple(sorted(keys)), causes, lanes)

    def details_reader(self) -> DetailsReader:
        """Return a reader of sources and ledger entries."""
        limits = self._settings().limits
        return DetailsReader(self.clients.s3, self.objects, self.ledger, limits, self.clock)

    def redriver(self, rate: float | None) -> Redriver:
        """Return a new redrive; `rate` in messages a second, `None` for no limit."""
        redrive_id = new_redrive_id(self.clock.now())
        rate_limiter = RateLimiter(RateLimit(rate), self.clock, self.sleep)
        return Redriver(redrive_id, self.stack, self.queues, self.records, rate_limiter)

    def redrive(
        self, redriver: Redriver, selection: Selected, advance: Callable[[int], None]
    ) -> Tally:
        """Send the selected dead letters back, and record the redrive before and after.

        `advance` gets how many more were handled. If it is interrupted, `redriver.tally` has what
        was sent, and the record says that the redrive has not finished.
        """
        record = Redrive(redriver.id, selection.description)
        self.records.write(record)
        with self.scan() as scan:
            tally = redriver.run(scan, selection, advance)
        self.records.write(msgspec.structs.replace(record, sent=tally.sent))
        return tally

    def trials(self, samples: Sequence[CauseSample]) -> Iterator[Trial]:
        """Yield what the worker would do with each key of the samples; nothing is stored."""
        with self.trial_processor() as processor:
            for sample in samples:
                for key in sample.keys:
                    yield Trial(sample.cause, processor.process(key))

    @contextmanager
    def trial_processor(self) -> Iterator[TrialProcessor]:
        """Yield what processes keys as the worker would, with the stack's recipes and limits."""
        settings = self._settings()
        recipe_set = stack_recipes(self.stack, self.objects)
        with closing(RenderPool(1, settings.limits)) as render_pool:
            renderer = TrialRenderer(render_pool, settings.limits, settings.render_seconds)
            yield TrialProcessor(self.objects, recipe_set, renderer, self.clock)

    def status(self, redrive_id: str) -> RedriveStatus:
        """Return what became of the messages of a redrive."""
        # Read the lanes before the ledger, which then has the outcome of each message that left
        # them.
        lanes_are_empty = all(
            self.queues.depth(lane.queue).is_quiet for lane in self.stack.lanes.values()
        )
        found = self._find_redriven(redrive_id)
        reader = RedriveStatusReader(
            self.objects,
            self.ledger,
            stack_recipes(self.stack, self.objects),
            Watermarks(),
            on_demand=self.stack.is_on_demand,
        )
        with ThreadPoolExecutor(STATUS_THREADS) as threads:
            return reader.read(
                self.records.parts(redrive_id),
                found,
                lanes_are_empty=lanes_are_empty,
                threads=threads,
            )

    def wait(
        self,
        redrive_id: str,
        show: Callable[[RedriveStatus], None],
        policy: WatchPolicy = WatchPolicy(),
    ) -> RedriveStatus:
        """Return the status once no message is waiting, or once the lanes have stayed empty."""
        empty_reads = 0
        while True:
            status = self.status(redrive_id)
            show(status)
            empty_reads = empty_reads + 1 if status.lanes_are_empty else 0
            if not status.waiting or empty_reads >= policy.empty_reads:
                return status
            self.sleep(policy.seconds_between)

    def _find_redriven(self, redrive_id: str) -> FoundDeadLetters:
        """Return the dead letters that a redrive recorded and that are in the queue now."""
        digests = {
            message.digest for part in self.records.parts(redrive_id) for message in part.messages
        }
        again: dict[str, DeadLetter] = {}
        unsent: dict[str, DeadLetter] = {}
        with self.scan() as scan:
            for dead_letter in scan:
                if dead_letter.redrive_id == redrive_id:
                    again[dead_letter.digest] = dead_letter
                elif dead_letter.digest in digests:
                    unsent[dead_letter.digest] = dead_letter
        return FoundDeadLetters(again, unsent)

    def _selected(self, selection: Selection) -> Iterator[DeadLetter]:
        with self.scan() as scan:
            for dead_letter in scan:
                if dead_letter in selection:
                    yield dead_letter
                if selection.is_complete:
                    return

    def _settings(self) -> Settings:
        """Return the settings of the largest lane that new sources may come to."""
        return read_settings(self.stack.environment_of(self.stack.lanes_from(LIVE)[-1]))
