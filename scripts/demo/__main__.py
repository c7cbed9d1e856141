"""`make demo`: drops images into a local fleet, watches it work, and shows what came out."""

import argparse
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from scripts.demo.check import find_problems
from scripts.demo.fleet import DemoFleet
from scripts.demo.folder import DemoRefused, Drop, Found, corrupt_drop, find_images
from scripts.demo.gallery import gallery
from scripts.demo.lock import output_lock
from scripts.demo.report import Report, report_json
from scripts.demo.samples import corrupt_jpeg, write_samples
from scripts.demo.table import print_report
from scripts.demo.upload import uploading
from scripts.demo.watch import DemoFailed, Ends, Watch, meter
from scripts.demo.worker import running_worker
from scripts.local.clients import local_clients
from scripts.local.ministack import running_ministack
from scripts.local.place import BUILD, DEFAULT_PORT, LocalAwsProblem, parse_port
from scripts.local.stack import create_stack
from scripts.pixfleet.page.files import PageFiles
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.stack.recipe_file import RECIPES, read_recipe_file, recipes_document
from scripts.pixfleet.terminal.text import counted, replace_unencodable_output
from shared.model.errors import Misconfigured
from shared.model.manifest import read_manifest
from shared.model.recipe import RecipeSet

# A batch of ten big images on a slow machine; nobody else is there to take over anyway.
VISIBILITY_SECONDS = 900
WIDTH_WITHOUT_TERMINAL = 120
INTERRUPTED = 128 + signal.SIGINT
SKIPPED = {
    "no_recipe": "no recipe is for it",
    "not_an_image": "not an image",
    "unreadable": "cannot be read",
    "unusable_name": "no name that S3 takes",
}


@dataclass(frozen=True, slots=True)
class Run:
    """One demo: what it is given and where it writes."""

    document: Mapping[str, object]
    recipe_set: RecipeSet
    images: Path | None
    port: int
    out: Path
    build: Path
    console: Console

    def carry_out(self) -> int:
        """Return the exit code: 0 only if every promise was kept."""
        found = find_images(self.images, self.recipe_set, ours=self.out) if self.images else None
        with ExitStack() as stop:
            stop.enter_context(output_lock(self.out))
            endpoint_url = stop.enter_context(running_ministack(self.port, build=self.build))
            shutil.rmtree(self.out, ignore_errors=True)  # only now: the last gallery may be read
            self.out.mkdir(parents=True)
            stack = create_stack(
                endpoint_url, self.document, visibility_timeout_seconds=VISIBILITY_SECONDS
            )
            found = found or self._samples()
            corrupt = corrupt_drop(corrupt_jpeg(), self.out, found, self.recipe_set)
            self._announce(found)
            fleet = DemoFleet(stack, local_clients(endpoint_url))
            worker = stop.enter_context(running_worker(stack, self.out / "worker.log"))
            stop.enter_context(_undisturbed(self.console))
            drops = {drop.key: drop for drop in (*found.drops, corrupt)}
            with (
                uploading(fleet.drop, drops.values()) as require_uploads,
                meter(self.console, is_terminal=sys.stdout.isatty()) as shown,
            ):
                ends = Watch(fleet, worker, shown, require_uploads).wait(frozenset(drops))
            return self._finish(fleet, ends, drops, found, corrupt)

    def _samples(self) -> Found:
        self.console.print("Painting a few images, since no folder was named (IMAGES=folder) …")
        folder = self.out / "samples"
        write_samples(folder)
        return find_images(folder, self.recipe_set, ours=folder / "nothing")

    def _announce(self, found: Found) -> None:
        for reason, count in found.skipped.items():
            self.console.print(f"Skipped {counted(count, 'file')}: {SKIPPED[reason]}.")
        self.console.print(
            f"Dropping {counted(len(found.drops), 'image')}, and one that is corrupt on purpose:"
        )

    def _finish(
        self, fleet: DemoFleet, ends: Ends, drops: Mapping[str, Drop], found: Found, corrupt: Drop
    ) -> int:
        rows = _rows(fleet, ends)
        letters = _letters(ends, drops)
        files = PageFiles(self.out, fleet, {key: drop.file for key, drop in drops.items()})
        shown, differences = files.show(rows)
        problems = find_problems(
            ends, rows, letters, corrupt_key=corrupt.key, recipe_set=self.recipe_set
        )
        report = Report(
            images=rows,
            dead_letters=letters,
            queues=ends.queues,
            wall_seconds=ends.seconds,
            skipped=found.skipped,
            problems=(*problems, *differences),
        )
        page = self.out / "index.html"
        page.write_text(gallery(report, shown, files.show_dead(letters)), encoding="utf-8")
        (self.out / "report.json").write_bytes(report_json(report))
        print_report(report, self.console)
        self.console.print(f"\nGallery: {page.as_uri()}", soft_wrap=True)
        return 1 if report.problems else 0


def main(arguments: Sequence[str] | None = None, *, build: Path = BUILD) -> int:
    """Run the demo and return its exit code: 2 for bad input, 1 for a run that went wrong."""
    replace_unencodable_output()
    options = _parser().parse_args(arguments)
    is_terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if is_terminal else WIDTH_WITHOUT_TERMINAL)
    try:
        return _run(options, build, console).carry_out()
    except (DemoRefused, Misconfigured) as refused:
        print(refused, file=sys.stderr)
        return 2
    except LocalAwsProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    except (DemoFailed, BotoCoreError, ClientError, OSError) as failed:
        print(f"The demo did not come to its end: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=__doc__)
    parser.add_argument("--images", default="", help="a folder of images; none: a few are painted")
    parser.add_argument("--port", default=str(DEFAULT_PORT), help="where the local AWS listens")
    parser.add_argument("--recipes", default=str(RECIPES), help="what is made of each image")
    return parser


def _run(options: argparse.Namespace, build: Path, console: Console) -> Run:
    recipes = Path(options.recipes)
    document = recipes_document(recipes)
    return Run(
        document=document,
        recipe_set=read_recipe_file(recipes),
        images=Path(options.images).expanduser() if options.images else None,
        port=parse_port(options.port),
        out=build / "demo",
        build=build,
        console=console,
    )


def _rows(fleet: DemoFleet, ends: Ends) -> tuple[ImageRow, ...]:
    return tuple(
        ImageRow(read_manifest(fleet.manifest(key)), line.render_seconds, line.total_seconds)
        for key, line in sorted(ends.published.items())
    )


def _letters(ends: Ends, drops: Mapping[str, Drop]) -> tuple[DeadLetterRow, ...]:
    sizes = {key: drop.size_bytes for key, drop in drops.items()}
    return tuple(
        DeadLetterRow(
            each.key,
            each.attributes.cause,
            each.attributes.stage,
            each.attributes.detail,
            sizes.get(each.key, 0),
        )
        for each in sorted(ends.dead, key=lambda dead_letter: dead_letter.key)
    )


@contextmanager
def _undisturbed(console: Console) -> Iterator[None]:
    """Let Ctrl-C end the block, and a second one not disturb the stopping that follows."""
    try:
        yield
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        console.print("Stopping the worker and the local AWS …")
        raise


if __name__ == "__main__":
    sys.exit(main())
