"""Measures what the console takes for many dead letters, and over an hour of an open page.

`python -m tests.bench.console` starts a local AWS with 10,000 dead letters in six causes, and the
console. It opens each page once, and then requests the parts of the first page as often as an open
window does in an hour, without the pauses. The seconds are mostly those of the local AWS.
"""

import argparse
import os
import time
from collections.abc import Iterator, Sequence
from http.cookiejar import CookieJar
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

from scripts.local.clients import local_clients
from scripts.local.ministack import running_ministack
from scripts.local.stack import LocalStack, create_stack
from scripts.pixfleet.stack.recipe_file import recipes_document
from shared.events import backfill
from shared.model.dead_letter import DeadLetterAttributes
from tests.e2e.processes import free_port
from tests.support.console import ConsoleProcess, served

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

CAUSES = ("corrupt", "truncated", "unsupported_format", "throttled", "too_large", "unknown")
BATCH = 10
PAGES = ("/", "/failures-by-cause", "/failures/corrupt/items", "/gallery")
# With the seconds between two requests of an open page.
POLLED = {"/now/lanes": 5, "/now/latest": 30, "/now/alarms": 60, "/now/pace": 60}
HOUR_SECONDS = 3_600
PARTS_OF_HOUR = 6
MEBIBYTE = 1 << 20
HEADER = "| request | seconds | MB afterwards |\n|---|---:|---:|"


def send_dead_letters(stack: LocalStack, total: int) -> None:
    """Put so many messages into the dead-letter queue, each of a key of its own."""
    sqs = local_clients(stack.endpoint_url).sqs
    url = sqs.get_queue_url(QueueName=stack.dead_letter_queue)["QueueUrl"]
    for first in range(0, total, BATCH):
        numbers = range(first, min(first + BATCH, total))
        sqs.send_message_batch(QueueUrl=url, Entries=[_entry(stack, number) for number in numbers])


def _entry(stack: LocalStack, number: int) -> "SendMessageBatchRequestEntryTypeDef":
    key, cause = f"photos/{number:06}.jpg", CAUSES[number % len(CAUSES)]
    attributes = DeadLetterAttributes(key=key, cause=cause, source_queue=stack.live_queue).encode()
    return {
        "Id": str(number),
        "MessageBody": backfill.write(stack.sources_bucket, [key]),
        "MessageAttributes": {
            name: {"DataType": "String", "StringValue": text} for name, text in attributes.items()
        },
    }


def resident_bytes(pid: int) -> int:
    """Return the memory of a process: https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def polls_of_an_hour() -> Iterator[str]:
    """Yield what an open page asks for in an hour, in order."""
    for second in range(HOUR_SECONDS):
        yield from (path for path, seconds in POLLED.items() if second % seconds == 0)


def timed(browser: OpenerDirector, url: str) -> float:
    """Return the seconds until a page has arrived."""
    began = time.perf_counter()
    with browser.open(url) as response:
        response.read()
    return time.perf_counter() - began


def measure(process: ConsoleProcess) -> Iterator[Sequence[str]]:
    """Yield the rows of the table: what was asked for, seconds, and memory afterwards."""
    browser = build_opener(HTTPCookieProcessor(CookieJar()))
    with browser.open(process.url) as response:
        origin = response.url.rstrip("/")
    for path in PAGES:
        seconds = timed(browser, origin + path)
        yield f"`{path}`", f"{seconds:.1f}", f"{resident_bytes(process.pid) / MEBIBYTE:.0f}"
    polls = list(polls_of_an_hour())
    size = len(polls) // PARTS_OF_HOUR
    for part in range(PARTS_OF_HOUR):
        began = time.perf_counter()
        for path in polls[part * size : (part + 1) * size]:
            timed(browser, origin + path)
        minutes = HOUR_SECONDS // 60 * (part + 1) // PARTS_OF_HOUR
        yield (
            f"polls until minute {minutes}",
            f"{time.perf_counter() - began:.1f}",
            f"{resident_bytes(process.pid) / MEBIBYTE:.0f}",
        )


def main() -> None:
    """Print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dead-letters", type=int, default=10_000)
    total = parser.parse_args().dead_letters
    with running_ministack(free_port()) as endpoint_url, TemporaryDirectory() as folder:
        stack = create_stack(endpoint_url, recipes_document(), visibility_timeout_seconds=60)
        send_dead_letters(stack, total)
        with served(stack, Path(folder)) as process:
            print(
                f"{total:,} dead letters\n\n| request | seconds | MB afterwards |\n|---|---:|---:|"
            )
            for row in measure(process):
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
