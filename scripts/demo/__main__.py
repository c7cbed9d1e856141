"""`make demo`: uploads images to a local stack, waits for their variants and shows them."""

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
from scripts.demo.clients import clients_page
from scripts.demo.demo_stack import DemoStack
from scripts.demo.folder import (
    BadDemoInput,
    FolderContents,
    ImageFile,
    find_images,
    write_corrupt_image,
)
from scripts.demo.gallery import gallery
from scripts.demo.lock import output_lock
from scripts.demo.report import DemoReport, report_json
from scripts.demo.samples import corrupt_jpeg, write_samples
from scripts.demo.table import print_report, shown
from scripts.demo.upload import uploading
from scripts.demo.watch import DemoFailed, Outcomes, OutcomeWatch, meter
from scripts.demo.worker import running_worker
from scripts.local.clients import local_clients
from scripts.local.instance import BUILD, DEFAULT_PORT, LocalAwsProblem, parse_port
from scripts.local.ministack import running_ministack
from scripts.local.stack import create_stack
from scripts.pixfleet.page.files import PageFiles
from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow
from scripts.pixfleet.stack.recipe_file import RECIPES, read_recipe_file, recipes_document
from scripts.pixfleet.terminal.exits import FAILED, FOUND_SOMETHING
from scripts.pixfleet.terminal.text import NAMED_KEYS, counted, replace_unencodable_output
from shared.model.errors import Misconfigured
from shared.model.manifest import read_manifest
from shared.model.recipe import RecipeSet

# Longer than a batch of ten large images takes on a slow machine. A shorter timeout would only
# help a second worker, and there is none.
VISIBILITY_SECONDS = 900
WIDTH_WITHOUT_TERMINAL = 120
INTERRUPTED = 128 + signal.SIGINT
SKIPPED = {
    "no_recipe": "no recipe matches",
    "not_an_image": "not an image",
    "unreadable": "cannot be read",
    "unusable_name": "not a valid S3 key",
}


@dataclass(frozen=True, slots=True)
class DemoRun:
    """One run of the demo: its input, and the folders that it writes to."""

    document: Mapping[str, object]
    recipe_set: RecipeSet
    folder: Path | None
    port: int
    output: Path
    build: Path
    console: Console

    def run(self) -> int:
        """Return the exit code: 0 if every outcome is as expected, 3 if pictures were refused."""
        contents = None
        if self.folder:
            contents = find_images(self.folder, self.recipe_set, output=self.output)
        with ExitStack() as stack:
            stack.enter_context(output_lock(self.output))
            endpoint_url = stack.enter_context(running_ministack(self.port, build=self.build))
            # Only now: if MiniStack does not start, the gallery of the previous run stays.
            shutil.rmtree(self.output, ignore_errors=True)
            self.output.mkdir(parents=True)
            local_stack = create_stack(
                endpoint_url, self.document, visibility_timeout_seconds=VISIBILITY_SECONDS
            )
            contents = contents or self._paint_samples()
            corrupt = write_corrupt_image(corrupt_jpeg(), self.output, contents, self.recipe_set)
            self._announce(contents)
            demo_stack = DemoStack(local_stack, local_clients(endpoint_url))
            worker = stack.enter_context(running_worker(local_stack, self.output / "worker.log"))
            stack.enter_context(_ignoring_second_interrupt(self.console))
            images = {image.key: image for image in (*contents.images, corrupt)}
            with (
                uploading(demo_stack.upload, images.values()) as require_uploads,
                meter(self.console, is_terminal=sys.stdout.isatty()) as shown,
            ):
                watch = OutcomeWatch(demo_stack, worker, shown, require_uploads)
                outcomes = watch.wait(frozenset(images))
            report = self._report(demo_stack, outcomes, images, contents.left_out, corrupt.key)
            if report.problems:
                return FAILED
            is_refused = contents.refused or report.rejected_keys - {corrupt.key}
            return FOUND_SOMETHING if is_refused else 0

    def _paint_samples(self) -> FolderContents:
        self.console.print("Painting sample images; IMAGES=folder uses yours instead …")
        folder = self.output / "samples"
        write_samples(folder)
        return find_images(folder, self.recipe_set, output=folder / "nothing")

    def _announce(self, contents: FolderContents) -> None:
        for reason, count in contents.skipped.items():
            self.console.print(f"Left out {counted(count, 'file')}: {SKIPPED[reason]}.")
            names = [name for name, found in contents.left_out.items() if found == reason]
            for name in names[:NAMED_KEYS]:
                self.console.print(f"  {shown(name)}")
            if more := len(names) - min(len(names), NAMED_KEYS):
                self.console.print(f"  and {more:,} more: report.json names all")
        images = counted(len(contents.images), "image")
        self.console.print(f"Uploading {images}, and one that is corrupt on purpose:")

    def _report(
        self,
        demo_stack: DemoStack,
        outcomes: Outcomes,
        images: Mapping[str, ImageFile],
        left_out: Mapping[str, str],
        corrupt_key: str,
    ) -> DemoReport:
        """Write gallery and report, and print the table."""
        rows = _rows(demo_stack, outcomes)
        dead_letters = _dead_letter_rows(outcomes, images)
        sources = {key: image.source_file for key, image in images.items()}
        files = PageFiles(self.output, demo_stack, sources)
        shown, differences = files.show(rows)
        problems = find_problems(
            outcomes, rows, dead_letters, corrupt_key=corrupt_key, recipe_set=self.recipe_set
        )
        report = DemoReport(
            images=rows,
            dead_letters=dead_letters,
            queues=outcomes.queues,
            wall_seconds=outcomes.seconds,
            left_out=left_out,
            problems=(*problems, *differences),
        )
        page = self.output / "index.html"
        html = gallery(report, shown, files.show_dead(dead_letters))
        page.write_text(html, encoding="utf-8")
        (self.output / "report.json").write_bytes(report_json(report))
        print_report(report, self.console)
        self.console.print(f"\nGallery: {page.as_uri()}", soft_wrap=True)
        self._write_clients(clients_page(shown, demo_stack.manifest))
        return report

    def _write_clients(self, html: str | None) -> None:
        if html:
            page = self.output / "clients.html"
            page.write_text(html, encoding="utf-8")
            self.console.print(f"For your own pages: {page.as_uri()}", soft_wrap=True)


def main(arguments: Sequence[str] | None = None, *, build: Path = BUILD) -> int:
    """Run the demo and return its exit code.

    1 for a run that failed, 2 for bad input, 3 if files or pictures were refused that are not the
    demo's own.
    """
    replace_unencodable_output()
    options = _parser().parse_args(arguments)
    is_terminal = sys.stdout.isatty()
    console = Console(highlight=False, width=None if is_terminal else WIDTH_WITHOUT_TERMINAL)
    try:
        return _run(options, build, console).run()
    except (BadDemoInput, Misconfigured) as refused:
        print(refused, file=sys.stderr)
        return 2
    except LocalAwsProblem as problem:
        print(problem, file=sys.stderr)
        return problem.exit_code
    except (DemoFailed, BotoCoreError, ClientError, OSError) as failed:
        print(f"The demo did not finish: {failed}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.demo", description=__doc__)
    parser.add_argument("--images", default="", help="a folder of images; default: sample images")
    parser.add_argument("--port", default=str(DEFAULT_PORT), help="the port of the local AWS")
    parser.add_argument("--recipes", default=str(RECIPES), help="the recipes, a YAML file")
    return parser


def _run(options: argparse.Namespace, build: Path, console: Console) -> DemoRun:
    recipes = Path(options.recipes)
    return DemoRun(
        document=recipes_document(recipes),
        recipe_set=read_recipe_file(recipes),
        folder=Path(options.images).expanduser() if options.images else None,
        port=parse_port(options.port),
        output=build / "demo",
        build=build,
        console=console,
    )


def _rows(demo_stack: DemoStack, outcomes: Outcomes) -> tuple[ImageRow, ...]:
    return tuple(
        ImageRow(read_manifest(demo_stack.manifest(key)), each.render_seconds, each.total_seconds)
        for key, each in sorted(outcomes.published.items())
    )


def _dead_letter_rows(
    outcomes: Outcomes, images: Mapping[str, ImageFile]
) -> tuple[DeadLetterRow, ...]:
    sizes = {key: image.size_bytes for key, image in images.items()}
    return tuple(
        DeadLetterRow(
            each.key,
            each.attributes.cause,
            each.attributes.stage,
            each.attributes.detail,
            sizes.get(each.key, 0),
        )
        for each in sorted(outcomes.dead, key=lambda dead_letter: dead_letter.key)
    )


@contextmanager
def _ignoring_second_interrupt(console: Console) -> Iterator[None]:
    """Ignore a second Ctrl-C, so that the worker and the local AWS are stopped in order."""
    try:
        yield
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        console.print("Stopping the worker and the local AWS …")
        raise


if __name__ == "__main__":
    sys.exit(main())
