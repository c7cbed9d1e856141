"""Builds a backfill's parts for a stack."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.backfill.deletion_plan import DeletionPlan
from scripts.pixfleet.backfill.deletions import Deletions, SourcesToDelete
from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.folder import Folder
from scripts.pixfleet.backfill.inventory import open_inventory
from scripts.pixfleet.backfill.lanes import require_lane
from scripts.pixfleet.backfill.listed_objects import ListedObjects
from scripts.pixfleet.backfill.listing import Listing
from scripts.pixfleet.backfill.outcomes import Outcomes
from scripts.pixfleet.backfill.policy import BackfillPolicy
from scripts.pixfleet.backfill.queues import Depths
from scripts.pixfleet.backfill.run import Run
from scripts.pixfleet.backfill.selection import Feeder, Only
from scripts.pixfleet.backfill.upload import Store, Upload
from scripts.pixfleet.command import Context
from scripts.pixfleet.pricing.averages import Averages
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.ssm_parameter import BULK, LIVE, Lane
from scripts.pixfleet.stack.stack_recipes import current_recipes
from shared.clock import SystemClock
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.queues import Queues
from shared.cloud.status_index import StatusIndex
from shared.model.limits import Limits as RenderLimits

CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Backfill:
    """The parts that uploads and enqueued sources have in common."""

    context: Context
    policy: BackfillPolicy
    assessor: Assessor
    ledger: LedgerReader
    index: StatusIndex
    queues: Queues

    @classmethod
    def of(cls, context: Context, policy: BackfillPolicy) -> "Backfill":
        """Return the parts for the context's stack."""
        stack, clients = context.stack, context.clients
        objects = objects_of(stack, clients)
        return cls(
            context=context,
            policy=policy,
            assessor=Assessor(current_recipes(stack, objects), objects),
            ledger=LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table),
            index=StatusIndex(
                clients.dynamodb, clients.calls, stack.ledger_table, stack.status_index
            ),
            queues=Queues(clients.sqs, clients.calls),
        )

    def enqueue(self, prefix: str, inventory: str | None, only: Only | None) -> Enqueue:
        """Return the feeder that enqueues sources of the bucket."""
        s3, bucket = self.context.clients.s3, self.context.stack.sources_bucket
        sources = (
            open_inventory(s3, inventory, sources_bucket=bucket, prefix=prefix)
            if inventory
            else Listing(s3, bucket, prefix)
        )
        queue = self.enqueue_lane.queue
        return Enqueue(sources, self.assessor, self.ledger, self.queues, queue, bucket, only)

    def upload(self, path: Path, prefix: str, checkpoint: Checkpoint) -> Upload:
        """Return the feeder that uploads a folder, after all its files were recorded."""
        stack, clients = self.context.stack, self.context.clients
        limit = stack.environment.get("PIXFLEET_MAX_BYTES", "")
        most = int(limit) if limit.isdigit() else RenderLimits().max_bytes
        folder = Folder(path, prefix, self.assessor.recipes.recipe_set, most)
        if not checkpoint.fact(CONFIRMED):
            folder.list_into(checkpoint)
        store = Store(clients.s3, clients.calls, stack.sources_bucket)
        stored = ListedObjects(Listing(clients.s3, stack.sources_bucket, folder.key_prefix))
        threads = ThreadPoolExecutor(self.policy.upload_threads, thread_name_prefix="upload")
        return Upload(folder, checkpoint, store, stored, self.ledger, threads)

    @property
    def enqueue_lane(self) -> Lane:
        """Return the bulk lane, or the live one in a stack without a bulk lane."""
        lanes = self.context.stack.lanes
        return lanes.get(BULK, lanes[LIVE])

    @property
    def _enqueue_lanes(self) -> tuple[str, ...]:
        stack = self.context.stack
        return stack.lanes_from(BULK if BULK in stack.lanes else LIVE)

    def deletions(self, upload: Upload, most: int | None) -> Deletions:
        """Return the keys under the folder's prefix that the folder does not have.

        `most` is how many may be deleted; None means no limit.
        """
        clients, bucket = self.context.clients, self.context.stack.sources_bucket
        sources = SourcesToDelete(clients.s3, clients.calls, bucket)
        plan = DeletionPlan(upload.checkpoint)
        return Deletions(upload.folder, plan, sources, upload.threads, most)

    def upload_lane(self, upload: Upload, lane: str | None) -> Lane:
        """Return the lane to which S3 sends the events of an upload.

        `Misconfigured` if a `lane` is named and a key goes to another one.
        """
        stack, key_prefix = self.context.stack, upload.folder.key_prefix
        if lane is None:
            return stack.lanes[stack.lane_of(key_prefix)]
        return require_lane(stack, lane, key_prefix, upload.keys())

    def run(
        self, feeder: Feeder, checkpoint: Checkpoint, limits: Limits, averages: Averages
    ) -> Run:
        """Return the run."""
        stack = self.context.stack
        # Events of uploads may arrive on any lane, enqueued sources on one and its larger lanes.
        lanes = stack.lanes if isinstance(feeder, Upload) else self._enqueue_lanes
        names = [stack.lanes[lane].queue for lane in lanes]
        return Run(
            feeder=feeder,
            checkpoint=checkpoint,
            outcomes=Outcomes(checkpoint, self.ledger, self.assessor),
            depths=Depths(self.queues, names, stack.dead_letter_queue),
            limits=limits,
            policy=self.policy,
            averages=averages,
            architecture=stack.architecture,
            note=self.context.console.note,
            clock=SystemClock(),
        )
