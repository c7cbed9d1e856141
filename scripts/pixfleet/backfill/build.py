"""Puts a run together from a stack and what was asked of it."""

from dataclasses import dataclass
from pathlib import Path

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.checkpoint import Journal
from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.estimate import Limits
from scripts.pixfleet.backfill.folder import Folder
from scripts.pixfleet.backfill.inventory import open_inventory
from scripts.pixfleet.backfill.listing import Listing
from scripts.pixfleet.backfill.outcomes import Endings
from scripts.pixfleet.backfill.queues import Depths
from scripts.pixfleet.backfill.run import Run
from scripts.pixfleet.backfill.selection import Feeder, Only
from scripts.pixfleet.backfill.upload import Drop, Store
from scripts.pixfleet.command import Context
from scripts.pixfleet.pricing.averages import Averages
from scripts.pixfleet.stack.buckets import current_fingerprints, objects_of
from scripts.pixfleet.stack.document import BULK, LIVE, Lane
from shared.cloud.deployed_recipes import deployed_recipes
from shared.cloud.ledger_reader import LedgerReader
from shared.cloud.queues import Queues
from shared.cloud.status_index import StatusIndex
from shared.model.limits import Limits as OfOneImage
from shared.model.state import CurrentRecipes

CONFIRMED = "confirmed"


@dataclass(frozen=True, slots=True)
class Backfill:
    """The parts that both ways of a backfill have."""

    context: Context
    assessor: Assessor
    ledger: LedgerReader
    index: StatusIndex

    @classmethod
    def of(cls, context: Context) -> "Backfill":
        """Return the parts for the operator's stack."""
        stack, clients = context.stack, context.clients
        objects = objects_of(stack, clients)
        recipe_set = deployed_recipes(stack.recipes, objects)
        recipes = CurrentRecipes(recipe_set, current_fingerprints(objects))
        ledger = LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table)
        index = StatusIndex(
            clients.dynamodb, clients.calls, stack.ledger_table, stack.status_index
        )
        return cls(context, Assessor(recipes, objects), ledger, index)

    def enqueue(self, prefix: str, inventory: str | None, only: Only | None) -> Enqueue:
        """Return what sends messages about sources that are there."""
        stack, clients = self.context.stack, self.context.clients
        bucket = stack.sources_bucket
        sources = (
            open_inventory(clients.s3, inventory, sources_bucket=bucket, prefix=prefix)
            if inventory
            else Listing(clients.s3, bucket, prefix)
        )
        queue = self.enqueue_lane.queue
        return Enqueue(
            sources,
            self.assessor,
            self.ledger,
            Queues(clients.sqs, clients.calls),
            queue,
            bucket,
            only,
        )

    def drop(self, place: Path, prefix: str, journal: Journal) -> Drop:
        """Return what uploads a folder, once all its files are noted."""
        stack, clients = self.context.stack, self.context.clients
        said = stack.environment.get("PIXFLEET_MAX_BYTES", "")
        most = int(said) if said.isdigit() else OfOneImage().max_bytes
        folder = Folder(place, prefix, self.assessor.recipes.recipe_set, most)
        if not journal.fact(CONFIRMED):
            folder.list_into(journal)
        return Drop(
            folder, journal, Store(clients.s3, clients.calls, stack.sources_bucket), self.ledger
        )

    @property
    def enqueue_lane(self) -> Lane:
        """Return the lane for what need not be quick."""
        lanes = self.context.stack.lanes
        return lanes.get(BULK, lanes[LIVE])

    def drop_lane(self, prefix: str) -> Lane:
        """Return the lane to which S3 tells of what is dropped under a prefix."""
        stack = self.context.stack
        return stack.lanes[stack.lane_of(prefix)]

    def run(self, feeder: Feeder, journal: Journal, limits: Limits, averages: Averages) -> Run:
        """Return the run."""
        stack, clients = self.context.stack, self.context.clients
        # What is dropped S3 puts where it likes; what is enqueued goes one way.
        lanes = stack.lanes.values() if isinstance(feeder, Drop) else (self.enqueue_lane,)
        queues = [lane.queue for lane in lanes]
        return Run(
            feeder=feeder,
            journal=journal,
            endings=Endings(journal, self.ledger, self.assessor),
            depths=Depths(Queues(clients.sqs, clients.calls), queues, stack.dead_letter_queue),
            limits=limits,
            averages=averages,
            architecture=stack.architecture,
            note=self.context.console.note,
        )
