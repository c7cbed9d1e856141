"""Measures what `verify` and `backfill enqueue` take for a stack of many sources.

`python -m tests.bench.listing --keys 1000000` serves a stack from a process of its own
(`listing_stub`), and runs the audit of `verify`, and a backfill up to its send, each in a new
process: CPU seconds, wall-clock time and peak memory. Half as many keys run first, so that growing
memory would show. Both commands read each page once, so that ten million keys take ten times as
long as a million.
"""

import argparse
import multiprocessing
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

from scripts.pixfleet.backfill.assessor import Assessor
from scripts.pixfleet.backfill.checkpoint import Checkpoint
from scripts.pixfleet.backfill.enqueue import Enqueue
from scripts.pixfleet.backfill.listing import Listing
from scripts.pixfleet.stack.buckets import current_fingerprints
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.recipe_file import recipes_document
from scripts.pixfleet.verify.audit import Audit, Scope
from scripts.pixfleet.verify.check import Checker
from scripts.pixfleet.verify.check_result import Kind
from shared.cloud.entries import SCHEMA_VERSION
from shared.cloud.items import Value
from shared.cloud.ledger_reader import BATCH_KEYS, LedgerReader
from shared.cloud.objects import Objects
from shared.cloud.queues import Queues
from shared.model.entry import PUBLISHED
from shared.model.keys import MANIFEST_NAME
from shared.model.recipe import Recipe
from shared.model.recipe_reader import read_recipes
from shared.model.state import CurrentRecipes
from shared.model.versions import ENGINE_VERSION
from tests.bench.listing_stub import (
    ETAG,
    LAST_MODIFIED,
    SOURCES,
    TABLE,
    VARIANTS,
    SyntheticStack,
    server,
)
from tests.bench.problem import CannotBench

TEN_MILLION = 10_000_000
EXIT_PROBLEM = 2
VERIFY = "verify"
MEGABYTE = 1 << 20


@dataclass(frozen=True, slots=True)
class Cost:
    """What one command took: `keys` are those of all listings, `peak_bytes` the peak memory."""

    name: str
    sources: int
    keys: int
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int


def recipe() -> Recipe:
    """Return the recipe of all sources: the one of a new stack for keys without another."""
    return read_recipes(recipes_document()).recipes[-1]


def object_names() -> Sequence[str]:
    """Return the names of a source's objects that are stored at upload."""
    return sorted([*(f"{name}.{slot}" for name, slot in recipe().eager_names()), MANIFEST_NAME])


def entry_fields() -> dict[str, Value]:
    """Return the fields of an entry that agrees with its source, as a worker writes them."""
    made = recipe()
    return {
        "schema": SCHEMA_VERSION,
        "status": PUBLISHED,
        "etag": ETAG,
        "identity": ETAG,
        "last_modified": LAST_MODIFIED,
        "recipe": made.name,
        "fingerprint": made.fingerprint,
        "engine": ENGINE_VERSION,
        "version": f"{7:016x}",
        "change": f"{7:036x}",
        "done_token": f"{7:036x}",
        "variants": [name for name in object_names() if name != MANIFEST_NAME],
        "told_by": frozenset({f"{7:036x}"}),
        "source_bytes": 4_000_000,
        "variant_bytes": 500_000,
        "cpu_seconds": 1.5,
        "total_seconds": 2.5,
        "updated_at": 1780315200.5,
    }


def verify(clients: AwsClients) -> int:
    """Audit the stack; return the number of sources."""
    audit = Audit(
        clients.s3,
        LedgerReader(clients.dynamodb, clients.calls, TABLE),
        Checker(
            _recipes(clients),
            _objects(clients).head,
            _objects(clients).stored_version,
            time.time(),
        ),
        Scope(SOURCES, VARIANTS),
    )
    differences = list(audit.differences())
    sources = audit.counts.total()
    if differences or audit.counts[Kind.CURRENT, ""] != sources:
        raise CannotBench(f"Expected only current keys, got {audit.counts}.")
    return sources


def enqueue(clients: AwsClients) -> int:
    """Choose and record what a backfill would send; return the number of sources."""
    ledger = LedgerReader(clients.dynamodb, clients.calls, TABLE)
    feeder = Enqueue(
        Listing(clients.s3, SOURCES, ""),
        Assessor(_recipes(clients), _objects(clients)),
        ledger,
        Queues(clients.sqs, clients.calls),
        "queue",
        SOURCES,
    )
    listed = 0
    with TemporaryDirectory() as folder:
        checkpoint = Checkpoint(Path(folder) / "checkpoint.sqlite")
        for page in feeder.pages("", BATCH_KEYS):
            chosen = feeder.choose(page)
            if len(chosen.wanted) != len(page.listed):
                raise CannotBench(f"Expected all of a page to be sent, got {chosen.skipped}.")
            checkpoint.sent(checkpoint.plan(chosen, page))
            listed += len(page.listed)
        checkpoint.close()
    return listed


COMMANDS: dict[str, Callable[[AwsClients], int]] = {
    VERIFY: verify,
    "backfill enqueue": enqueue,
}


def measure(keys: int) -> list[Cost]:
    """Have each command list about so many keys, in a process of its own."""
    return [_measured(name, keys // listed_keys(name)) for name in COMMANDS]


def listed_keys(name: str) -> int:
    """Return how many keys a command lists for each source."""
    return 1 + len(object_names()) if name == VERIFY else 1


def _measured(name: str, sources: int) -> Cost:
    with _stub(sources) as url:
        return _in_new_process(name, url, sources)


@contextmanager
def _stub(sources: int) -> Iterator[str]:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(sources, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        yield str(ours.recv())
    finally:
        process.terminate()
        process.join()


def _serve(sources: int, pipe: Connection) -> None:
    stub = server(SyntheticStack(sources, object_names(), entry_fields()))
    pipe.send(f"http://127.0.0.1:{stub.server_address[1]}")
    stub.serve_forever()


def _in_new_process(name: str, url: str, sources: int) -> Cost:
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_run, args=(name, url, theirs))
    process.start()
    theirs.close()
    try:
        cost = ours.recv()
    except EOFError as error:
        raise CannotBench(f"{name} failed; see its output above.") from error
    finally:
        process.join()
    if not isinstance(cost, Cost) or cost.sources != sources:
        raise CannotBench(f"Expected {name} to see {sources} sources, got {cost}.")
    return cost


def _run(name: str, url: str, pipe: Connection) -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
    began, before = time.perf_counter(), time.process_time()
    sources = COMMANDS[name](AwsClients(endpoint_url=url, region="us-east-1"))
    cpu, wall = time.process_time() - before, time.perf_counter() - began
    # Linux gives kilobytes: man 2 getrusage
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    pipe.send(Cost(name, sources, sources * listed_keys(name), cpu, wall, peak))


def _recipes(clients: AwsClients) -> CurrentRecipes:
    fingerprints = current_fingerprints(_objects(clients))
    return CurrentRecipes(read_recipes(recipes_document()), fingerprints, on_demand=True)


def _objects(clients: AwsClients) -> Objects:
    return Objects(clients.s3, clients.calls, sources_bucket=SOURCES, variants_bucket=VARIANTS)


def table(costs: Sequence[Cost]) -> str:
    """Return the costs, and those of ten million keys reckoned from them, in Markdown."""
    head = (
        *("command", "keys listed", "of sources", "CPU s", "wall s", "peak MB"),
        *("CPU µs a key", "10 M keys: CPU", "10 M keys: wall"),
    )
    rows = [head, ("---",) * len(head), *map(_row, costs)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(cost: Cost) -> tuple[str, ...]:
    factor = TEN_MILLION / cost.keys / 60
    return (
        cost.name,
        f"{cost.keys:,}",
        f"{cost.sources:,}",
        f"{cost.cpu_seconds:.1f}",
        f"{cost.wall_seconds:.1f}",
        f"{cost.peak_bytes / MEGABYTE:.0f}",
        f"{cost.cpu_seconds / cost.keys * 1e6:.0f}",
        f"{cost.cpu_seconds * factor:.0f} min",
        f"{cost.wall_seconds * factor:.0f} min",
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; exit code 2 if a command does not see all sources."""
    parser = argparse.ArgumentParser(prog="tests.bench.listing", description=__doc__)
    parser.add_argument("--keys", type=int, default=1_000_000, help="how many keys are listed")
    chosen = parser.parse_args(arguments)
    try:
        costs = [cost for size in (chosen.keys // 2, chosen.keys) for cost in measure(size)]
    except CannotBench as problem:
        print(problem, file=sys.stderr)
        return EXIT_PROBLEM
    print(table(costs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
