"""What the console costs: calls of AWS, memory for many dead letters, memory over many polls."""

import gc
import re
import tracemalloc
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from msgspec import structs
from starlette.testclient import TestClient

from scripts.pixfleet.console import confirmations, failures
from scripts.pixfleet.stack.ssm_parameter import Lane
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.cli.many_dead_letters import ManyDeadLetters
from tests.functional.cli.test_console import (
    KEY,
    OURS,
    Make,
    _browser,
    _make_browser,
    shown_form,
    site_of,
    text_of,
)
from tests.support.images import jpeg

__all__ = ["_browser", "_make_browser"]

pytestmark = pytest.mark.functional

LOADED = re.compile(r'hx-get="([^"]*)" hx-trigger="load')
POLLED = ("/now/lanes", "/now/latest", "/now/alarms", "/now/pace")
# One that the rendered policies let operators read.
THIRD_QUEUE = "pixfleet-purge"
WARM_UP, ROUNDS = 2, 3
# Whose objects a leak would keep; moto, in the same process, keeps requests for good.
SERVERS = (
    "scripts",
    "shared",
    "starlette",
    "anyio",
    "jinja2",
    "botocore",
    "urllib3",
    "concurrent",
)


def kept_objects() -> int:
    """Return how many objects of the server's own types there are."""
    gc.collect()
    modules = (str(type(each).__module__).partition(".")[0] for each in gc.get_objects())
    return sum(module in SERVERS for module in modules)


def measured(call: Callable[[], object]) -> int:
    """Return how many bytes are kept after a call that were not before."""
    gc.collect()
    tracemalloc.start()
    try:
        call()
        gc.collect()
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("larger", [False, True], ids=["two-lanes", "three-lanes"])
def test_the_first_page_and_what_it_loads_cost_few_calls(
    make_browser: Make, aws: DirectAccess, *, larger: bool
) -> None:
    browser = make_browser()
    site, calls = site_of(browser), list[str]()
    if larger:
        aws.clients.sqs.create_queue(QueueName=THIRD_QUEUE)
        site.stack = structs.replace(
            site.stack, lanes={**site.stack.lanes, "large": Lane(THIRD_QUEUE)}
        )
    for name in ("sqs", "dynamodb", "cloudwatch", "s3", "logs"):
        getattr(site.clients, name).meta.events.register(
            "before-call", lambda model, **_: calls.append(model.name)
        )

    page = browser.get("/")
    queues = len(site.stack.lanes) + 1
    assert len(calls) <= 2 * queues
    parts = LOADED.findall(page.text)
    for part in parts:
        assert browser.get(unescape(part)).status_code == 200

    assert len(parts) >= 2
    assert len(calls) <= 10, calls
    before = len(calls)
    browser.get("/now/lanes")
    assert len(calls) - before == queues, "the URLs of queues are known by now"


@pytest.mark.parametrize("path", ["/failures-by-cause", "/failures/corrupt/items"])
def test_ten_times_the_dead_letters_cost_a_page_no_more(
    browser: TestClient, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """A page reads a part of them, and says so."""
    costs = []
    for total in (1_500, 10_000):
        aws = ManyDeadLetters(total)
        aws.replace(site_of(browser).clients, monkeypatch)
        site_of(browser).failures.forget()

        page = text_of(browser.get(path))

        (read,) = re.findall(r"([\d,]+) dead letters of about", page)
        assert f"{read} dead letters of about {total:,} were read" in page
        assert len(aws.visible) == total, "all are visible again"
        costs.append((read, len(aws.calls)))

    assert costs[1] == costs[0]


def test_a_page_keeps_no_bodies(browser: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    site, body_bytes = site_of(browser), 100_000
    kept = []
    for each in (1, body_bytes):
        ManyDeadLetters(100, each).replace(site.clients, monkeypatch)
        site.failures.forget()
        kept.append(measured(site.failures.sample))

    # Of each cause one dead letter is kept as an example.
    assert kept[1] - kept[0] < 3 * body_bytes


def test_one_message_of_many_keys_fills_no_page(
    browser: TestClient, aws: DirectAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failures, "MOST_IMAGES", 3)
    for number in range(5):
        aws.add_dead_letter(aws.event(f"{number}.jpg"), cause="corrupt", key=f"{number}.jpg")

    page = text_of(browser.get("/failures/corrupt/items"))

    assert "3 failed images" in page
    assert "dead letters of about 5 were read" in page


def test_a_deletion_of_thousands_deletes_each_that_its_form_counted(
    make_browser: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    browser, path = make_browser(may_act=True), "/failures/corrupt/delete"
    aws = ManyDeadLetters(12_000, body_bytes=10)
    aws.replace(site_of(browser).clients, monkeypatch)

    shown = text_of(browser.get(path))
    (read,) = re.findall(r"([\d,]+) dead letters of about 12,000 were read", shown)
    page = browser.post(path, data=shown_form(browser, path, read), headers=OURS)

    assert f"Type {read} to go on" in shown
    assert f"{read} dead letters deleted" in text_of(page)
    assert f"{len(aws.deleted):,}" == read
    assert len(aws.deleted) + len(aws.visible) == 12_000


def test_memory_stays_flat_while_pages_poll(
    make_browser: Make,
    aws: DirectAccess,
    run_worker: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every page and part in turn: what is kept at first is what is kept later."""
    monkeypatch.setattr(confirmations, "MOST_KEPT", 2)
    browser = make_browser(may_act=True)
    aws.drop(KEY, jpeg((64, 48)))
    run_worker()
    for number in range(5):
        aws.add_dead_letter(aws.event(KEY), cause="corrupt", key=f"{number}.jpg")
    paths = (
        *POLLED,
        *("/", "/failures", "/failures-by-cause", "/failures/corrupt", "/failures/corrupt/items"),
        *("/failures/corrupt/redrive", "/failures/corrupt/delete", "/redrives/none/status"),
        *(f"/image?key={KEY}", f"/image/answer?key={KEY}", "/gallery", "/gallery/pictures"),
        *(f"/source/320?key={KEY}", f"/small?key={KEY}", "/upload", "/static/console.css"),
    )

    def poll(rounds: int) -> None:
        for _ in range(rounds):
            site_of(browser).failures.forget()
            for path in paths:
                assert browser.get(path).status_code == 200, path

    poll(WARM_UP)
    before = kept_objects()
    poll(ROUNDS)

    assert kept_objects() - before < ROUNDS
