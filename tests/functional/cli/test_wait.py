"""`pixfleet wait`: the exit code for each outcome."""

from collections.abc import Callable

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.image.waiting import Waiter, WaitOutcome
from scripts.pixfleet.stack.buckets import objects_of
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.stack_recipes import current_recipes
from shared.cloud.ledger_reader import LedgerReader
from tests.functional.cli.conftest import RunCommand
from tests.functional.cli.refusals import refused
from tests.support.images import jpeg

pytestmark = pytest.mark.functional

Drop = Callable[[str, bytes], None]


@pytest.fixture(name="drop")
def _drop(stack: LocalStack, clients: Clients) -> Drop:
    def drop(key: str, data: bytes) -> None:
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)

    return drop


@pytest.mark.parametrize(
    ("key", "data", "code", "outcome"),
    [
        ("été/a 'cat'.jpg", jpeg((80, 60)), 0, "published"),
        ("bad.jpg", b"no image", 3, "rejected"),
        ("folder/", b"", 3, "ignored"),
        ("nothing.jpg", None, 4, "removed"),
    ],
)
def test_the_exit_code_says_what_became_of_an_image(  # noqa: PLR0913 - a row of the table
    *,
    key: str,
    data: bytes | None,
    code: int,
    outcome: str,
    pixfleet: RunCommand,
    drop: Drop,
    run_worker: Callable[..., None],
) -> None:
    if data is not None:
        drop(key, data)
        run_worker()

    answer, document = pixfleet("wait", key), pixfleet("wait", "--json", key).document

    assert answer.code == code
    assert document["outcome"] == outcome
    assert document["cause"] == ("not_an_image" if outcome == "rejected" else None)


def test_an_image_that_is_not_done_in_time_has_a_code_of_its_own(
    pixfleet: RunCommand, drop: Drop
) -> None:
    drop("new.jpg", jpeg())

    answer = pixfleet("wait", "new.jpg", "--timeout", "0s")

    assert answer.code == 5
    assert "is not done after 0 s" in answer.out
    assert "Next: pixfleet why new.jpg" in answer.out


def test_it_waits_until_the_worker_is_done_and_through_an_outage(
    stack: LocalStack,
    drop: Drop,
    run_worker: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    drop("new.jpg", jpeg())
    clients, described = AwsClients().impatient(), stack.document()
    objects, now = objects_of(described, clients), [0.0]
    ledger = LedgerReader(clients.dynamodb, clients.calls, stack.ledger_table)
    outages = iter([True, False])

    def entry(key: str) -> object:
        with monkeypatch.context() as patch:
            if next(outages, False):
                with refused(patch, "ThrottlingException", "BatchGetItem"):
                    return ledger.of([key])[key]
        return ledger.of([key])[key]

    def sleep(seconds: float) -> None:
        now[0] += seconds
        if now[0] > 2:
            run_worker()

    clock = type("Clock", (), {"now": lambda _: now[0]})()
    waiter = Waiter(objects, entry, current_recipes(described, objects), clock, sleep)  # type: ignore[arg-type]

    result = waiter.wait("new.jpg", seconds=60, every=2)

    assert result.outcome is WaitOutcome.PUBLISHED
    assert (result.seconds, result.variants, result.trouble) == (4.0, 3, "")


def test_a_denied_call_ends_the_wait(
    pixfleet: RunCommand, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    drop("new.jpg", jpeg())

    with refused(monkeypatch, "AccessDeniedException", "BatchGetItem"):
        answer = pixfleet("wait", "new.jpg")

    assert answer.code == 1
    assert answer.err.startswith("You may not BatchGetItem")


def test_ctrl_c_ends_the_wait_with_130(
    pixfleet: RunCommand, drop: Drop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    drop("new.jpg", jpeg())
    monkeypatch.setattr(Waiter, "_read", interrupt)

    assert pixfleet("wait", "new.jpg").code == 130
